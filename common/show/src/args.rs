//! The command-line flags of all sinks.

use std::sync::Arc;
use std::time::Instant;

use program::ending::Endings;
use program::observer::Observer;
use rustls::{KeyLog, NoKeyLog};

use crate::capture::CaptureArgs;
use crate::error::ShowError;
use crate::key_log::{FanOut, KeyLogArgs};
use crate::page::PageArgs;
use crate::show::Show;
use crate::sink::Sink;
use crate::trace::TraceArgs;
use decode::secrets::Secrets;

/// The flags; each of them asks for one sink.
#[derive(clap::Args, Clone, Debug, Default)]
pub struct ShowArgs {
    #[command(flatten)]
    trace: TraceArgs,

    #[command(flatten)]
    key_log: KeyLogArgs,

    #[command(flatten)]
    capture: CaptureArgs,

    #[command(flatten)]
    page: PageArgs,
}

/// The observer that shows sessions, and the key log that it needs from rustls.
pub struct Shown {
    /// The log and all sinks.
    pub observer: Box<dyn Observer>,
    /// Belongs into the `key_log` field of the TLS configuration.
    pub key_log: Arc<dyn KeyLog>,
}

impl ShowArgs {
    /// Returns whether a trace goes to stderr.
    pub fn traces(&self) -> bool {
        self.trace.on_stderr().is_some()
    }

    /// Makes log lines JSON objects if they share stderr with a trace in JSON. Call this before anything is logged, with
    /// the same `start` as [`open`](Self::open).
    pub fn shape_log(&self, start: Instant) {
        self.trace.shape_log(start);
    }

    /// Returns whether a capture goes to stdout.
    pub fn takes_stdout(&self) -> bool {
        self.capture.takes_stdout()
    }

    /// Opens the sinks that the flags ask for, and returns them together with `log`. Their times count from `start`.
    /// Without flags the observer is `log` alone, so that nothing is decoded.
    ///
    /// # Errors
    /// A sink cannot be opened.
    pub fn open(
        &self,
        log: Box<dyn Observer>,
        endings: &Endings,
        start: Instant,
    ) -> Result<Shown, ShowError> {
        let mut key_logs: Vec<Arc<dyn KeyLog>> = Vec::new();
        if let Some(key_log) = self.key_log.open()? {
            key_logs.push(Arc::new(key_log));
        }
        let sinks = self.sinks(endings, start)?;
        let observer = if sinks.is_empty() {
            log
        } else {
            let secrets = Arc::<Secrets>::default();
            key_logs.push(Arc::clone(&secrets) as _);
            Box::new((log, Show::new(endings.local(), secrets, sinks)))
        };
        Ok(Shown { observer, key_log: one_of(key_logs) })
    }

    fn sinks(&self, endings: &Endings, start: Instant) -> Result<Vec<Box<dyn Sink>>, ShowError> {
        let mut sinks: Vec<Box<dyn Sink>> = Vec::new();
        sinks.extend(self.trace.open(endings, start)?);
        if let Some(capture) = self.capture.open(endings.local(), start)? {
            sinks.push(Box::new(capture));
        }
        if let Some(page) = self.page.open(endings, start)? {
            sinks.push(Box::new(page));
        }
        Ok(sinks)
    }
}

/// Makes one key log of several, because rustls takes only one.
fn one_of(mut key_logs: Vec<Arc<dyn KeyLog>>) -> Arc<dyn KeyLog> {
    match (key_logs.pop(), key_logs.is_empty()) {
        (None, _) => Arc::new(NoKeyLog),
        (Some(one), true) => one,
        (Some(last), false) => {
            key_logs.push(last);
            Arc::new(FanOut(key_logs))
        }
    }
}
