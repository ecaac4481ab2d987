//! One session, driven as an event loop drives it.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Instant;

use mio::Token;
use rustls::Connection;

use super::network::{Socket, with_registry};
use super::transcript::Transcript;
use crate::application::Application;
use crate::buffers::Buffers;
use crate::close_reason::CloseReason;
use crate::context::{Context, Limits};
use crate::mio::{Registered, Registration};
use crate::observer::{Observer, SessionId};
use crate::phase::Phase;
use crate::readiness::{Interest, Readiness};
use crate::session::{NotSent, Session, SessionConfig, Turn};

/// How many turns may move no byte at one instant: for phases and deadlines, and for calls that fail once. A session
/// that needs more turns in circles.
const IDLE_TURNS: usize = 64;

/// A session, its socket, and what an event loop keeps beside it. The observer is a [`Transcript`], unless a test brings
/// its own.
pub struct Driver<A, O = Transcript> {
    session: Registered<A, Socket>,
    buffers: Buffers,
    limits: Limits,
    /// The session's end of the network.
    pub socket: Socket,
    /// What the observer has seen.
    pub seen: O,
    /// How many turns there were since a byte moved or time passed.
    idle_turns: usize,
    /// When the last turn was, and how many bytes had moved by then.
    last: (Instant, usize),
    reason: Option<CloseReason>,
}

impl<A: Application> Driver<A> {
    /// A session at the start of its handshake. It is alone in its loop.
    pub fn new(
        tls: impl Into<Connection>,
        socket: &Socket,
        application: A,
        config: &Arc<SessionConfig>,
        now: Instant,
    ) -> Self {
        Self::observed(tls, socket, application, config, now, Transcript::default())
    }

    /// What the application has received.
    pub fn received(&self) -> &[u8] {
        &self.seen.plaintext_in
    }
}

