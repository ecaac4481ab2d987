//! A session and its registration with the poll.

use mio::Registry;
use mio::event::Source;
use mio::net::TcpStream;

use crate::application::Application;
use crate::close_reason::Operation;
use crate::context::Context;
use crate::mio::Registration;
use crate::observer::Step;
use crate::readiness::Readiness;
use crate::session::{NotSent, Session, Turn, Wants};
use crate::transport::Transport;

/// A session that a mio loop drives.
///
/// [`turn`](Self::turn) applies the result of [`Session::turn`] to the poll. Every other call after which a turn is
/// due marks the session runnable. So a loop needs three facts: [`is_runnable`](Self::is_runnable) and
/// [`deadline`](Self::deadline) before the poll sleeps, and the [`Turn`] that tells whether the session is over.
pub struct Registered<A, T = TcpStream> {
    session: Session<T, A>,
    registration: Registration,
    wants: Wants,
    is_runnable: bool,
}

impl<A: Application, T: Transport + Source> Registered<A, T> {
    /// Wraps a new session. It is runnable.
    pub fn new(session: Session<T, A>, registration: Registration) -> Self {
        let wants = session.wants();
        Self { session, registration, wants, is_runnable: true }
    }

    /// Notes what the poll has reported.
    pub fn ready(&mut self, readiness: Readiness, cx: &mut Context<'_>) {
        self.is_runnable = true;
        self.session.ready(readiness, cx);
    }

    /// Does everything that is possible now, and tells the poll what the session waits for. If the poll fails, the
    /// session is over, because it could miss an event.
    pub fn turn(&mut self, registry: &Registry, cx: &mut Context<'_>) -> Turn {
        let turn = self.session.turn(cx);
        self.is_runnable = matches!(turn, Turn::Again(_));
        let (Turn::Wait(wants) | Turn::Again(wants)) = turn else { return turn };
        self.wants = wants;
        match self.registration.apply(registry, self.session.transport_mut(), wants.interest()) {
            Ok(true) => cx.step(&self.session.id(), &Step::InterestChanged(wants.interest())),
            Ok(false) => {}
            Err(error) => return self.session.lose_transport(Operation::Read, &error, cx),
        }
        turn
    }

    /// Calls [`Session::send`].
    ///
    /// # Errors
    /// [`NotSent`] if the session takes no plaintext.
    pub fn send(&mut self, plaintext: &[u8], cx: &mut Context<'_>) -> Result<(), NotSent> {
        self.is_runnable = true;
        self.session.send(plaintext, cx)
    }

    /// Calls [`Session::close`].
    pub fn close(&mut self, cx: &mut Context<'_>) {
        self.is_runnable = true;
        self.session.close(cx);
    }

    /// Calls [`Session::finish_sending`].
    pub fn finish_sending(&mut self, cx: &mut Context<'_>) {
        self.is_runnable = true;
        self.session.finish_sending(cx);
    }

    /// Calls [`Session::abort`].
    pub fn abort(&mut self, cx: &mut Context<'_>) {
        self.is_runnable = true;
        self.session.abort(cx);
    }

    /// Calls [`Session::application_mut`].
    pub fn application_mut(&mut self) -> &mut A {
        self.is_runnable = true;
        self.session.application_mut()
    }

    /// Makes the session runnable. Call this after a change that its application depends on.
    pub fn wake(&mut self) {
        self.is_runnable = true;
    }

    /// Returns the session.
    pub fn session(&self) -> &Session<T, A> {
        &self.session
    }

    /// Returns whether a turn is due at once. Then the poll must not sleep.
    pub fn is_runnable(&self) -> bool {
        self.is_runnable
    }

    /// Returns when a turn is due even if the poll reports nothing. The last turn has set it.
    pub fn deadline(&self) -> Option<std::time::Instant> {
        self.wants.deadline
    }

    /// Returns the parts of a session that is over.
    pub fn into_parts(self) -> (Session<T, A>, Registration) {
        (self.session, self.registration)
    }
}
