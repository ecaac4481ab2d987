//! Log lines on stderr. stdout is the client's data channel and carries nothing else.
//!
//! `simple_logger` decides what is shown (its levels, its `RUST_LOG`), but does not write: it uses
//! `eprintln!`, which panics when stderr is a closed pipe, and `mio-server 2>&1 | head -1` has to
//! go on serving.

use std::env;
use std::fmt::{self, Display, Write as _};
use std::sync::OnceLock;
use std::time::SystemTime;

use log::{Level, LevelFilter, Log, Metadata, Record};
use simple_logger::SimpleLogger;

use crate::stderr;
use tls_session::escaped::{Escaped, one_line};

/// The crates whose lines are the program's own voice: always shown, and without a target.
const OURS: [&str; 6] = ["identity", "mio_client", "mio_server", "program", "show", "tls_session"];

/// How much to log, on the command line.
#[derive(clap::Args, Clone, Copy, Debug, Default)]
pub struct Verbosity {
    /// Log more: -v debug, -vv trace (RUST_LOG=LEVEL wins)
    #[arg(short, long, action = clap::ArgAction::Count)]
    verbose: u8,

    /// Log less: -q warnings and errors, -qq errors, -qqq nothing
    #[arg(short, long, action = clap::ArgAction::Count)]
    quiet: u8,
}

impl Verbosity {
    /// Steps above (`-v`) or below (`-q`) the default level, for [`init`].
    pub fn steps(self) -> i8 {
        let steps = |count| i8::try_from(count).unwrap_or(i8::MAX);
        steps(self.verbose) - steps(self.quiet)
    }
}

/// Installs the logger: one line per record on stderr, at `Info` moved by `verbosity` steps, or at
/// the level that `RUST_LOG` names (`off`, `error`, `warn`, `info`, `debug` or `trace`).
///
/// A `RUST_LOG` that is no level is warned about and ignored. A second call changes nothing: the
/// first logger stays, as in a process with several tests.
///
/// No line ever waits for the reader of stderr: see [`stderr`].
pub fn init(verbosity: i8) {
    let filter = SimpleLogger::new().with_level(level(verbosity)).env();
    let max_level = filter.max_level();
    // Leaked once, so that no feature of `log` is needed that only `simple_logger` asks for.
    if log::set_logger(Box::leak(Box::new(Stderr { filter }))).is_ok() {
        log::set_max_level(max_level);
        warn_of_malformed_level();
    }
}

/// Writes `program: message` as one line on stderr: the last word of a program that fails.
///
/// It is not a log record, so neither `-q` nor `RUST_LOG` silences it.
pub fn fail(program: &str, message: &impl Display) {
    let mut text = String::new();
    // The only error is the message's own; what it did write is still worth showing.
    let _ = write!(text, "{message}");
    let text = one_line(&text);
    let line = match FORM.get() {
        Some(form) => form.failure(program, &text),
        None => format!("{program}: {text}"),
    };
    if let Some(witness) = WITNESS.get() {
        witness(program, &text);
    }
    stderr::write_last_line(&line);
}

/// Another form for the lines of the log and for the last line of a program. See [`set_form`].
pub trait Form: Send + Sync {
    /// A log line. `target` is the library that logs it, if it is not the program itself.
    fn log(&self, level: Level, target: Option<&str>, message: &str) -> String;

    /// The last line of a program that fails.
    fn failure(&self, program: &str, message: &str) -> String;
}

static FORM: OnceLock<Box<dyn Form>> = OnceLock::new();

/// Writes all lines in this form from now on. A second call changes nothing.
pub fn set_form(form: Box<dyn Form>) {
    // An error gives the second form back.
    let _ = FORM.set(form);
}

type Witness = Box<dyn Fn(&str, &str) + Send + Sync>;

static WITNESS: OnceLock<Witness> = OnceLock::new();

/// Has `witness` told the name and the last line of a program that fails, beside stderr. A second call changes nothing.
pub fn on_failure(witness: Witness) {
    // An error gives the second witness back.
    let _ = WITNESS.set(witness);
}

/// Logs a warning that `-q` and `-qq` do not silence, but `-qqq` does.
pub fn warn_unless_off(message: fmt::Arguments<'_>) {
    if log::max_level() > LevelFilter::Off {
        stderr::write_line(&warning(message));
    }
}

/// A log line that no filter sees.
pub(crate) fn warning(message: fmt::Arguments<'_>) -> String {
    let record = Record::builder().target(OURS[0]).level(Level::Warn).args(message).build();
    format_record(SystemTime::now(), &record)
}

fn level(verbosity: i8) -> LevelFilter {
    match verbosity {
        ..=-3 => LevelFilter::Off,
        -2 => LevelFilter::Error,
        -1 => LevelFilter::Warn,
        0 => LevelFilter::Info,
        1 => LevelFilter::Debug,
        2.. => LevelFilter::Trace,
    }
}

