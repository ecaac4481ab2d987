//! The wait for the server's first byte, on the status line.

use std::time::Instant;

use program::observer::Observer;
use program::stderr;
use tls_session::observer::{SessionId, Step};

/// An observer that shows on the status line that the client is waiting, until the server's first byte.
#[derive(Default)]
pub struct Waiting {
    shown: bool,
}

impl Waiting {
    fn clear(&mut self) {
        if std::mem::take(&mut self.shown) {
            stderr::show_status("");
        }
    }
}

impl tls_session::observer::Observer for Waiting {
    fn step(&mut self, _now: Instant, id: SessionId, step: &Step<'_>) {
        match step {
            Step::Began { .. } => {
                self.shown = true;
                stderr::show_status(&format!("waiting for {}, which may be serving another client", id.peer));
            }
            Step::Received(_) | Step::Closed { .. } => self.clear(),
            _ => {}
        }
    }
}

impl Observer for Waiting {}

/// Clears the line at the end of the program.
impl Drop for Waiting {
    fn drop(&mut self) {
        self.clear();
    }
}
