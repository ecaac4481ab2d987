//! The form of log lines.

use std::fmt::{self, Write as _};
use std::sync::OnceLock;
use std::time::SystemTime;

use log::{Level, Record};
use tls_session::escaped::one_line;

/// The crates of the programs. A line of any other crate is only shown with `-v`, and names its target.
const OURS: [&str; 7] = ["identity", "mio_client", "mio_server", "program", "replay", "show", "tls_session"];

/// The crate of the program that runs, if it is another role of the server.
static ROLE: OnceLock<String> = OnceLock::new();

/// Counts the crate of this program among the crates of the programs. A second call changes nothing.
pub(crate) fn set_role(program: &str) {
    // An error gives the second name back.
    let _ = ROLE.set(program.replace('-', "_"));
}

/// Another form of log lines and of the last line of a program. See [`set_line_format`].
pub trait LineFormat: Send + Sync {
    /// Returns a log line. `target` is the library that logs it. `None` stands for the program itself.
    fn log(&self, level: Level, target: Option<&str>, message: &str) -> String;

    /// Returns the last line of a program that fails.
    fn failure(&self, program: &str, message: &str) -> String;
}

/// `None` stands for the form that people read.
static LINE_FORMAT: OnceLock<Box<dyn LineFormat>> = OnceLock::new();

/// Gives all later lines this form. A second call changes nothing.
pub fn set_line_format(format: Box<dyn LineFormat>) {
    // The error only returns the second form.
    let _ = LINE_FORMAT.set(format);
}

/// Returns the last line of a program that fails: `program: message`.
pub(crate) fn failure(program: &str, message: &str) -> String {
    match LINE_FORMAT.get() {
        Some(format) => format.failure(program, message),
        None => format!("{program}: {message}"),
    }
}

/// Returns the line of a warning that no filter applies to.
pub(crate) fn warning(message: fmt::Arguments<'_>) -> String {
    let record = Record::builder().target(OURS[0]).level(Level::Warn).args(message).build();
    format_record(SystemTime::now(), &record)
}

/// Returns whether a log record comes from the programs and not from a library.
pub(crate) fn is_ours(target: &str) -> bool {
    let name = target.split("::").next().unwrap_or_default();
    OURS.contains(&name) || ROLE.get().is_some_and(|role| role == name)
}

/// Returns the line of a log record: `2026-11-23T05:55:00.123Z INFO  message`. A library's record has `[its::target] `
/// before the message. No message can begin a second line.
pub(crate) fn format_record(now: SystemTime, record: &Record<'_>) -> String {
    let mut message = String::new();
    // Writing to a String does not fail. If the message's own Display fails, we show its beginning.
    let _ = write!(message, "{}", record.args());
    match LINE_FORMAT.get() {
        Some(format) => {
            let target = Some(record.target()).filter(|target| !is_ours(target));
            format.log(record.level(), target, &one_line(&message))
        }
        None => line_for_people(now, record, &message),
    }
}

fn line_for_people(now: SystemTime, record: &Record<'_>, message: &str) -> String {
    // humantime panics on a time before 1970. A machine with a dead clock battery may have such a time.
    let now = humantime::format_rfc3339_millis(now.max(SystemTime::UNIX_EPOCH));
    let mut line = String::new();
    // Writing to a String does not fail. If the Display of a time after the year 9999 fails, we show the rest of the
    // line. `format!` would panic.
    let _ = write!(line, "{now}");
    let _ = write!(line, " {:<5} ", record.level());
    if !is_ours(record.target()) {
        let _ = write!(line, "[{}] ", record.target());
    }
    line += message;
    one_line(&line)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn line(target: &str, level: Level, message: &str) -> String {
        let now = SystemTime::UNIX_EPOCH + Duration::from_millis(1_795_413_300_123);
        format_record(
            now,
            &Record::builder().target(target).level(level).args(format_args!("{message}")).build(),
        )
    }

    #[test]
    fn a_line_has_the_time_the_level_and_the_message() {
        assert_eq!(
            line("mio_server::event_loop", Level::Info, "listening on 127.0.0.1:8000"),
            "2026-11-23T05:55:00.123Z INFO  listening on 127.0.0.1:8000"
        );
        assert_eq!(
            line("rustls::client::hs", Level::Debug, "No cached session"),
            "2026-11-23T05:55:00.123Z DEBUG [rustls::client::hs] No cached session"
        );
    }

    #[test]
    fn no_message_makes_a_second_line() {
        let forged = line("rustls", Level::Warn, "x\n2026-11-23T05:55:00.124Z INFO  forged\x1b[A");
        assert_eq!(forged.lines().count(), 1);
        assert!(forged.ends_with(r"[rustls] x\n2026-11-23T05:55:00.124Z INFO  forged\u{1b}[A"));
    }

    #[test]
    fn a_wrong_clock_causes_no_panic() {
        let record = Record::builder().target("program").level(Level::Info).build();
        let long_ago = SystemTime::UNIX_EPOCH - Duration::from_secs(1);
        assert_eq!(format_record(long_ago, &record), "1970-01-01T00:00:00.000Z INFO  ");
        let far_off = SystemTime::UNIX_EPOCH + Duration::from_secs(253_402_300_800);
        assert_eq!(format_record(far_off, &record), " INFO  ");
    }
}
