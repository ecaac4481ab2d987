//! The access of a service to the sessions, between their turns.

use std::time::Instant;

use mio::Registry;
use program::observer::LoopContext;
use tls_session::application::Application;
use tls_session::context::Context;
use tls_session::mio::Registered;
use tls_session::observer::SessionId;
use tls_session::phase::Phase;
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

    /// Returns a session, unless it is over.
    pub fn session(&self, session: SessionId) -> Option<&Session<TcpStream, A>> {
        let key = self.slots.key_of(session)?;
        let session = self.slots.get(key)?.session();
        (!matches!(session.phase(), Phase::Closed(_))).then_some(session)
    }

    /// Calls a session, and gives it a turn.
    fn call<R>(
        &mut self,
        session: SessionId,
        call: impl FnOnce(&mut Registered<A>, &mut Context<'_>) -> R,
    ) -> Option<R> {
        let key = self.slots.key_of(session)?;
        self.slots.wake(key);
        Some(call(self.slots.get_mut(key)?, &mut self.cx.session()))
    }

    /// Makes a session runnable. Call this after a change that its application depends on.
    pub fn wake(&mut self, session: SessionId) {
        self.call(session, |registered, _| registered.wake());
    }

    /// Sends plaintext in a session.
    ///
    /// # Errors
    /// [`NotSent`] if the session is over, or takes no plaintext.
    pub fn send(&mut self, session: SessionId, plaintext: &[u8]) -> Result<(), NotSent> {
        self.call(session, |registered, cx| registered.send(plaintext, cx)).unwrap_or(Err(NotSent))
    }

    /// Changes the application of a session, and gives the session a turn. To look at an application without a turn, use
    /// [`session`](Self::session): a service that gives turns in each
    /// [`after_round`](crate::Service::after_round) keeps the loop awake.
    pub fn change<R>(&mut self, session: SessionId, change: impl FnOnce(&mut A) -> R) -> Option<R> {
        self.call(session, |registered, _| change(registered.application_mut()))
    }

    /// Sends close_notify behind what was sent in a session.
    pub fn finish_sending(&mut self, session: SessionId) {
        self.call(session, Registered::finish_sending);
    }

    /// Closes a session gracefully.
    pub fn close(&mut self, session: SessionId) {
        self.call(session, Registered::close);
    }

    /// Ends a session without close_notify, because its answer cannot be completed.
    pub fn abort(&mut self, session: SessionId) {
        self.call(session, Registered::abort);
    }
}
