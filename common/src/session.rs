//! One TLS session, driven by hand: this file and its two parts alone call rustls' I/O (invariant I2).
//!
//! [`Session::turn`] is the whole machine, and it reads like this:
//!
//! ```text
//! turn:  flush     what we owe the peer goes first (I3)
//!        fill      one helping: one recv, then read_tls + process_new_packets until it is used up,
//!                  the plaintext handed to the application each time            (session/fill.rs)
//!        advance   which phase do these facts make? which deadline has passed?  (session/course.rs)
//!        … again, until nothing moves (Blocked), the session is over (Done), or it has had its helping (Yield)
//! ```

mod course;
mod fill;

use std::io::{self, Write as _};
use std::rc::Rc;
use std::time::Instant;

use mio::event::Source;
use mio::{Interest, Registry};
use rustls::{Connection, Side};

use crate::admission::Admission;
use crate::application::{Application, Next, OWED_MARK, Outbox};
use crate::close_reason::{CloseReason, Doing, Until};
use crate::deadline::{Deadlines, Timeout, Timeouts};
use crate::foreign::Opening;
use crate::heard::Heard;
use crate::identity::Notes;
use crate::observer::{SessionId, Step, Tap, Watch};
use crate::offer::Offer;
use crate::phase::{Facts, PeerEnd, Phase};
use crate::readiness::Readiness;
use crate::registrar::Registrar;
use crate::scratch::Scratch;
use crate::transport::Transport;

/// What a turn came to.
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub enum Turn {
    /// Nothing moves until the kernel or a deadline says so.
    Blocked,
    /// It has had a helping and there may be more: others first, then call again. The poll between must not sleep.
    Yield,
    /// The session is over.
    Done(CloseReason),
}

/// What holds for every session of this end.
pub struct SessionConfig {
    /// How the peer's identity is judged.
    pub admission: Admission,
    /// How long things may take.
    pub timeouts: Timeouts,
    /// What this end allows: for the sentence about a peer that has nothing in common with it, and for nothing else.
    pub ours: Rc<Offer>,
}

/// One TLS connection, the transport beneath it, the application above it, and what only we know of them.
pub struct Session<T, A> {
    id: SessionId,
    tls: Connection,
    transport: T,
    application: A,
    config: Rc<SessionConfig>,
    phase: Phase,
    readiness: Readiness,
    deadlines: Deadlines,
    /// What the callbacks of rustls noted for this session.
    notes: Notes,
    /// Bytes that have come since the socket was last found empty.
    in_a_row: usize,
    received: u64,
    sent: u64,
    /// When the session began.
    began: Instant,
    /// What the peer has sent of its handshake. `None` once the handshake is done.
    heard: Option<Box<Heard>>,
}

impl<T: Transport, A: Application> Session<T, A> {
    /// A session that is about to start its handshake.
    ///
    /// A server's handshake is timed from here. A client waits for the server's first byte before that, which may
    /// take as long as the server's other clients take.
    pub fn new(
        id: SessionId,
        tls: impl Into<Connection>,
        transport: T,
        application: A,
        config: Rc<SessionConfig>,
        watch: &mut Watch<'_>,
    ) -> Self {
        let mut tls = tls.into();
        tls.set_buffer_limit(None); // see `Outbox`: OWED_MARK is the bound
        let heard = Some(Box::new(Heard::new(Rc::clone(&config.ours))));
        let mut session = Self {
            id,
            tls,
            transport,
            application,
            config,
            phase: Phase::Handshaking { opening: Opening::default() },
            readiness: Readiness::fresh(),
            deadlines: Deadlines::default(),
            notes: Notes::default(),
            in_a_row: 0,
            received: 0,
            sent: 0,
            began: watch.now,
            heard,
        };
        session.start(
            match session.peer_side() {
                Side::Client => Timeout::Handshake,
                Side::Server => Timeout::Wait,
            },
            watch,
        );
        session.start(Timeout::Session, watch);
        session
    }

