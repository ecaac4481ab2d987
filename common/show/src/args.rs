//! What both programs can be asked to show.

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use common::observer::Observer;
use rustls::{KeyLog, NoKeyLog, Side};

use crate::page::PageArgs;
use crate::secrets::Secrets;
use crate::show::Show;
use crate::sink::Sink;
use crate::trace::TraceArgs;

/// The flags that ask for a sink each.
#[derive(clap::Args, Clone, Debug, Default)]
pub struct ShowArgs {
    #[command(flatten)]
    trace: TraceArgs,

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

impl fmt::Display for ShowError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ShowError {}

impl ShowArgs {
    /// Whether stderr belongs to a trace.
    pub fn traces(&self) -> bool {
        self.trace.form().is_some()
    }

    /// `log`, and beside it the sinks that were asked for, at the end whose peers play the side `peer`; their times
    /// count from `start`. Who asks for none pays nothing: it is `log` alone then.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn open(&self, log: Box<dyn Observer>, peer: Side, start: Instant) -> Result<Shown, ShowError> {
        let mut sinks: Vec<Box<dyn Sink>> = Vec::new();
        if let Some(trace) = self.trace.open(peer, start) {
            sinks.push(Box::new(trace));
        }
        let page = self.page.open(peer, start).map_err(|error| ShowError(error.to_string()))?;
        if let Some(page) = page {
            sinks.push(Box::new(page));
        }
        if sinks.is_empty() {
            return Ok(Shown { observer: log, key_log: Arc::new(NoKeyLog) });
        }
        let secrets = Arc::<Secrets>::default();
        let show = Show::new(peer, Arc::clone(&secrets), sinks);
        Ok(Shown { observer: Box::new((log, show)), key_log: secrets })
    }
}
