//! One TLS session, driven by hand: this file and its two parts alone call rustls' I/O (invariant I2).
//!
//! [`Session::turn`] is the whole machine, and it reads like this:
//!
//! ```text
//! turn:  flush     what we owe the peer goes first (I3)
//!        measure   how much output is still pending (I4)
//!        fill      one read: one recv, then read_tls + process_new_packets until it is used up or the limit of
//!                  records is reached, the plaintext handed to the application each time   (session/fill.rs)
//!        advance   which phase do these facts make? which deadline has passed?             (session/course.rs)
//!        … again, until nothing moves (Blocked), the session is over (Done), or it has had its read (Yield)
//! ```

mod course;
mod fill;
mod framing;
mod unprocessed;

use std::fmt;
use std::io::{self, Write as _};
use std::sync::Arc;
use std::time::Instant;

use rustls::{Connection, ProtocolVersion, Side};

use crate::application::{Application, Next, OWED_MARK, Outbox};
use crate::authorize::{Authorize, Detail, Notes};
use crate::buffers::Scratch;
use crate::close_reason::{CloseReason, Doing, Until};
use crate::deadline::{Deadlines, Timeout, Timeouts};
use crate::handshake_bytes::HandshakeBytes;
#[cfg(feature = "mio")]
use crate::mio::registration::Registrar;
use crate::observer::{SessionId, Step, Tap, Watch};
use crate::phase::{Facts, PeerEnd, Phase};
use crate::readiness::{Interest, Readiness};
use crate::transport::Transport;

use self::framing::Framing;
use self::unprocessed::Unprocessed;

/// What a turn came to.
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub enum Turn {
    /// Nothing moves until the kernel or a deadline says so.
    Blocked,
    /// The limit of this turn is reached: one read, or so many records of it. Serve the other sessions, then call
    /// `turn` again. The poll between must not sleep.
    Yield,
    /// The session is over.
    Done(CloseReason),
}

/// The error of [`Session::send`]: the session takes no plaintext.
///
/// The handshake is not done, our close_notify is queued or sent, or the session has failed or is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotSent;

impl fmt::Display for NotSent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the session is not open for sending")
    }
}

impl std::error::Error for NotSent {}

/// What holds for every session of this end.
pub struct SessionConfig {
    /// Decides whether a peer is accepted.
    pub authorize: Arc<dyn Authorize>,
    /// How long things may take.
    pub timeouts: Timeouts,
}