    /// Takes note of what the kernel said. Nothing is done before the next [`turn`](Self::turn).
    pub fn ready(&mut self, readiness: Readiness) {
        self.readiness.merge(readiness);
    }

    /// Does what can be done now without blocking. If there may be more to read than one helping, others have their
    /// turn before the next, and what this session owes by then is written, as far as the kernel takes it.
    pub fn turn(&mut self, watch: &mut Watch<'_>, scratch: &mut Scratch) -> Turn {
        let mut had_helping = false;
        loop {
            self.flush(watch);
            if had_helping && self.can_fill() {
                watch.step(&self.id, &Step::Yielded);
                return Turn::Yield;
            }
            let filled = self.fill(watch, scratch);
            let advanced = self.advance(watch);
            had_helping |= filled;
            if let Phase::Closed(reason) = &self.phase {
                return Turn::Done(reason.clone());
            }
            if !filled && !advanced {
                self.shrink();
                return Turn::Blocked;
            }
        }
    }

    /// Whether there is room for more from an application that is fed from outside.
    pub fn wants_input(&mut self) -> bool {
        self.phase.speaks() && self.owed() <= OWED_MARK
    }

    /// Sends plaintext that came from outside the session; the next [`turn`](Self::turn) writes it. Who does not ask
    /// [`wants_input`](Self::wants_input) first makes the session owe more than its mark; once the session is not
    /// open any more, nothing is sent.
    pub fn send(&mut self, plaintext: &[u8], watch: &mut Watch<'_>) {
        self.not_idle(watch);
        self.converse(watch, |_, _, outbox| {
            if let Some(outbox) = outbox {
                outbox.send(plaintext);
            }
            Next::Continue
        });
    }

    /// Has to follow each turn, one that yields too: a session that always has something to read may wait to write.
    /// Tells the poll what to watch for, if that is news, and hands the turn on. A poll that refuses ends the session,
    /// which could miss what it waits for.
    pub fn await_events(
        &mut self,
        turn: Turn,
        registrar: &mut Registrar,
        registry: &Registry,
        watch: &mut Watch<'_>,
    ) -> Turn
    where
        T: Source,
    {
        if let Turn::Done(_) = turn {
            return turn;
        }
        let wanted = self.interest();
        match registrar.apply(registry, &mut self.transport, wanted) {
            Ok(true) => watch.step(&self.id, &Step::InterestChanged(wanted)),
            Ok(false) => {}
            Err(error) => return self.transport_failed(Doing::Reading, &error, watch),
        }
        turn
    }

    /// What the poll is to watch for after a turn. `None`: nothing but a deadline can move this session.
    pub fn interest(&mut self) -> Option<Interest> {
        let writable = (self.phase.writes() && self.tls.wants_write()).then_some(Interest::WRITABLE);
        let readable = self.wants_fill().then_some(Interest::READABLE);
        match (readable, writable) {
            (Some(readable), Some(writable)) => Some(readable | writable),
            (one, other) => one.or(other),
        }
    }

    /// When a turn is due even if the kernel says nothing.
    pub fn earliest_deadline(&self) -> Option<Instant> {
        [self.deadlines.earliest(), self.application_deadline()].into_iter().flatten().min()
    }

    // ---- flush: what we owe the peer -----------------------------------------------------------------------

