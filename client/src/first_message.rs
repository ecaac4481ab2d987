//! What the client does with a session: shows what the server says, and closes some time after the first of it.

use std::time::{Duration, Instant};

use tls_session::application::{Application, Next, Outbox};

use crate::output::SharedOutput;

/// Sends a message if it has one, writes what comes to `output`, and closes `linger` after the first data.
pub struct FirstMessage {
    message: Option<Vec<u8>>,
    linger: Option<Duration>,
    output: SharedOutput,
    close_at: Option<Instant>,
}

impl FirstMessage {
    /// With a `linger` of `None` it never closes by itself.
    pub fn new(message: Option<Vec<u8>>, linger: Option<Duration>, output: SharedOutput) -> Self {
        Self { message, linger, output, close_at: None }
    }

    /// Why the output took no more, if it did not; the session was closed for it.
    pub fn into_output_error(self) -> Option<std::io::Error> {
        self.output.borrow_mut().take_error()
    }
}

impl Application for FirstMessage {
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
        if self.output.borrow_mut().write(plaintext) { Next::Continue } else { Next::Abandon }
    }

    /// It answers nothing, so pending output does not matter. While nobody reads stdout, the server waits.
    fn reads_on(&self, _pending_output: usize) -> bool {
        self.output.borrow().has_room()
    }

    fn deadline(&self) -> Option<Instant> {
        self.close_at
    }

    fn timer(&mut self, _now: Instant, _outbox: &mut Outbox<'_>) -> Next {
        Next::Close
    }
}
