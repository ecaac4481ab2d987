//! A session, driven as the event loop drives it, and the invariants of `tls-session` that can be seen from outside.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use mio::Token;
use program::ending::Endings;
use program::exit::ExitStatus;
use rustls::Connection;
use rustls::Side;
use tls_session::application::{Application, HIGH_WATER_MARK};
use tls_session::buffers::Buffers;
use tls_session::close_reason::CloseReason;
use tls_session::context::Context;
use tls_session::mio::{Registered, Registration};
use tls_session::observer::{Observer, SessionId, Step};
use tls_session::readiness::Readiness;
use tls_session::session::{Session, SessionConfig, Turn};

use crate::roles::Heard;
use crate::wire::{End, with_registry};

/// The most that a session may owe (I4): the mark, and what one helping of 64 KiB, with the record before it of which
/// only the end was missing, can be answered with.
pub const OWED_MOST: usize = HIGH_WATER_MARK + 96 * 1024;

/// How many turns may move no byte at one instant: for phases and deadlines, and for calls that fail once.
const IDLE_TURNS: usize = 64;

/// Longer than all deadlines together.
const LONGEST: Duration = Duration::from_secs(200);

/// A session, its end of the wire, and what an event loop keeps beside it.
pub struct Driven<A> {
    session: Registered<A, End>,
    buffers: Buffers,
    end: End,
    reason: Option<CloseReason>,
    /// What it was seen doing.
    pub seen: Seen,
}

impl<A: Application + Heard> Driven<A> {
    /// A session at the start of its handshake.
    pub fn new(
        tls: impl Into<Connection>,
        end: &End,
        application: A,
        config: &Arc<SessionConfig>,
        now: Instant,
    ) -> Self {
        let (mut seen, mut buffers) = (Seen::default(), Buffers::default());
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 443));
        let id = SessionId { number: 1, peer: address };
        let cx = &mut Context::new(now, &mut buffers, &mut seen);
        let session = Session::new(id, address, tls, end.clone(), application, Arc::clone(config), cx);
        let session = Registered::new(session, Registration::new(Token(0)));
        Self { session, buffers, end: end.clone(), reason: None, seen }
    }

    /// Calls the session in a context of this time.
    fn call<R>(
        &mut self,
        now: Instant,
        call: impl FnOnce(&mut Registered<A, End>, &mut Context<'_>) -> R,
    ) -> R {
        call(&mut self.session, &mut Context::new(now, &mut self.buffers, &mut self.seen))
    }

    /// Rounds of an event loop until nothing moves at this instant. `false` if nothing moved at all.
    pub fn settle(&mut self, now: Instant) -> bool {
        let (mut turns, before) = (0, self.moved());
        while self.round(now) {
            turns += 1;
            let most = IDLE_TURNS + 2 * (self.moved() - before);
            assert!(turns <= most, "it turns in circles: {:?}", self.session.session().phase());
        }
        turns > 0
    }

    /// How many bytes have gone through, both ways.
    fn moved(&self) -> usize {
        let taken = self.end.taken();
        taken + self.end.sent().len()
    }

    fn round(&mut self, now: Instant) -> bool {
        if self.reason.is_some() {
            return false;
        }
        if let Some(readiness) = self.end.poll() {
            self.call(now, |session, cx| session.ready(readiness, cx));
        }
        let due = self.session.session().wants().deadline.is_some_and(|at| at <= now);
        if !self.session.is_runnable() && !due {
            return false;
        }
        match self.call(now, |session, cx| with_registry(|registry| session.turn(registry, cx))) {
            Turn::Done(reason) => self.over(reason),
            Turn::Wait(_) | Turn::Again(_) => self.check_deadline(),
        }
        true
    }

    /// I7: every phase has a deadline.
    fn check_deadline(&self) {
        let deadline = self.session.session().wants().deadline;
        assert!(deadline.is_some(), "nothing times this session: {:?}", self.session.session().phase());
    }

    fn over(&mut self, reason: CloseReason) {
        let local =
            if self.session.session().peer_side() == Side::Client { Side::Server } else { Side::Client };
        let said = Endings::of(local).describe(&reason).to_string();
        // What a peer wrote may be in it, and goes to a terminal.
        assert!(!said.contains(|c: char| c.is_control()) && said.len() < 4096, "{said:?}");
        let _ = ExitStatus::from(&reason);
        assert!(self.seen.closed, "nobody was told of the end: {reason:?}");
        self.reason = Some(reason);
        self.end.discard_incoming();
    }

    /// Lets time pass until the session ends by itself, as every session does, and soon.
    pub fn finish(&mut self, mut now: Instant) -> CloseReason {
        let latest = now + LONGEST;
        loop {
            self.settle(now);
            if let Some(reason) = &self.reason {
                return reason.clone();
            }
            now = self.session.session().wants().deadline.expect("a session that is not over has a deadline");
            assert!(now <= latest, "it does not end: {:?}", self.session.session().phase());
        }
    }

    /// Closes the session from outside, as a signal does.
    pub fn close(&mut self, now: Instant) {
        self.act(now, |session, cx| session.close(cx));
    }

    /// The application has finished sending, and waits for the rest of the answer.
    pub fn finish_sending(&mut self, now: Instant) {
        self.act(now, |session, cx| session.finish_sending(cx));
    }

    /// Sends plaintext from outside, if there is room.
    pub fn send(&mut self, plaintext: &[u8], now: Instant) {
        if self.session.session().has_room() {
            self.act(now, |session, cx| {
                let _ = session.send(plaintext, cx); // refused once the session is not open any more
            });
        }
    }

    /// Reports that everything is ready, whether or not it is.
    pub fn report_ready(&mut self, now: Instant) {
        self.act(now, |session, cx| session.ready(Readiness::all(), cx));
    }

    fn act(&mut self, now: Instant, call: impl FnOnce(&mut Registered<A, End>, &mut Context<'_>)) {
        if self.reason.is_none() {
            self.call(now, call);
        }
    }

    /// Why the session is over, if it is.
    pub fn reason(&self) -> Option<&CloseReason> {
        self.reason.as_ref()
    }

    /// What the application heard.
    pub fn heard(&self) -> &[u8] {
        self.session.session().application().heard()
    }
}

/// An observer that checks the order of things, and keeps what a peer can be held against.
#[derive(Debug, Default)]
pub struct Seen {
    /// The plaintext that the application sent.
    pub said: Vec<u8>,
    /// Whether the handshake came to its end.
    pub established: bool,
    closed: bool,
}

impl Observer for Seen {
    fn step(&mut self, _now: Instant, _id: SessionId, step: &Step<'_>) {
        assert!(!self.closed, "it goes on after its end: {step:?}");
        match step {
            Step::Processed(Ok(state)) => {
                let owed = state.tls_bytes_to_write();
                assert!(owed <= OWED_MOST, "it owes {owed} bytes (I4)");
            }
            Step::Established(_) => {
                assert!(!self.established, "established twice");
                self.established = true;
            }
            Step::PlaintextIn(_) => assert!(self.established, "plaintext of a peer that is not authorized"),
            Step::PlaintextOut(plaintext) => {
                assert!(self.established, "plaintext for a peer that is not authorized");
                self.said.extend_from_slice(plaintext);
            }
            Step::Closed { .. } => self.closed = true,
            _ => {}
        }
    }
}