    /// Writes until nothing is owed or the kernel takes no more. Bytes that rustls holds stay rustls': a short
    /// write leaves the rest where it was.
    fn flush(&mut self, watch: &mut Watch<'_>) {
        while self.phase.writes() && self.tls.wants_write() && self.readiness.is_writable() {
            let mut tap = Tap { transport: &mut self.transport, watch, id: self.id };
            match self.tls.write_tls(&mut tap) {
                Ok(0) => self.write_failed(&io::ErrorKind::WriteZero.into(), watch),
                Ok(written) => {
                    watch.step(&self.id, &Step::WroteTls(written));
                    self.peer_took_something(watch);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    watch.step(&self.id, &Step::WriteBlocked);
                    self.readiness.write_blocked();
                    self.peer_takes_nothing(watch);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => self.write_failed(&error, watch),
            }
        }
    }

    // ---- what rustls says ----------------------------------------------------------------------------------

    fn facts(&mut self) -> Facts {
        Facts { owes: self.tls.wants_write(), peer_end: self.peer_end() }
    }

    /// rustls keeps apart what the two ends of input mean, and says so when nothing is left to read.
    fn peer_end(&mut self) -> Option<PeerEnd> {
        match self.tls.reader().into_first_chunk() {
            Ok([]) => Some(PeerEnd::CloseNotify),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Some(PeerEnd::Fin),
            Ok(_) | Err(_) => None,
        }
    }

    /// How many bytes of ciphertext wait to be written. rustls tells only in the answer of
    /// `process_new_packets`, which may be called again at any time and does nothing when nothing has come.
    fn owed(&mut self) -> usize {
        if !self.tls.wants_write() {
            return 0;
        }
        // An error here is the one that this session has failed with already.
        self.tls.process_new_packets().map_or(0, |state| state.tls_bytes_to_write())
    }

    /// Whether TLS has met a fatal error: that is all that flushing rustls' writer says, and it does nothing else.
    fn has_failed(&mut self) -> bool {
        self.tls.writer().flush().is_err()
    }

    /// Gives back what a large record has made rustls' buffer grow to. rustls does that when it is read into the next
    /// time, which for an idle session may be never: 26 KB instead of 8. A read that brings nothing will do.
    fn shrink(&mut self) {
        // Its error is that it brought nothing; any other comes again with the next read that matters.
        let _ = self.tls.read_tls(&mut NothingYet);
    }

    /// Lets the application do something, with an outbox if it may speak. What it decides is the last thing that
    /// happens here, so a phase that is entered by it never leads back to this call.
    fn converse(
        &mut self,
        watch: &mut Watch<'_>,
        what: impl FnOnce(&mut A, Instant, Option<&mut Outbox<'_>>) -> Next,
    ) {
        let timer = self.application_deadline();
        let may_speak = self.phase.speaks() && !self.has_failed();
        let now = watch.now;
        let (id, sent) = (self.id, &mut self.sent);
        let mut told = |plaintext: &[u8]| {
            *sent += plaintext.len() as u64;
            watch.step(&id, &Step::PlaintextOut(plaintext));
        };
        let mut outbox = may_speak.then(|| Outbox::new(self.tls.writer(), &mut told));
        let next = what(&mut self.application, now, outbox.as_mut());
        if let Some(refusal) = outbox.and_then(Outbox::into_refusal) {
            return self.fail(rustls::Error::General(refusal.to_string()), watch);
        }
        self.apply_next(next, watch);
        if self.application_deadline() != timer {
            watch.step(&self.id, &Step::TimerSet(self.application_deadline()));
        }
    }
}

/// A reader for [`Session::shrink`].
struct NothingYet;

impl io::Read for NothingYet {
    fn read(&mut self, _buffer: &mut [u8]) -> io::Result<usize> {
        Err(io::ErrorKind::WouldBlock.into())
    }
}

impl<T, A> Session<T, A> {
    /// Who this is.
    pub fn id(&self) -> SessionId {
        self.id
    }

    /// Where the session stands.
    pub fn phase(&self) -> &Phase {
        &self.phase
    }

    /// The side that the other end plays.
    pub fn peer_side(&self) -> Side {
        match self.tls {
            Connection::Client(_) => Side::Server,
            Connection::Server(_) => Side::Client,
        }
    }

    /// How many bytes of plaintext the application got, and how many it sent.
    pub fn plaintext_bytes(&self) -> (u64, u64) {
        (self.received, self.sent)
    }

    /// How far the session has come.
    pub fn until(&self) -> Until<'_> {
        self.heard.as_deref().map_or(Until::Established, Until::Handshake)
    }

    /// The application.
    pub fn application(&self) -> &A {
        &self.application
    }

    /// What is left when the session is over.
    pub fn into_parts(self) -> (T, A) {
        (self.transport, self.application)
    }
}
