//! One session, driven as the event loop drives it.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Instant;

use mio::Token;
use rustls::Connection;
use tls_session::application::Application;
use tls_session::buffers::Scratch;
use tls_session::close_reason::{CloseReason, Doing};
use tls_session::mio::registration::Registrar;
use tls_session::observer::{SessionId, Watch};
use tls_session::phase::Phase;
use tls_session::readiness::Interest;
use tls_session::readiness::Readiness;
use tls_session::session::{NotSent, Session, SessionConfig, Turn};

use super::roles::Heard;
use super::transcript::Transcript;
use super::wire::{End, with_registry};

/// More turns than any honest session of these tests takes: whoever needs more is turning in circles.
const TURNS: usize = 2_000_000;

/// A session, its end of the wire, and what an event loop keeps beside it.
pub struct Peer<A> {
    session: Session<End, A>,
    scratch: Scratch,
    /// This end of the wire.
    pub end: End,
    /// What the session did.
    pub seen: Transcript,
    registrar: Registrar,
    runnable: bool,
    turns: usize,
    reason: Option<CloseReason>,
}

impl<A: Application> Peer<A> {
    /// A session at the start of its handshake.
    pub fn new(
        tls: impl Into<Connection>,
        end: &End,
        application: A,
        config: &Arc<SessionConfig>,
        now: Instant,
    ) -> Self {
        let mut seen = Transcript::default();
        let id = SessionId { number: 1, peer: SocketAddr::from((Ipv4Addr::LOCALHOST, 443)) };
        let watch = &mut Watch::new(now, &mut seen);
        Self {
            session: Session::new(id, tls, end.clone(), application, Arc::clone(config), watch),
            scratch: Scratch::default(),
            end: end.clone(),
            seen,
            registrar: Registrar::new(Token(0)),
            runnable: true,
            turns: 0,
            reason: None,
        }
    }

    /// One round of an event loop: gather, and turn if there is a reason to. `false` if there was none.
    pub fn round(&mut self, now: Instant) -> bool {
        if self.reason.is_some() {
            return false;
        }
        if let Some(readiness) = self.end.poll() {
            self.session.ready(readiness);
            self.runnable = true;
        }
        let due = self.session.earliest_deadline().is_some_and(|at| at <= now);
        if !self.runnable && !due {
            return false;
        }
        self.turn(now);
        true
    }

    /// Turns the session, reason or none.
    pub fn turn(&mut self, now: Instant) {
        self.turns += 1;
        assert!(self.turns < TURNS, "the session turns in circles: {:?}", self.session.phase());
        let watch = &mut Watch::new(now, &mut self.seen);
        let turn = self.session.turn(watch, &mut self.scratch);
        let turn =
            with_registry(|registry| self.session.await_events(turn, &mut self.registrar, registry, watch));
        self.heed(turn);
    }

    fn heed(&mut self, turn: Turn) {
        self.runnable = turn == Turn::Yield;
        match turn {
            // Invariant I7: whoever is blocked waits for something.
            Turn::Blocked => assert!(
                self.session.interest() != Interest::NONE || self.session.earliest_deadline().is_some(),
                "nothing can ever wake this session: {:?}",
                self.session.phase(),
            ),
            Turn::Yield => {}
            Turn::Done(reason) => {
                self.reason = Some(reason);
                self.end.discard_incoming();
            }
        }
    }

    /// From now on its buffers are those of so many sessions.
    pub fn share_among(&mut self, sessions: usize) {
        self.scratch.share_among(sessions);
    }

    /// Whether it goes on without an event.
    pub fn is_runnable(&self) -> bool {
        self.runnable
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
        self.session.close(&mut Watch::new(now, &mut self.seen));
        self.runnable = true;
    }

    /// The application has said everything, and waits for the rest of the answer.
    pub fn said_all(&mut self, now: Instant) {
        self.session.said_all(&mut Watch::new(now, &mut self.seen));
        self.runnable = true;
    }

    /// Sends plaintext from outside.
    pub fn send(&mut self, plaintext: &[u8], now: Instant) -> Result<(), NotSent> {
        self.runnable = true;
        self.session.send(plaintext, &mut Watch::new(now, &mut self.seen))
    }

    /// Whether the socket of the session, which is over, must be drained.
    pub fn needs_draining(&self) -> bool {
        self.session.needs_draining()
    }

    /// Tells the session that its connection cannot be used.
    pub fn lose(&mut self, doing: Doing, error: &io::Error, now: Instant) {
        let turn = self.session.transport_failed(doing, error, &mut Watch::new(now, &mut self.seen));
        self.heed(turn);
    }

    /// Tells the session that everything is ready, whether or not it is.
    pub fn rouse(&mut self) {
        self.session.ready(Readiness::all());
    }

    /// When the session wants to be turned even if nothing happens; nothing once it is over.
    pub fn deadline(&self) -> Option<Instant> {
        if self.reason.is_some() { None } else { self.session.earliest_deadline() }
    }

    /// What the session wants to be told by the poll.
    pub fn interest(&mut self) -> Interest {
        self.session.interest()
    }

    /// Where the session stands.
    pub fn phase(&self) -> &Phase {
        self.session.phase()
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

impl<A> Peer<A> {
    /// The application.
    pub fn application(&self) -> &A {
        self.session.application()
    }
}

impl<A: Heard + Application> Peer<A> {
    /// What the application heard.
    pub fn heard(&self) -> &[u8] {
        self.session.application().heard()
    }
}
