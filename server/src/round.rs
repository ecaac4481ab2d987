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

    /// Calls a session.
    fn call<R>(
        &mut self,
        session: SessionId,
        call: impl FnOnce(&mut Registered<A>, &mut Context<'_>) -> R,
    ) -> Option<R> {
        let key = self.slots.key_of(session)?;
        self.slots.call(key, |session| call(session, &mut self.cx.session()))
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

#[cfg(test)]
mod tests {
    use super::*;
    use tls_session::buffers::Buffers;

    use crate::slots::tests::{Silence, fill};

    /// Makes this call for a session in its handshake. Returns whether the session has a turn then.
    fn gets_a_turn(call: impl FnOnce(&mut Round<'_, '_, Silence>, SessionId)) -> bool {
        let mut slots = Slots::new(1);
        let _peer = fill(&mut slots, &testing::certificates::Identity::localhost().server_config());
        let poll = mio::Poll::new().unwrap();
        let (mut buffers, mut nobody) = (Buffers::default(), ());
        let cx = &mut LoopContext::new(Instant::now(), &mut buffers, &mut nobody);
        slots.begin_round();
        let first_turn = slots.turn_next(poll.registry(), &mut cx.session());
        assert_eq!(first_turn.map(|(_, end)| end), Some(None));
        let id = slots.sessions().next().unwrap().1.session().id();
        call(&mut Round { slots: &mut slots, registry: poll.registry(), cx }, id);
        slots.any_runnable()
    }

    #[test]
    fn every_change_of_a_session_gives_it_a_turn_and_a_look_does_not() {
        assert!(gets_a_turn(|round, id| round.wake(id)));
        assert!(gets_a_turn(|round, id| round.change(id, |_| ()).unwrap()));
        assert!(gets_a_turn(|round, id| round.finish_sending(id)));
        assert!(!gets_a_turn(|round, id| assert!(round.session(id).is_some())));
    }

    #[test]
    fn a_session_that_is_over_is_not_found() {
        // A close in the handshake ends a session at once.
        let is_not_found = |round: &mut Round<'_, '_, Silence>, id| {
            assert!(round.session(id).is_none());
            assert_eq!(round.send(id, b"late"), Err(NotSent));
        };
        assert!(gets_a_turn(|round, id| {
            round.close(id);
            is_not_found(round, id);
        }));
        assert!(gets_a_turn(|round, id| {
            round.abort(id);
            is_not_found(round, id);
        }));
    }

    #[test]
    fn an_unknown_session_takes_nothing() {
        assert!(!gets_a_turn(|round, id| {
            let other = SessionId { number: id.number + 1, ..id };
            round.wake(other);
            assert_eq!(round.send(other, b"lost"), Err(NotSent));
            assert_eq!(round.change(other, |_| ()), None);
        }));
    }
}
