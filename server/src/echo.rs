//! What the server does with a session: greets, and echoes.

use std::rc::Rc;
use std::time::Instant;

use tls_session::application::{Application, Next, Outbox};

/// Sends a greeting, then every byte that comes back to where it came from, until the client closes.
pub struct Echo {
    greeting: Rc<[u8]>,
}

impl Echo {
    /// An echo that says `greeting` first; an empty one is not sent.
    pub fn new(greeting: Rc<[u8]>) -> Self {
        Self { greeting }
    }
}

impl Application for Echo {
    fn established(&mut self, _now: Instant, outbox: &mut Outbox<'_>) -> Next {
        outbox.send(&self.greeting);
        Next::Continue
    }

    /// After our own close_notify there is nothing to echo into: a server that is stopped or a session that has
    /// timed out answers only what came before.
    fn received(&mut self, _now: Instant, plaintext: &[u8], outbox: Option<&mut Outbox<'_>>) -> Next {
        if let Some(outbox) = outbox {
            outbox.send(plaintext);
        }
        Next::Continue
    }
}
