//! The access of a service to the sessions, between their turns.

use std::time::Instant;

use mio::Registry;
use program::observer::LoopContext;
use tls_session::application::Application;
use tls_session::mio::Registered;
use tls_session::observer::SessionId;
use tls_session::session::{NotSent, Session};

use mio::net::TcpStream;

use crate::slots::Slots;

/// The sessions, the poll and the time of one round of the loop.
///
/// Every call after which a turn is due makes the session runnable. A session that is over is not found any more.
pub struct Round<'r, 'c, A> {
    pub(crate) slots: &'r mut Slots<A>,
    pub(crate) registry: &'r Registry,
    pub(crate) cx: &'r mut LoopContext<'c>,
}

impl<A: Application> Round<'_, '_, A> {
    /// Returns the time of this round.
    pub fn now(&self) -> Instant {
        self.cx.now
    }

    /// Returns the poll, for sources of the service.
    pub fn registry(&self) -> &Registry {
        self.registry
    }

    /// Returns all sessions, in no particular order.
    pub fn sessions(&self) -> impl Iterator<Item = &Session<TcpStream, A>> {
        self.slots.sessions().map(|(_, registered)| registered.session())
    }

    /// A session that is not over.
    pub fn session(&self, session: SessionId) -> Option<&Session<TcpStream, A>> {
        let key = self.slots.key_of(session)?;
        self.slots.get(key).map(Registered::session)
    }

    /// Gives a session a turn: something has changed that its application looks at.
    pub fn wake(&mut self, session: SessionId) {
        if let Some(key) = self.slots.key_of(session) {
            self.slots.wake(key);
        }
    }

    /// Sends plaintext in a session.
    ///
    /// # Errors
    /// [`NotSent`] if the session is over, or takes no plaintext.
    pub fn send(&mut self, session: SessionId, plaintext: &[u8]) -> Result<(), NotSent> {
        let key = self.slots.key_of(session).ok_or(NotSent)?;
        let registered = self.slots.get_mut(key).ok_or(NotSent)?;
        let sent = registered.send(plaintext, &mut self.cx.session());
        self.slots.wake(key);
        sent
    }

    /// Returns the application of a session, so that the service can change it.
    pub fn application_mut(&mut self, session: SessionId) -> Option<&mut A> {
        let key = self.slots.key_of(session)?;
        self.slots.wake(key);
        Some(self.slots.get_mut(key)?.application_mut())
    }

    /// Sends close_notify behind what was sent in a session.
    pub fn finish_sending(&mut self, session: SessionId) {
        if let Some(key) = self.slots.key_of(session)
            && let Some(registered) = self.slots.get_mut(key)
        {
            registered.finish_sending(&mut self.cx.session());
            self.slots.wake(key);
        }
    }

    /// Closes a session gracefully.
    pub fn close(&mut self, session: SessionId) {
        if let Some(key) = self.slots.key_of(session)
            && let Some(registered) = self.slots.get_mut(key)
        {
            registered.close(&mut self.cx.session());
            self.slots.wake(key);
        }
    }
}
