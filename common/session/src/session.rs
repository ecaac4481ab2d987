//! One TLS session, driven by hand. Only this file and its parts move bytes through rustls (invariant I2).
//!
//! [`Session::turn`] is the whole machine:
//!
//! ```text
//! turn:  flush     write_tls: pending output goes first (I3)
//!        measure   how much output is still pending (I4)
//!        fill      one recv, then read_tls, process_new_packets and reader().read, until the bytes are used up
//!        advance   which phase do the facts lead to? which deadline has passed?        (session/advance.rs)
//!        … again, until nothing moves (Wait), one read is done (Again), or the session is over (Done)
//! ```
//!
//! The other parts: what a loop calls beside `turn` (session/calls.rs), the end of the handshake
//! (session/handshake_end.rs), and the limit of records in a turn (session/framing.rs, session/unprocessed.rs).

mod advance;
mod calls;
mod framing;
mod handshake_end;
mod tap;
mod unprocessed;

use std::io::{self, Read as _};
use std::sync::Arc;
use std::time::Instant;

use rustls::Connection;

use crate::application::{Application, HIGH_WATER_MARK, Next, Outbox};
use crate::authorize::{Authorize, Notes};
use crate::buffers::Buffers;
use crate::close_reason::CloseReason;
use crate::context::Context;
use crate::deadline::{Deadlines, Timeouts};
use crate::handshake_bytes::HandshakeBytes;
use crate::observer::{SessionId, Step};
use crate::phase::{Event, Phase};
use crate::readiness::{Interest, Readiness};
use crate::rustls_facts::{self, MESSAGE_TOO_LONG, PendingOutput};
use crate::transport::Transport;

use self::framing::Framing;
use self::tap::Tap;
use self::unprocessed::Unprocessed;

pub use self::calls::NotSent;

/// The result of a turn.
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub enum Turn {
    /// Nothing can be done before the socket or a deadline changes something. Wait for this.
    Wait(Wants),
    /// The limit of this turn is reached: one read, or so many records of it. Serve the other sessions, then call `turn`
    /// again. Do not sleep in between, but let the event source know what the session wants: a session that always has
    /// something to read may have to wait for room to write.
    Again(Wants),
    /// The session is over.
    Done(CloseReason),
}

/// What a session waits for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wants {
    /// Bytes from the peer, or its end.
    pub readable: bool,
    /// Room for bytes to the peer.
    pub writable: bool,
    /// A turn is due then, even if the event source reports nothing.
    pub deadline: Option<Instant>,
}

impl Wants {
    /// What to watch the socket for.
    pub fn interest(&self) -> Interest {
        Interest { readable: self.readable, writable: self.writable }
    }
}

/// What holds for every session of one end.
#[derive(Clone)]
pub struct SessionConfig {
    /// Decides whether a peer is accepted.
    pub authorize: Arc<dyn Authorize>,
    /// How long things may take.
    pub timeouts: Timeouts,
}

/// One TLS connection, the transport beneath it, and the application above it.
///
/// A loop calls [`turn`](Self::turn), and waits for what its answer says. It passes what the event source reports to
/// [`ready`](Self::ready). Every other call with `&mut self` makes a turn necessary, because there may be something to
/// write then. A session never blocks, and it never reads a clock.
pub struct Session<T, A> {
    id: SessionId,
    tls: Connection,
    transport: T,
    application: A,
    config: Arc<SessionConfig>,
    phase: Phase,
    readiness: Readiness,
    deadlines: Deadlines,
    input: Input,
    /// Ciphertext that is queued in rustls, as of the last measurement, and plaintext that was sent since.
    pending_output: usize,
    pending: PendingOutput,
    /// Whether pending output was above the high-water mark, and the application has not heard of its end.
    was_above_mark: bool,
    /// How many bytes have come since the socket was last empty.
    since_empty: usize,
    framing: Framing,
    unprocessed: Unprocessed,
    /// What the callbacks of rustls noted for this session.
    notes: Notes,
    /// What the peer has sent of its handshake. `None` once the handshake is done.
    handshake_bytes: Option<Box<HandshakeBytes>>,
    /// Bytes of plaintext that the application got.
    received: u64,
    /// Bytes of plaintext that the application sent.
    sent: u64,
    /// When the session began.
    began: Instant,
    needs_draining: bool,
}

/// What is known about the receiving half of the socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Input {
    /// It may hold bytes.
    Unknown,
    /// The last read took everything that was there, and the event source would have reported more.
    Empty,
    /// Its end-of-file or an error was read: nothing more comes.
    Ended,
}

