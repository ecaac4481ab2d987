//! What both programs can be asked to show.

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use program::ending::Endings;
use rustls::{KeyLog, NoKeyLog};
use tls_session::observer::Observer;

use crate::capture::CaptureArgs;
use crate::key_log::{FanOut, KeyLogArgs};
use crate::page::PageArgs;
use crate::show::Show;
use crate::sink::Sink;
use crate::trace::TraceArgs;
use decode::secrets::Secrets;

/// The flags that ask for a sink each.
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

/// Who watches, and what rustls has to be told so that they see everything.
pub struct Shown {
    /// Everybody who watches.
    pub observer: Box<dyn Observer>,
    /// The `key_log` of the TLS configuration.
    pub key_log: Arc<dyn KeyLog>,
}

/// A sink that cannot be opened: a sentence that says which, why, and what to do next.
#[derive(Debug)]
pub struct ShowError(String);

impl ShowError {
    pub(crate) fn new(sentence: String) -> Self {
        Self(sentence)
    }
}

impl fmt::Display for ShowError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ShowError {}

impl ShowArgs {
    /// Whether stderr belongs to a trace.
    pub fn traces(&self) -> bool {
        self.trace.on_stderr().is_some()
    }

    /// Has log lines written as objects where they share stderr with a trace in JSON. Call this before anything is logged.
    /// `start` is the same as for [`open`](Self::open).
    pub fn shape_log(&self, start: Instant) {
        self.trace.shape_log(start);
    }

    /// Whether stdout belongs to a capture.
    pub fn takes_stdout(&self) -> bool {
        self.capture.takes_stdout()
    }

    /// `log`, and beside it the sinks that were asked for, with these words for the ends of sessions; their times
    /// count from `start`. Who asks for none pays nothing: it is `log` alone then.
    ///
    /// # Errors
    /// A file that cannot be written.
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

/// rustls has room for one.
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
