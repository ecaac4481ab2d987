//! The application of `mio-client`: shows the server's data, and closes some time after the first of it.
//! With `--show-certs` it shows no data, and closes after the handshake.

use std::time::{Duration, Instant};

use tls_session::application::{Application, Next, Outbox};

use crate::output::SharedOutput;

/// Sends a message if it has one, writes the server's data to `output`, and closes `linger` after the first data.
pub struct FirstMessage {
    message: Option<Vec<u8>>,
    linger: Option<Duration>,
    /// Whether the session ends with the handshake.
    handshake_only: bool,
    output: SharedOutput,
    close_at: Option<Instant>,
}

impl FirstMessage {
    /// Creates the application. If `linger` is `None`, it never closes by itself.
    pub fn new(message: Option<Vec<u8>>, linger: Option<Duration>, output: SharedOutput) -> Self {
        Self { message, linger, handshake_only: false, output, close_at: None }
    }

    /// Creates an application that closes after the handshake, and drops the server's data.
    pub fn handshake_only(output: SharedOutput) -> Self {
        Self { handshake_only: true, ..Self::new(None, None, output) }
    }

    /// Returns the error of the output, if it failed. Then the session was closed because of it.
    pub fn into_output_error(self) -> Option<std::io::Error> {
        self.output.borrow_mut().take_error()
    }
}

impl Application for FirstMessage {
    fn established(&mut self, _now: Instant, outbox: &mut Outbox<'_>) -> Next {
        if let Some(message) = &self.message {
            outbox.send(message);
        }
        if self.handshake_only { Next::Close } else { Next::Continue }
    }

    fn received(&mut self, now: Instant, plaintext: &[u8], _outbox: Option<&mut Outbox<'_>>) -> Next {
        if self.handshake_only {
            return Next::Continue;
        }
        if self.close_at.is_none() {
            self.close_at = self.linger.and_then(|linger| now.checked_add(linger));
        }
        if self.output.borrow_mut().write(plaintext) { Next::Continue } else { Next::Abandon }
    }

    /// Returns whether the output has room. Pending output does not matter, because this application answers nothing.
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