/// One TLS connection, the transport beneath it, the application above it, and what only we know of them.
pub struct Session<T, A> {
    id: SessionId,
    tls: Connection,
    transport: T,
    application: A,
    config: Arc<SessionConfig>,
    phase: Phase,
    readiness: Readiness,
    deadlines: Deadlines,
    /// What the callbacks of rustls noted for this session.
    notes: Notes,
    /// Ciphertext that is queued in rustls, as of the last measurement in [`turn`](Session::turn). An outside
    /// [`send`](Session::send) adds its plaintext.
    pending_output: usize,
    /// During the handshake: what `process_new_packets` last said is queued, less what was written since.
    handshake_output: usize,
    framing: Framing,
    unprocessed: Unprocessed,
    /// Bytes that have come since the socket was last found empty.
    in_a_row: usize,
    /// The socket gives nothing more: its end-of-file or an error was read.
    input_ended: bool,
    /// The last read took everything that was there, and the poll would have said if more had come since.
    socket_is_empty: bool,
    /// Whether the socket must be drained before it is closed. Decided when the session ends.
    needs_draining: bool,
    received: u64,
    sent: u64,
    /// When the session began.
    began: Instant,
    /// What the peer has sent of its handshake. `None` once the handshake is done.
    handshake_bytes: Option<Box<HandshakeBytes>>,
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
        config: Arc<SessionConfig>,
        watch: &mut Watch<'_>,
    ) -> Self {
        let mut tls = tls.into();
        tls.set_buffer_limit(None); // see `Outbox`: OWED_MARK is the bound
        if let Connection::Server(tls) = &mut tls
            && tls.is_handshaking()
            && !application.accepts_early_data()
        {
            tls.reject_early_data();
        }
        let mut session = Self {
            id,
            tls,
            transport,
            application,
            config,
            phase: Phase::Handshaking,
            readiness: Readiness::fresh(),
            deadlines: Deadlines::default(),
            notes: Notes::default(),
            pending_output: 0,
            handshake_output: 0,
            framing: Framing::default(),
            unprocessed: Unprocessed::default(),
            in_a_row: 0,
            input_ended: false,
            socket_is_empty: false,
            needs_draining: false,
            received: 0,
            sent: 0,
            began: watch.now,
            handshake_bytes: Some(Box::default()),
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
        self.socket_is_empty &= !readiness.is_readable();
        self.readiness.merge(readiness);
    }

    /// Does what can be done now without blocking. If there may be more than one read, or more records in it than one
    /// turn processes, other sessions have their turn before the next. What this session has queued by then is written,
    /// as far as the kernel takes it.
    pub fn turn(&mut self, watch: &mut Watch<'_>, scratch: &mut Scratch) -> Turn {
        let mut has_read = false;
        let mut tried_socket = false;
        loop {
            self.flush(watch);
            self.measure_output(watch);
            if has_read && self.can_fill() {
                self.socket_is_empty = false;
                watch.step(&self.id, &Step::Yielded);
                return Turn::Yield;
            }
            let filled = self.fill(watch, scratch);
            has_read |= filled;
            tried_socket |= filled;
            let advanced = self.advance(&mut tried_socket, watch);
            if let Phase::Closed(reason) = &self.phase {
                return Turn::Done(reason.clone());
            }
            if !filled && !advanced {
                self.socket_is_empty &= self.wants_fill(); // or the poll does not watch for bytes
                self.shrink();
                return Turn::Blocked;
            }
        }
    }

    /// Whether there is room for more from an application that is fed from outside.
    pub fn wants_input(&self) -> bool {
        self.phase.speaks() && self.pending_output <= OWED_MARK
    }

    /// Queues plaintext that comes from outside the session. The next [`turn`](Self::turn) writes it. A caller that does
    /// not ask [`wants_input`](Self::wants_input) first can queue more than the high-water mark.
    ///
    /// # Errors
    /// [`NotSent`] if the session takes no plaintext; then nothing of it is sent.
    pub fn send(&mut self, plaintext: &[u8], watch: &mut Watch<'_>) -> Result<(), NotSent> {
        let mut taken = false;
        self.converse(watch, |_, _, outbox| {
            if let Some(outbox) = outbox {
                outbox.send(plaintext);
                taken = true;
            }
            Next::Continue
        });
        if !taken || !self.phase.speaks() {
            return Err(NotSent); // not open before, or rustls refused, which ends the session
        }
        self.pending_output += plaintext.len();
        self.not_idle(watch);
        Ok(())
    }

    /// Has to follow each turn, one that yields too: a session that always has something to read may wait to write.
    /// Tells the poll what to watch for, if that is news, and hands the turn on. A poll that refuses ends the session,
    /// which could miss what it waits for.
    #[cfg(feature = "mio")]
    pub fn await_events(
        &mut self,
        turn: Turn,
        registrar: &mut Registrar,
        registry: &mio::Registry,
        watch: &mut Watch<'_>,
    ) -> Turn
    where
        T: mio::event::Source,
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

    /// What the poll is to watch for after a turn. Nothing: only a deadline can move this session.
    pub fn interest(&self) -> Interest {
        Interest { readable: self.wants_fill(), writable: self.phase.writes() && self.tls.wants_write() }
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
                    self.handshake_output = self.handshake_output.saturating_sub(written);
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

    /// Measures the pending output. If that shows that TLS has failed, the session fails.
    fn measure_output(&mut self, watch: &mut Watch<'_>) {
        match self.count_output() {
            Ok(pending) => self.pending_output = pending,
            Err(error) => {
                self.fail(error, watch);
                self.flush(watch); // the alert
            }
        }
    }

    /// How many bytes of ciphertext wait to be written. rustls tells only in the answer of `process_new_packets`.
    ///
    /// After the handshake that may be called again at any time, and does nothing if nothing has come. During the
    /// handshake it may not: rustls 0.23.46 keeps a rejected record of early data in its buffer until the next record
    /// that it can open, and charges it again at each call (`ConnectionCore::process_more_input`, the arm `Ok(None) =>
    /// continue`). So during the handshake the last answer counts, less what was written since.
    fn count_output(&mut self) -> Result<usize, rustls::Error> {
        if !self.tls.wants_write() {
            return Ok(0);
        }
        if self.tls.is_handshaking() {
            return Ok(self.handshake_output);
        }
        if !self.phase.reads() && !self.phase.speaks() {
            return Ok(self.pending_output); // nobody asks any more
        }
        self.tls.process_new_packets().map(|state| state.tls_bytes_to_write())
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
        if let Some(next) = self.ask(watch, what) {
            self.apply_next(next, watch);
        }
    }

    /// Lets the application do something, and returns what it decides. `None` if the session has failed by that.
    fn ask(
        &mut self,
        watch: &mut Watch<'_>,
        what: impl FnOnce(&mut A, Instant, Option<&mut Outbox<'_>>) -> Next,
    ) -> Option<Next> {
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
            self.fail(rustls::Error::General(refusal.to_string()), watch);
            return None;
        }
        if self.application_deadline() != timer {
            watch.step(&self.id, &Step::TimerSet(self.application_deadline()));
        }
        Some(next)
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
        let came = self.handshake_bytes.as_deref();
        // A server of TLS 1.2 authorizes the client before it finishes the handshake.
        let is_authorized = came.is_none() && self.tls.protocol_version() == Some(ProtocolVersion::TLSv1_2);
        match self.unanswered_request() {
            Some(request) if !is_authorized => Until::Asked { came, request },
            _ => came.map_or(Until::Established, Until::Handshake),
        }
    }

    /// The server's request for a certificate. `None` also if the server has sent data: then it accepted the answer.
    fn unanswered_request(&self) -> Option<&Detail> {
        self.notes.certificate_request.as_ref().filter(|_| self.received == 0)
    }

    /// The application.
    pub fn application(&self) -> &A {
        &self.application
    }

    /// The application, to be changed from outside. What it changes counts from the next [`turn`](Session::turn) on.
    pub fn application_mut(&mut self) -> &mut A {
        &mut self.application
    }

    /// Whether the socket of a session that is over must be drained before it is closed.
    ///
    /// A socket that is closed with unread bytes in it resets the connection, and the reset destroys what the peer has
    /// not read yet (RFC 1122, 4.2.2.13): an alert, or the rest of an answer (invariant I6).
    pub fn needs_draining(&self) -> bool {
        self.needs_draining
    }

    /// What is left when the session is over.
    pub fn into_parts(self) -> (T, A) {
        (self.transport, self.application)
    }
}