impl<T: Transport, A: Application> Session<T, A> {
    /// Does what can be done now without blocking.
    ///
    /// A turn reads once. If there may be more, the other sessions have their turn first. What this session has queued by
    /// then is written, as far as the kernel takes it.
    pub fn turn(&mut self, cx: &mut Context<'_>) -> Turn {
        let mut has_read = false;
        let mut tried_socket = false;
        loop {
            self.flush(cx);
            let has_drained = self.measure_output(cx);
            if has_read && (self.can_fill() || has_drained) {
                self.note_input(Input::Unknown);
                cx.step(&self.id, &Step::Yielded);
                return Turn::Again(self.wants());
            }
            let filled = self.fill(cx);
            has_read |= filled || has_drained;
            tried_socket |= filled;
            let advanced = self.advance(&mut tried_socket, cx);
            if let Phase::Closed(reason) = &self.phase {
                return Turn::Done(reason.clone());
            }
            if !filled && !advanced && !has_drained {
                if !self.wants_fill() {
                    self.note_input(Input::Unknown); // nobody will hear of new bytes
                }
                rustls_facts::shrink(&mut self.tls);
                return Turn::Wait(self.wants());
            }
        }
    }

    // ---- flush -----------------------------------------------------------------------------------------------

    /// Writes pending output until there is none or the kernel takes no more. After a short write the rest stays in rustls.
    fn flush(&mut self, cx: &mut Context<'_>) {
        while self.phase.writes() && self.tls.wants_write() && self.readiness.is_writable() {
            let mut tap = Tap { transport: &mut self.transport, cx, id: self.id };
            match self.tls.write_tls(&mut tap) {
                Ok(0) => self.write_failed(&io::ErrorKind::WriteZero.into(), cx),
                Ok(written) => {
                    self.pending.wrote(written);
                    cx.step(&self.id, &Step::WroteTls(written));
                    self.peer_took_bytes(cx);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    cx.step(&self.id, &Step::WriteBlocked);
                    self.readiness.write_blocked();
                    self.peer_takes_nothing(cx);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => self.write_failed(&error, cx),
            }
        }
    }

    /// Measures the pending output. If TLS has failed meanwhile, the session fails. If the output has fallen below the
    /// high-water mark, the application hears of it, and may send more: then this returns `true`.
    fn measure_output(&mut self, cx: &mut Context<'_>) -> bool {
        if !self.phase.reads() && !self.phase.sends() {
            return false; // nobody asks any more
        }
        match self.pending.measure(&mut self.tls) {
            Ok(pending) => self.pending_output = pending,
            Err(error) => {
                self.fail(error, cx);
                self.flush(cx); // the alert
                return false;
            }
        }
        let has_drained = self.pending_output <= HIGH_WATER_MARK && std::mem::take(&mut self.was_above_mark);
        if has_drained {
            self.converse(cx, |application, now, outbox| match outbox {
                Some(outbox) => application.drained(now, outbox),
                None => Next::Continue,
            });
        }
        has_drained
    }

    // ---- fill ------------------------------------------------------------------------------------------------

    /// Does one read and everything that follows from it. Returns whether something came, or the end of the input.
    fn fill(&mut self, cx: &mut Context<'_>) -> bool {
        if !self.can_fill() {
            return false;
        }
        let mut buffers = cx.buffers.take();
        let filled = self.fill_from(&mut buffers, cx);
        *cx.buffers = buffers;
        filled
    }

    fn fill_from(&mut self, buffers: &mut Buffers, cx: &mut Context<'_>) -> bool {
        let (ciphertext, plaintext) = buffers.split(cx.limits.next_read(self.since_empty));
        if !self.unprocessed.is_empty() {
            let rest = std::mem::take(&mut self.unprocessed);
            let used = self.receive(rest.bytes(), plaintext, cx);
            self.unprocessed = rest.without(used);
            return true;
        }
        match self.read(ciphertext) {
            Ok(received) => {
                let is_short = received < ciphertext.len();
                self.received_bytes(&ciphertext[..received], is_short, plaintext, cx);
                true
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                cx.step(&self.id, &Step::ReadBlocked);
                self.since_empty = 0;
                self.readiness.read_blocked();
                self.note_input(Input::Empty);
                self.on(Event::NothingToRead, cx)
            }
            Err(error) => {
                self.note_input(Input::Ended);
                self.read_failed(&error, cx);
                true
            }
        }
    }

    /// One `recv`. If a signal handler interrupts it, it is tried again.
    fn read(&mut self, ciphertext: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.transport.read(ciphertext) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => return other,
            }
        }
    }

    /// Processes the bytes of one read. No bytes are the peer's FIN.
    fn received_bytes(&mut self, bytes: &[u8], is_short: bool, plaintext: &mut [u8], cx: &mut Context<'_>) {
        cx.step(&self.id, &Step::Received(bytes));
        self.since_empty = if is_short { 0 } else { self.since_empty.saturating_add(bytes.len()) };
        if is_short && T::SHORT_READ_MEANS_EMPTY && !matches!(self.phase, Phase::WriteFailed { .. }) {
            self.readiness.read_short();
        }
        let is_empty = is_short && !self.readiness.is_readable();
        self.note_input(if is_empty { Input::Empty } else { Input::Unknown });
        if bytes.is_empty() {
            return self.receive_fin(cx);
        }
        if self.phase == Phase::HalfClosed {
            return self.note_input(Input::Unknown); // bytes behind close_notify are ignored (RFC 8446, 6.1)
        }
        self.note_handshake_bytes(bytes, cx);
        let used = self.receive(bytes, plaintext, cx);
        if used < bytes.len() {
            self.unprocessed = Unprocessed::keep(&bytes[used..]);
        }
    }

    /// Passes `bytes` to rustls until they are used up, or as many records as one turn may process. Returns how many bytes
    /// are done with. The caller keeps the rest, because the buffer belongs to all sessions.
    fn receive(&mut self, bytes: &[u8], plaintext: &mut [u8], cx: &mut Context<'_>) -> usize {
        let mut records_left = cx.limits.records();
        let mut left = bytes;
        // An empty slice would mean end-of-file to rustls, for ever.
        while !left.is_empty() && self.phase.reads() {
            // A handshake is not cut: rustls bounds its messages.
            let offered = match self.tls.is_handshaking() {
                true => left.len(),
                false => self.framing.fit(left, records_left),
            };
            if offered == 0 {
                return bytes.len() - left.len();
            }
            let taken = match self.tls.read_tls(&mut &left[..offered]) {
                Ok(0) => {
                    self.note_input(Input::Unknown); // rustls has the peer's close_notify, and takes nothing behind it
                    break;
                }
                Ok(taken) => taken,
                Err(_) => {
                    self.fail(MESSAGE_TOO_LONG, cx);
                    break;
                }
            };
            let taken_bytes;
            (taken_bytes, left) = left.split_at(taken);
            records_left = records_left.saturating_sub(self.framing.advance(taken_bytes));
            cx.step(&self.id, &Step::ReadTls(taken_bytes));

            let processed = self.process();
            cx.step(&self.id, &Step::Processed(&processed));
            match processed {
                Ok(state) => {
                    if !self.end_handshake(plaintext, cx) {
                        break; // refused: none of its plaintext reaches the application
                    }
                    self.deliver(plaintext, cx);
                    if state.peer_has_closed() {
                        // What follows close_notify is ignored (RFC 8446, 6.1), and never taken. More may come.
                        if !left.is_empty() || !self.framing.ends_with_alert() {
                            self.note_input(Input::Unknown);
                        }
                        break;
                    }
                }
                Err(error) => {
                    self.deliver(plaintext, cx); // of the records before the bad one
                    self.fail(error, cx);
                    break;
                }
            }
        }
        bytes.len()
    }

    /// Processes the peer's FIN. rustls hears of it too, so that it knows everything about the peer's end.
    fn receive_fin(&mut self, cx: &mut Context<'_>) {
        self.note_input(Input::Ended);
        if self.on(Event::NothingToRead, cx) {
            return;
        }
        if self.phase == Phase::HalfClosed {
            return self.readiness.read_blocked(); // end-of-file stays readable; only a reset is news now
        }
        if self.tls.read_tls(&mut io::empty()).is_err() {
            return self.fail(MESSAGE_TOO_LONG, cx);
        }
        cx.step(&self.id, &Step::ReadTls(&[]));
        let processed = self.process();
        cx.step(&self.id, &Step::Processed(&processed));
        if let Err(error) = processed {
            self.fail(error, cx);
        }
    }

    /// Gives all plaintext that rustls has to the application. The plaintext of a peer that is not authorized is dropped.
    fn deliver(&mut self, buffer: &mut [u8], cx: &mut Context<'_>) {
        // The reader returns 0 behind close_notify, and an error if it is empty or behind a bare FIN. All three mean that
        // nothing is left now. `rustls_facts::peer_end` tells them apart.
        while let Ok(length @ 1..) = self.tls.reader().read(buffer) {
            if !self.phase.is_authorized() {
                continue;
            }
            let plaintext = &buffer[..length];
            self.note_plaintext(plaintext, cx);
            self.converse(cx, |application, now, outbox| application.received(now, plaintext, outbox));
        }
    }

    fn note_plaintext(&mut self, plaintext: &[u8], cx: &mut Context<'_>) {
        cx.step(&self.id, &Step::PlaintextIn(plaintext));
        self.received += plaintext.len() as u64;
        self.not_idle(cx);
    }

    // ---- the application -------------------------------------------------------------------------------------

    /// Calls the application, and does what it decides. The outbox is `None` if nothing can be sent.
    ///
    /// The decision is the last thing that happens here, so a phase that it leads to never leads back to this call.
    fn converse(
        &mut self,
        cx: &mut Context<'_>,
        call: impl FnOnce(&mut A, Instant, Option<&mut Outbox<'_>>) -> Next,
    ) {
        match self.ask(cx, call) {
            Some(Next::Close) => _ = self.on(Event::ApplicationCloses, cx),
            Some(Next::Abandon) => _ = self.on(Event::ApplicationAbandons, cx),
            Some(Next::Continue) | None => {}
        }
    }

    /// Calls the application, and returns what it decides. `None`: rustls refused what it sent, and the session has failed.
    fn ask(
        &mut self,
        cx: &mut Context<'_>,
        call: impl FnOnce(&mut A, Instant, Option<&mut Outbox<'_>>) -> Next,
    ) -> Option<Next> {
        let timer = self.application_deadline();
        let can_send = self.phase.sends() && !rustls_facts::has_failed(&mut self.tls);
        let (now, sent_before) = (cx.now, self.sent);
        let (id, sent) = (self.id, &mut self.sent);
        let mut report = |plaintext: &[u8]| {
            *sent += plaintext.len() as u64;
            cx.step(&id, &Step::PlaintextOut(plaintext));
        };
        let mut outbox = can_send.then(|| Outbox::new(self.tls.writer(), &mut report));
        let next = call(&mut self.application, now, outbox.as_mut());
        if let Some(refusal) = outbox.and_then(Outbox::into_refusal) {
            self.fail(rustls::Error::General(refusal.to_string()), cx);
            return None;
        }
        self.pending_output += usize::try_from(self.sent - sent_before).unwrap_or(usize::MAX); // until it is measured
        self.was_above_mark |= self.pending_output > HIGH_WATER_MARK;
        if self.application_deadline() != timer {
            cx.step(&self.id, &Step::TimerSet(self.application_deadline()));
        }
        Some(next)
    }
}

impl<T, A: Application> Session<T, A> {
    /// What the session waits for, as of the last turn.
    pub fn wants(&self) -> Wants {
        Wants {
            readable: self.wants_fill(),
            writable: self.phase.writes() && self.tls.wants_write(),
            deadline: [self.deadlines.earliest(), self.application_deadline()].into_iter().flatten().min(),
        }
    }

    /// Returns whether there may be something to process now.
    fn can_fill(&self) -> bool {
        (self.readiness.is_readable() || !self.unprocessed.is_empty()) && self.wants_fill()
    }

    /// Reads unless TLS is finished or too much output is pending.
    fn wants_fill(&self) -> bool {
        match self.phase {
            // Output will never be written, and holds nothing up.
            Phase::WriteFailed { .. } => true,
            // rustls takes nothing more. The socket is read to notice a reset.
            Phase::HalfClosed => true,
            Phase::Handshaking | Phase::Established | Phase::Closing { .. } => {
                rustls_facts::takes_input(&self.tls)
                    && self.input != Input::Ended
                    && self.application.reads_on(self.pending_output)
            }
            Phase::PeerClosed { .. } | Phase::Finishing | Phase::Failing { .. } | Phase::Closed(_) => false,
        }
    }

    fn application_deadline(&self) -> Option<Instant> {
        if self.phase.sends() { self.application.deadline() } else { None }
    }

    /// Notes what is known about the receiving half. Its end is final.
    fn note_input(&mut self, input: Input) {
        if self.input != Input::Ended {
            self.input = input;
        }
    }
}
