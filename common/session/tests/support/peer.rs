//! One session, driven as the event loop drives it.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Instant;

use mio::Token;
use rustls::Connection;
use tls_session::application::Application;
use tls_session::buffers::Buffers;
use tls_session::close_reason::{CloseReason, Doing};
use tls_session::context::{Context, Limits};
use tls_session::mio::{Registered, Registration};
use tls_session::observer::SessionId;
use tls_session::phase::Phase;
use tls_session::readiness::{Interest, Readiness};
use tls_session::session::{NotSent, Session, SessionConfig, Turn};

use super::roles::Heard;
use super::transcript::Transcript;
use super::wire::{End, with_registry};

/// More turns than any honest session of these tests takes: a session that needs more is turning in circles.
const TURNS: usize = 2_000_000;

/// A session, its end of the wire, and what an event loop keeps beside it.
pub struct Peer<A> {
    session: Registered<A, End>,
    buffers: Buffers,
    limits: Limits,
    /// This end of the wire.
    pub end: End,
    /// What the session did.
    pub seen: Transcript,
    turns: usize,
    reason: Option<CloseReason>,
}

impl<A: Application> Peer<A> {
    /// A session at the start of its handshake. It is alone.
    pub fn new(
        tls: impl Into<Connection>,
        end: &End,
        application: A,
        config: &Arc<SessionConfig>,
        now: Instant,
    ) -> Self {
        let (mut seen, mut buffers) = (Transcript::default(), Buffers::default());
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 443));
        let id = SessionId { number: 1, peer: address };
        let cx = &mut Context::new(now, &mut buffers, &mut seen);
        let session = Session::new(id, address, tls, end.clone(), application, Arc::clone(config), cx);
        Self {
            session: Registered::new(session, Registration::new(Token(0))),
            buffers,
            limits: Limits::ALONE,
            end: end.clone(),
            seen,
            turns: 0,
            reason: None,
        }
    }

    /// Calls the session in a context of this time.
    fn call<R>(
        &mut self,
        now: Instant,
        call: impl FnOnce(&mut Registered<A, End>, &mut Context<'_>) -> R,
    ) -> R {
        let cx = &mut Context::new(now, &mut self.buffers, &mut self.seen);
        cx.limits = self.limits;
        call(&mut self.session, cx)
    }

    /// One round of an event loop: gather, and turn if there is a reason to. `false` if there was none.
    pub fn round(&mut self, now: Instant) -> bool {
        if self.reason.is_some() {
            return false;
        }
        if let Some(readiness) = self.end.poll() {
            self.call(now, |session, cx| session.ready(readiness, cx));
        }
        let is_due = self.session.deadline().is_some_and(|at| at <= now);
        if !self.session.is_runnable() && !is_due {
            return false;
        }
        self.turn(now);
        true
    }

    /// Turns the session, with or without a reason.
    pub fn turn(&mut self, now: Instant) {
        self.turns += 1;
        assert!(self.turns < TURNS, "the session turns in circles: {:?}", self.phase());
        let turn = self.call(now, |session, cx| with_registry(|registry| session.turn(registry, cx)));
        self.note(turn);
    }

    fn note(&mut self, turn: Turn) {
        match turn {
            // Invariant I7: a session that waits waits for something.
            Turn::Wait(wants) => assert!(
                wants.interest() != Interest::NONE || wants.deadline.is_some(),
                "nothing can ever wake this session: {:?}",
                self.phase(),
            ),
            Turn::Again(_) => {}
            Turn::Done(reason) => {
                self.reason = Some(reason);
                self.end.discard_incoming();
            }
        }
    }

    /// From now on the session has others beside it.
    pub fn share(&mut self) {
        self.limits = Limits::SHARED;
    }

    /// Whether it goes on without an event.
    pub fn is_runnable(&self) -> bool {
        self.session.is_runnable()
    }

    /// Rounds until nothing moves at this instant. `false` if nothing moved at all.
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

    /// The application has finished sending, and waits for the rest of the answer.
    pub fn finish_sending(&mut self, now: Instant) {
        self.call(now, |session, cx| session.finish_sending(cx));
    }

    /// Sends plaintext from outside.
    pub fn send(&mut self, plaintext: &[u8], now: Instant) -> Result<(), NotSent> {
        self.call(now, |session, cx| session.send(plaintext, cx))
    }

    /// Whether the socket of the session, which is over, must be drained.
    pub fn needs_draining(&self) -> bool {
        self.session.session().needs_draining()
    }

    /// The poll refuses to watch the connection.
    pub fn lose(&mut self, doing: Doing, error: &io::Error, now: Instant) {
        let turn = self.call(now, |session, cx| session.lose_transport(doing, error, cx));
        self.note(turn);
    }

    /// Reports that everything is ready, whether or not it is.
    pub fn report_ready(&mut self, now: Instant) {
        self.call(now, |session, cx| session.ready(Readiness::all(), cx));
    }

    /// When the session wants to be turned even if nothing happens; nothing once it is over.
    pub fn deadline(&self) -> Option<Instant> {
        if self.reason.is_some() { None } else { self.session.session().wants().deadline }
    }

    /// What the session wants to be told by the poll.
    pub fn interest(&mut self) -> Interest {
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

    /// Whether the session is over and close_notify went both ways.
    pub fn is_clean(&self) -> bool {
        self.reason.as_ref().is_some_and(|reason| matches!(reason, CloseReason::Clean { .. }))
    }
}

impl<A: Application> Peer<A> {
    /// The application.
    pub fn application(&self) -> &A {
        self.session.session().application()
    }
}

impl<A: Heard + Application> Peer<A> {
    /// What the application heard.
    pub fn heard(&self) -> &[u8] {
        self.session.session().application().heard()
    }
}
