//! The logger. It writes to stderr, because stdout only carries the client's data.
//!
//! `simple_logger` filters the levels and reads `RUST_LOG`. Its writer is not used, because it calls `println!`, which panics
//! on a closed pipe. `mio-server 2>&1 | head -1` must continue to serve.

use std::env;
use std::fmt::{self, Display, Write as _};
use std::sync::OnceLock;
use std::time::SystemTime;

use log::{LevelFilter, Log, Metadata, Record};
use simple_logger::SimpleLogger;
use tls_session::escaped::{Escaped, one_line};

use crate::log_line;
use crate::stderr;

pub use crate::log_line::{LineFormat, set_line_format};

/// The flags for the log level.
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
    /// Returns how many steps the level is above (`-v`) or below (`-q`) the default level. It is the argument of
    /// [`init`].
    pub fn steps(self) -> i8 {
        let steps = |count| i8::try_from(count).unwrap_or(i8::MAX);
        steps(self.verbose) - steps(self.quiet)
    }
}

/// Installs the logger, which writes one line for each record to stderr.
///
/// The level is `verbosity` steps above `Info`, or the level that `RUST_LOG` names (`off`, `error`, `warn`, `info`,
/// `debug` or `trace`). If `RUST_LOG` does not name a level, it is ignored with a warning. A second call changes
/// nothing.
///
/// A line never waits for the reader of stderr: see [`stderr`].
pub fn init(program: &str, verbosity: i8) {
    log_line::set_role(program);
    let filter = SimpleLogger::new().with_level(level(verbosity)).env();
    let max_level = filter.max_level();
    // The logger is leaked once. `log::set_boxed_logger` would need a feature of `log` that only `simple_logger`
    // enables.
    if log::set_logger(Box::leak(Box::new(Stderr { filter }))).is_ok() {
        log::set_max_level(max_level);
        warn_of_malformed_level();
    }
}

/// Writes `program: message` as one line to stderr. It is the last line of a program that fails.
///
/// It is not a log record, so `-q` and `RUST_LOG` do not suppress it.
pub fn fail(program: &str, message: &impl Display) {
    let mut text = String::new();
    // Writing to a String does not fail. If the message's own Display fails, we show its beginning.
    let _ = write!(text, "{message}");
    let text = one_line(&text);
    if let Some(hook) = FAILURE_HOOK.get() {
        hook(program, &text);
    }
    stderr::write_last_line(&log_line::failure(program, &text));
}

type FailureHook = Box<dyn Fn(&str, &str) + Send + Sync>;

static FAILURE_HOOK: OnceLock<FailureHook> = OnceLock::new();

/// Makes [`fail`] also call `hook` with the name and the last line of the program. A second call changes nothing.
pub fn on_failure(hook: FailureHook) {
    // The error only returns the second hook.
    let _ = FAILURE_HOOK.set(hook);
}

/// Logs a warning that `-q` and `-qq` do not suppress. Only `-qqq` does.
pub fn warn_unless_off(message: fmt::Arguments<'_>) {
    if log::max_level() > LevelFilter::Off {
        stderr::write_line(&log_line::warning(message));
    }
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

/// Warns about a `RUST_LOG` that `simple_logger` silently ignores, such as the `RUST_LOG=rustls=debug` of other
/// loggers.
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

/// The filter of `simple_logger`, and a writer that cannot panic.
struct Stderr {
    filter: SimpleLogger,
}

impl Log for Stderr {
    /// Records of libraries are only shown with `-v`. If rustls warns about an alert, the session also reports it, with
    /// its number and its peer.
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        self.filter.enabled(metadata)
            && (log_line::is_ours(metadata.target()) || self.filter.max_level() >= LevelFilter::Debug)
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            stderr::write_line(&log_line::format_record(SystemTime::now(), record));
        }
    }

    fn flush(&self) {}
}

#[cfg(test)]
mod tests {
    use super::*;
    use log::Level;
    fn shows(verbosity: i8, target: &str, level: Level) -> bool {
        let filter = SimpleLogger::new().with_level(super::level(verbosity));
        Stderr { filter }.enabled(&Metadata::builder().target(target).level(level).build())
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
    fn records_of_libraries_are_shown_from_debug_on() {
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