impl<A: Application, O: Observer> Driver<A, O> {
    /// The same, with an observer.
    pub fn observed(
        tls: impl Into<Connection>,
        socket: &Socket,
        application: A,
        config: &Arc<SessionConfig>,
        now: Instant,
        mut seen: O,
    ) -> Self {
        let mut buffers = Buffers::default();
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 443));
        let id = SessionId { number: 1, peer: address };
        let cx = &mut Context::new(now, &mut buffers, &mut seen);
        let session = Session::new(id, address, tls, socket.clone(), application, Arc::clone(config), cx);
        Self {
            session: Registered::new(session, Registration::new(Token(0))),
            buffers,
            limits: Limits::ALONE,
            socket: socket.clone(),
            seen,
            idle_turns: 0,
            last: (now, 0),
            reason: None,
        }
    }

    /// Calls the session in a context of this time.
    fn call<R>(
        &mut self,
        now: Instant,
        call: impl FnOnce(&mut Registered<A, Socket>, &mut Context<'_>) -> R,
    ) -> R {
        let cx = &mut Context::new(now, &mut self.buffers, &mut self.seen);
        cx.limits = self.limits;
        call(&mut self.session, cx)
    }

    /// One round of an event loop: polls, and turns the session if there is a reason to. Returns whether there was one.
    pub fn round(&mut self, now: Instant) -> bool {
        self.poll(now);
        let has_reason = self.has_work(now);
        if has_reason {
            self.turn(now);
        }
        has_reason
    }

    /// Tells the session what the poll reports.
    pub fn poll(&mut self, now: Instant) -> Option<Readiness> {
        let readiness = self.socket.poll().filter(|_| self.reason.is_none())?;
        self.call(now, |session, cx| session.ready(readiness, cx));
        Some(readiness)
    }

    /// Returns whether a turn is due, after the poll has been asked.
    pub fn has_work(&self, now: Instant) -> bool {
        let is_due = self.session.deadline().is_some_and(|at| at <= now);
        self.reason.is_none() && (self.session.is_runnable() || is_due)
    }

    /// Turns the session, with or without a reason.
    pub fn turn(&mut self, now: Instant) {
        let turn = self.call(now, |session, cx| with_registry(|registry| session.turn(registry, cx)));
        self.note(turn);
        let last = std::mem::replace(&mut self.last, (now, self.socket.taken() + self.socket.sent().len()));
        self.idle_turns = if self.last == last { self.idle_turns + 1 } else { 0 };
        let (side, phase) = (self.socket.side(), self.phase());
        assert!(
            self.idle_turns < IDLE_TURNS,
            "{side:?}: {IDLE_TURNS} turns, and nothing moves. The session or a loop turns in circles: {phase:?}",
        );
    }

    fn note(&mut self, turn: Turn) {
        match turn {
            // Invariant I7: a session that waits waits for something.
            Turn::Wait(wants) => assert!(
                wants.interest() != Interest::NONE || wants.deadline.is_some(),
                "{:?}: nothing can ever wake this session: {:?} (I7)",
                self.socket.side(),
                self.phase(),
            ),
            Turn::Again(_) => {}
            Turn::Done(reason) => {
                self.reason = Some(reason);
                self.socket.close(self.needs_draining());
            }
        }
    }

    /// From now on other sessions are in the loop.
    pub fn share(&mut self) {
        self.limits = Limits::SHARED;
    }

    /// Returns whether the session goes on without an event.
    pub fn is_runnable(&self) -> bool {
        self.session.is_runnable()
    }

    /// Makes rounds until nothing moves at this instant. Returns whether anything moved.
    pub fn settle(&mut self, now: Instant) -> bool {
        let mut moved = false;
        while self.round(now) {
            moved = true;
        }
        moved
    }

    /// Closes the session from outside, as a signal does.
    pub fn close(&mut self, now: Instant) {
        self.call(now, |session, cx| session.close(cx));
    }

    /// Ends the session from outside, because its answer cannot be completed.
    pub fn abort(&mut self, now: Instant) {
        self.call(now, |session, cx| session.abort(cx));
    }

    /// The application has finished sending, and waits for the rest of the answer.
    pub fn finish_sending(&mut self, now: Instant) {
        self.call(now, |session, cx| session.finish_sending(cx));
    }

    /// Sends plaintext from outside.
    ///
    /// # Errors
    /// [`NotSent`] if the session takes no plaintext.
    pub fn send(&mut self, plaintext: &[u8], now: Instant) -> Result<(), NotSent> {
        self.call(now, |session, cx| session.send(plaintext, cx))
    }

    /// Returns whether there is room for plaintext from outside.
    pub fn has_room(&self) -> bool {
        self.session.session().has_room()
    }

    /// Returns whether the socket of the session, which is over, must be drained.
    pub fn needs_draining(&self) -> bool {
        self.session.session().needs_draining()
    }

    /// Reports that everything is ready, whether or not it is.
    pub fn report_ready(&mut self, now: Instant) {
        self.call(now, |session, cx| session.ready(Readiness::all(), cx));
    }

    /// When the session needs a turn even if nothing happens. `None` once it is over.
    pub fn deadline(&self) -> Option<Instant> {
        if self.reason.is_some() { None } else { self.session.session().wants().deadline }
    }

    /// What the session waits for.
    pub fn interest(&self) -> Interest {
        self.session.session().wants().interest()
    }

    /// Where the session stands.
    pub fn phase(&self) -> &Phase {
        self.session.session().phase()
    }

    /// Why the session is over, if it is.
    pub fn reason(&self) -> Option<&CloseReason> {
        self.reason.as_ref()
    }

    /// Returns whether the session is over and close_notify went both ways.
    pub fn is_clean(&self) -> bool {
        matches!(self.reason, Some(CloseReason::Clean { .. }))
    }

    /// The application.
    pub fn application(&self) -> &A {
        self.session.session().application()
    }
}