/// `simple_logger` ignores without a word what it does not understand, such as the
/// `RUST_LOG=rustls=debug` of other loggers.
fn warn_of_malformed_level() {
    let Some(value) = env::var_os("RUST_LOG").filter(|value| !value.is_empty()) else {
        return;
    };
    if value.to_str().is_none_or(|text| text.parse::<LevelFilter>().is_err()) {
        log::warn!(
            "RUST_LOG={} is ignored: it takes one of off, error, warn, info, debug, trace",
            Escaped::new(value.as_encoded_bytes())
        );
    }
}

/// `simple_logger`'s filter in front of a writer that cannot panic.
struct Stderr {
    filter: SimpleLogger,
}

impl Log for Stderr {
    /// Libraries are heard from `-v` on: what they warn of (rustls: an alert sent or received) ends
    /// or marks a session, and the session says it better, with its number and its peer.
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        self.filter.enabled(metadata)
            && (is_ours(metadata.target()) || self.filter.max_level() >= LevelFilter::Debug)
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            stderr::write_line(&format_record(SystemTime::now(), record));
        }
    }

    fn flush(&self) {}
}

fn is_ours(target: &str) -> bool {
    OURS.contains(&target.split("::").next().unwrap_or_default())
}

/// `2026-11-23T05:55:00.123Z INFO  message`; a library's record has `[its::target] ` before the
/// message. Nothing in a record can begin a second line.
fn format_record(now: SystemTime, record: &Record<'_>) -> String {
    let mut message = String::new();
    // Writing to a String does not fail. A message's own Display may, and then its beginning is still worth showing.
    let _ = write!(message, "{}", record.args());
    match FORM.get() {
        Some(form) => {
            let target = Some(record.target()).filter(|target| !is_ours(target));
            form.log(record.level(), target, &one_line(&message))
        }
        None => line_for_people(now, record, &message),
    }
}

fn line_for_people(now: SystemTime, record: &Record<'_>, message: &str) -> String {
    // humantime panics on a time before 1970, which a machine with a dead clock battery has.
    let now = humantime::format_rfc3339_millis(now.max(SystemTime::UNIX_EPOCH));
    let mut line = String::new();
    // Writing to a String does not fail; a time after the year 9999 or a message's own Display may,
    // and then the rest of the line is still worth showing. `format!` would panic.
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

    fn shows(verbosity: i8, target: &str, level: Level) -> bool {
        let filter = SimpleLogger::new().with_level(super::level(verbosity));
        Stderr { filter }.enabled(&Metadata::builder().target(target).level(level).build())
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
    fn no_message_makes_two_lines() {
        let forged = line("rustls", Level::Warn, "x\n2026-11-23T05:55:00.124Z INFO  forged\x1b[A");
        assert_eq!(forged.lines().count(), 1);
        assert!(forged.ends_with(r"[rustls] x\n2026-11-23T05:55:00.124Z INFO  forged\u{1b}[A"));
    }

    #[test]
    fn a_clock_that_is_wrong_panics_nobody() {
        let record = Record::builder().target("program").level(Level::Info).build();
        let long_ago = SystemTime::UNIX_EPOCH - Duration::from_secs(1);
        assert_eq!(format_record(long_ago, &record), "1970-01-01T00:00:00.000Z INFO  ");
        let far_off = SystemTime::UNIX_EPOCH + Duration::from_secs(253_402_300_800);
        assert_eq!(format_record(far_off, &record), " INFO  ");
    }

    #[test]
    fn each_v_and_q_moves_one_level() {
        use LevelFilter::{Debug, Error, Info, Off, Trace, Warn};
        let levels = [-128, -3, -2, -1, 0, 1, 2, 127].map(level);
        assert_eq!(levels, [Off, Off, Error, Warn, Info, Debug, Trace, Trace]);
        for (verbose, quiet, steps) in [(0, 0, 0), (2, 0, 2), (0, 3, -3), (1, 1, 0), (255, 0, 127)] {
            assert_eq!(Verbosity { verbose, quiet }.steps(), steps);
        }
    }

    #[test]
    fn libraries_are_heard_from_debug_on() {
        assert!(shows(0, "mio_client", Level::Info));
        assert!(!shows(0, "mio_client", Level::Debug));
        assert!(!shows(0, "rustls::conn", Level::Error));
        assert!(!shows(0, "program_names", Level::Info));
        assert!(shows(1, "rustls::conn", Level::Debug));
        assert!(!shows(1, "mio::poll", Level::Trace));
        assert!(shows(2, "mio::poll", Level::Trace));
        assert!(!shows(-3, "tls_session::session", Level::Error));
    }
}
