//! What the client does with a session: shows what the server says, and closes some time after the first of it.

use std::io::{self, Write};
use std::time::{Duration, Instant};

use common::application::{Application, Next, Outbox};

/// Sends a message if it has one, writes what comes to `output`, and closes `linger` after the first data.
pub struct FirstMessage<W> {
    message: Option<Vec<u8>>,
    linger: Option<Duration>,
    output: W,
    close_at: Option<Instant>,
    output_error: Option<io::Error>,
}

impl<W: Write> FirstMessage<W> {
    /// With a `linger` of `None` it never closes by itself.
    pub fn new(message: Option<Vec<u8>>, linger: Option<Duration>, output: W) -> Self {
        Self { message, linger, output, close_at: None, output_error: None }
    }

    /// Why the output took no more, if it did not; the session was closed for it.
    pub fn into_output_error(self) -> Option<io::Error> {
        self.output_error
    }

    fn show(&mut self, plaintext: &[u8]) -> io::Result<()> {
        self.output.write_all(plaintext)?;
        self.output.flush()
    }
}

impl<W: Write> Application for FirstMessage<W> {
    fn established(&mut self, _now: Instant, outbox: &mut Outbox<'_>) -> Next {
        if let Some(message) = &self.message {
            outbox.send(message);
        }
        Next::Continue
    }

    fn received(&mut self, now: Instant, plaintext: &[u8], _outbox: Option<&mut Outbox<'_>>) -> Next {
        if self.close_at.is_none() {
            self.close_at = self.linger.and_then(|linger| now.checked_add(linger));
        }
        match self.show(plaintext) {
            Ok(()) => Next::Continue,
            Err(error) => {
                self.output_error = Some(error);
                Next::Leave
            }
        }
    }

    /// It answers nothing.
    fn reads_on(&self, _owed: usize) -> bool {
        true
    }

    fn deadline(&self) -> Option<Instant> {
        self.close_at
    }

    fn timer(&mut self, _now: Instant) -> Next {
        Next::Close
    }
}
