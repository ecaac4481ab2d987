//! The interface between the server's loop and the applications of its sessions.

use std::io;
use std::time::Instant;

use mio::Registry;
use mio::event::Event;
use tls_session::application::Application;
use tls_session::close_reason::CloseReason;
use tls_session::observer::SessionId;

use crate::round::Round;

/// What a server does: it makes an application for each client.
///
/// A closure from [`SessionId`] to an application is a service. A service whose sessions depend on each other, or on
/// other sockets, implements the other methods too.
pub trait Service {
    /// The application of one client.
    type Application: Application;

    /// Makes the application of a client whose session begins.
    fn application(&mut self, client: SessionId) -> Self::Application;

    /// A session is over. `application` is what is left of it.
    fn ended(&mut self, session: SessionId, application: Self::Application, reason: &CloseReason) {
        let _ = (session, application, reason);
    }

    /// Registers sources of the service. Their tokens come from [`foreign_token`](crate::foreign_token).
    ///
    /// # Errors
    /// The errors of the poll. Then the server does not start.
    fn start(&mut self, registry: &Registry) -> io::Result<()> {
        let _ = registry;
        Ok(())
    }

    /// Handles an event of a source of the service.
    fn ready(&mut self, event: &Event, round: &mut Round<'_, '_, Self::Application>) {
        let _ = (event, round);
    }

    /// Runs after each round of turns. If the service changes a session here, the session has its turn in the next
    /// round, which begins at once.
    fn after_round(&mut self, round: &mut Round<'_, '_, Self::Application>) {
        let _ = round;
    }

    /// Returns when a round is due even if the poll reports nothing.
    fn deadline(&self) -> Option<Instant> {
        None
    }
}

impl<A: Application, F: FnMut(SessionId) -> A> Service for F {
    type Application = A;

    fn application(&mut self, client: SessionId) -> A {
        self(client)
    }
}
