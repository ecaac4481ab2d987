//! Lines into something that may fail.

use std::io::Write;

use log::warn;

/// Writes lines until a write fails; that is reported once, and what comes later is dropped.
#[derive(Debug)]
pub(crate) struct Lines<W> {
    what: &'static str,
    /// `None` once it has failed.
    writer: Option<W>,
}

impl<W: Write> Lines<W> {
    /// Lines into `writer`; `what` names them in the report of a failure.
    pub(crate) fn new(what: &'static str, writer: W) -> Self {
        Self { what, writer: Some(writer) }
    }

    /// Whether a line still has somewhere to go: whoever makes one may ask first.
    pub(crate) fn are_open(&self) -> bool {
        self.writer.is_some()
    }

    /// Writes one line in one call, so that the lines of several programs do not mix.
    pub(crate) fn write(&mut self, mut line: String) {
        let Some(writer) = &mut self.writer else { return };
        line.push('\n');
        if let Err(error) = writer.write_all(line.as_bytes()) {
            self.writer = None;
            warn!("{} ends here, its lines cannot be written: {error}", self.what);
        }
    }

    /// What was written to; `None` if it failed.
    pub(crate) fn into_writer(self) -> Option<W> {
        self.writer
    }
}
