//! The echo: the application of `mio-server`.

use std::rc::Rc;
use std::time::Instant;

use tls_session::application::{Application, Next, Outbox};

/// Sends a greeting, and then sends every received byte back, until the client closes.
pub struct Echo {
    greeting: Rc<[u8]>,
}

impl Echo {
    /// Creates an echo that sends `greeting` first, unless it is empty.
    pub fn new(greeting: Rc<[u8]>) -> Self {
        Self { greeting }
    }
}

impl Application for Echo {
    fn established(&mut self, _now: Instant, outbox: &mut Outbox<'_>) -> Next {
        outbox.send(&self.greeting);
        Next::Continue
    }

    /// Sends the plaintext back. After our own close_notify it is dropped: the server is stopping, or the session has
    /// timed out.
    fn received(&mut self, _now: Instant, plaintext: &[u8], outbox: Option<&mut Outbox<'_>>) -> Next {
        if let Some(outbox) = outbox {
            outbox.send(plaintext);
        }
        Next::Continue
    }
}
