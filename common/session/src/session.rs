//! One TLS session, driven by hand. Only this file and its parts move bytes through rustls (invariant I2).
//!
//! [`Session::turn`] does everything:
//!
//! ```text
//! turn:  flush     write_tls: pending output goes first (I3)
//!        measure   the output that is still pending (I4)
//!        fill      one recv, then read_tls, process_new_packets and reader().read, until the bytes are used up
//!        resume    tell the application that there is room again
//!        advance   pass the facts to the phase table, handle a deadline that has passed     (session/advance.rs)
//!        … again, until nothing changes (Wait), one read is done and more is ready (Again), or it is over (Done)
//! ```
//!
//! The other parts are the events that a session waits for (session/wants.rs), the other methods (session/calls.rs), the
//! end of the handshake (session/handshake_end.rs), and the writer that reports to the observer (session/tap.rs).

mod advance;
mod calls;
mod handshake_end;
mod tap;
mod wants;

use std::io::{self, Read as _};
use std::sync::Arc;
use std::time::Instant;

use rustls::Connection;

use crate::application::{Application, Next, Outbox};
use crate::authorize::{Authorize, Notes};
use crate::buffers::Buffers;
use crate::close_reason::CloseReason;
use crate::context::{Context, MAX_RECORDS};
use crate::deadline::{Deadlines, Timeouts};
use crate::framing::Framing;
use crate::handshake_bytes::HandshakeBytes;
use crate::observer::{SessionId, Step};
use crate::pending_output::PendingOutput;
use crate::phase::{Event, Phase};
use crate::readiness::Readiness;
use crate::rustls_facts::{self, MESSAGE_TOO_LONG};
use crate::transport::Transport;

use self::tap::Tap;
use self::wants::Input;

pub use self::calls::NotSent;
pub use self::wants::{Turn, Wants};

/// The configuration that the sessions of a program share.
#[derive(Clone)]
pub struct SessionConfig {
    /// Decides whether a peer is accepted.
    pub authorize: Arc<dyn Authorize>,
    /// The lengths of the deadlines.
    pub timeouts: Timeouts,
}

/// One TLS connection, the transport beneath it, and the application above it.
///
/// A loop calls [`turn`](Self::turn), and waits for the events in its result. It passes the events that come to
/// [`ready`](Self::ready). Call `turn` after every other method that takes `&mut self`, because the session may have
/// output. A session never blocks, and it never reads a clock.
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
    pending_output: PendingOutput,
    /// The number of bytes that were read since the socket was last empty.
    since_empty: usize,
    framing: Framing,
    /// Ciphertext that was read and not yet passed to rustls. It is at most one read (invariant I4), and usually empty.
    unprocessed: Vec<u8>,
    /// The number of records of application data that our keys can still seal.
    records_left: u64,
    /// The notes of rustls' callbacks for this session.
    notes: Notes,
    /// The peer's first bytes. `None` once the handshake is done.
    handshake_bytes: Option<Box<HandshakeBytes>>,
    /// Bytes of plaintext that the application received.
    received: u64,
    /// Bytes of plaintext that the application sent.
    sent: u64,
    began: Instant,
    /// Whether the loop has closed the session in the middle of an answer.
    closes_after_answer: bool,
    needs_draining: bool,
}

/// The things that one turn does at most once before a deadline counts.
#[derive(Default)]
struct Tried {
    /// Whether the turn has read from the socket, or found it empty.
    socket: bool,
    /// Whether the turn has called the timer of the application. A timer that is still due is called by the next turn.
    timer: bool,
}

impl<T: Transport, A: Application> Session<T, A> {
    /// Does everything that is possible now without blocking.
    ///
    /// A turn reads once. If the socket may hold more, the other sessions have their turns first. Before the turn
    /// ends, it writes as much pending output as the kernel takes.
    pub fn turn(&mut self, cx: &mut Context<'_>) -> Turn {
        let mut has_moved = false;
        let mut tried = Tried::default();
        loop {
            self.flush(cx);
            self.measure_output(cx);
            if has_moved && (self.can_fill() || self.can_resume()) {
                self.note_input(Input::Unknown);
                cx.step(&self.id, &Step::Yielded);
                return Turn::Again(self.wants());
            }
            let filled = self.fill(cx);
            // After the read. Before it, an application that always sends would keep its session from reading.
            let resumed = self.resume(cx);
            has_moved |= filled || resumed;
            tried.socket |= filled;
            let advanced = self.advance(&mut tried, cx);
            if let Phase::Closed(reason) = &self.phase {
                return Turn::Done(reason.clone());
            }
            if !filled && !resumed && !advanced {
                if !self.wants_fill() {
                    self.note_input(Input::Unknown); // the socket is not watched for new bytes
                }
                rustls_facts::shrink(&mut self.tls);
                return Turn::Wait(self.wants());
            }
        }
    }

    // ---- flush -----------------------------------------------------------------------------------------------

    /// Writes pending output until none is left or the kernel takes no more. The rest stays in rustls.
    fn flush(&mut self, cx: &mut Context<'_>) {
        while self.phase.writes() && self.tls.wants_write() && self.readiness.is_writable() {
            let mut tap = Tap { transport: &mut self.transport, cx, id: self.id };
            match self.tls.write_tls(&mut tap) {
                Ok(0) => self.write_failed(&io::ErrorKind::WriteZero.into(), cx),
                Ok(written) => {
                    self.pending_output.wrote(written);
                    cx.step(&self.id, &Step::WroteTls(written));
                    self.note_write(cx);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    cx.step(&self.id, &Step::WriteBlocked);
                    self.readiness.write_blocked();
                    self.note_write_blocked(cx);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => self.write_failed(&error, cx),
            }
        }
    }

    /// Measures the pending output. If TLS has failed, fails the session.
    fn measure_output(&mut self, cx: &mut Context<'_>) {
        if !self.phase.reads() && !self.phase.sends() {
            return; // the number is not needed any more
        }
        if let Err(error) = self.pending_output.measure(&mut self.tls) {
            self.fail(error, cx);
            self.flush(cx); // writes the alert
        }
    }

    /// Returns whether the application can send again, and does not know it yet.
    fn can_resume(&self) -> bool {
        self.pending_output.has_fallen() && self.phase.sends()
    }

    /// Calls the application if it can send again. Returns whether it did.
    fn resume(&mut self, cx: &mut Context<'_>) -> bool {
        let can_resume = self.can_resume();
        if can_resume {
            self.pending_output.note_fallen();
            self.call_application(cx, |application, now, outbox| match outbox {
                Some(outbox) => application.resume_sending(now, outbox),
                None => Next::Continue,
            });
        }
        can_resume
    }

    // ---- fill ------------------------------------------------------------------------------------------------

    /// Reads once, and processes the result. Returns whether something has changed: bytes, end-of-file or an error
    /// came.
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
            self.receive(&rest, plaintext, cx);
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

    /// Calls `recv` once, and again if a signal handler interrupted it.
    fn read(&mut self, ciphertext: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.transport.read(ciphertext) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => return other,
            }
        }
    }

    /// Processes the bytes of one read. An empty slice is the peer's FIN.
    fn received_bytes(&mut self, bytes: &[u8], is_short: bool, plaintext: &mut [u8], cx: &mut Context<'_>) {
        cx.step(&self.id, &Step::Received(bytes));
        self.since_empty = if is_short { 0 } else { self.since_empty.saturating_add(bytes.len()) };
        if is_short && T::EDGE_TRIGGERED && !matches!(self.phase, Phase::WriteFailed { .. }) {
            self.readiness.read_short();
        }
        let is_empty = is_short && !self.readiness.is_readable();
        self.note_input(if is_empty { Input::Empty } else { Input::Unknown });
        if bytes.is_empty() {
            return self.receive_fin(cx);
        }
        if self.phase == Phase::HalfClosed {
            // RFC 8446, 6.1: "Any data received after a closure alert has been received MUST be ignored."
            return self.note_input(Input::Unknown);
        }
        self.note_handshake_bytes(bytes, cx);
        self.receive(bytes, plaintext, cx);
    }

    /// Passes `bytes` to rustls, up to the limit of records of a turn. Copies the rest, because all sessions share the
    /// buffer.
    fn receive(&mut self, bytes: &[u8], plaintext: &mut [u8], cx: &mut Context<'_>) {
        let mut records = MAX_RECORDS;
        let mut left = bytes;
        // rustls would take an empty slice for end-of-file, and remember that.
        while !left.is_empty() && self.phase.reads() {
            // The limit holds after the handshake only. rustls itself limits the messages of a handshake.
            let offered = match self.tls.is_handshaking() {
                true => left.len(),
                false => self.framing.fit(left, records),
            };
            if offered == 0 {
                self.unprocessed = left.to_vec();
                break;
            }
            let taken = match self.tls.read_tls(&mut &left[..offered]) {
                Ok(0) => {
                    self.note_input(Input::Unknown); // rustls ignores bytes after the peer's close_notify
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
            records = records.saturating_sub(self.framing.advance(taken_bytes));
            cx.step(&self.id, &Step::ReadTls(taken_bytes));

            let processed = self.process();
            cx.step(&self.id, &Step::Processed(&processed));
            match processed {
                Ok(state) => {
                    if !self.end_handshake(plaintext, cx) {
                        break; // the peer is refused: its plaintext does not reach the application
                    }
                    self.deliver(plaintext, cx);
                    if state.peer_has_closed() {
                        // Bytes after close_notify are ignored (RFC 8446, 6.1). If there are any, more may come.
                        if !left.is_empty() || !self.framing.ends_with_alert() {
                            self.note_input(Input::Unknown);
                        }
                        break;
                    }
                }
                Err(error) => {
                    // The plaintext of the records before the bad one. If the handshake has ended in this same call, the
                    // phase is still `Handshaking`. The peer was not authorized, so `deliver` drops its data.
                    self.deliver(plaintext, cx);
                    self.fail(error, cx);
                    break;
                }
            }
        }
    }

    /// Processes the peer's FIN, and passes it to rustls.
    fn receive_fin(&mut self, cx: &mut Context<'_>) {
        self.note_input(Input::Ended);
        if self.on(Event::NothingToRead, cx) {
            return;
        }
        if self.phase == Phase::HalfClosed {
            return self.readiness.read_blocked(); // end-of-file stays readable, so only an event makes us read again
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

    /// Passes all plaintext that rustls has to the application. Drops the plaintext of a peer that is not authorized.
    fn deliver(&mut self, buffer: &mut [u8], cx: &mut Context<'_>) {
        // The reader returns 0 after close_notify. It returns an error if it is empty, or after a FIN alone. In all
        // three cases no plaintext is left now. `rustls_facts::peer_end` distinguishes them.
        while let Ok(length @ 1..) = self.tls.reader().read(buffer) {
            if !self.phase.is_authorized() {
                continue;
            }
            let plaintext = &buffer[..length];
            self.note_plaintext(plaintext, cx);
            self.call_application(cx, |application, now, outbox| {
                application.received(now, plaintext, outbox)
            });
        }
    }

    /// Counts and reports plaintext for the application.
    fn note_plaintext(&mut self, plaintext: &[u8], cx: &mut Context<'_>) {
        cx.step(&self.id, &Step::PlaintextIn(plaintext));
        self.received += plaintext.len() as u64;
        self.restart_idle_deadline(cx);
    }

    // ---- the application -------------------------------------------------------------------------------------

    /// Calls the application, and passes its decision to the phase table. The outbox is `None` if nothing can be sent.
    ///
    /// The decision is handled last, so entering the next phase cannot come back into this call.
    fn call_application(
        &mut self,
        cx: &mut Context<'_>,
        call: impl FnOnce(&mut A, Instant, Option<&mut Outbox<'_>>) -> Next,
    ) {
        match self.ask_application(cx, call) {
            Some(Next::Close) => _ = self.on(Event::ApplicationCloses, cx),
            Some(Next::Abandon) => _ = self.on(Event::ApplicationAbandons, cx),
            Some(Next::Abort) => _ = self.on(Event::Failed(CloseReason::Aborted), cx),
            Some(Next::Continue) | None => {}
        }
    }

    /// Calls the application, and returns its decision. `None`: what it sent was rejected, and the session has failed.
    fn ask_application(
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
        let mut outbox =
            can_send.then(|| Outbox::new(self.tls.writer(), &mut self.records_left, &mut report));
        let next = call(&mut self.application, now, outbox.as_mut());
        if let Some(rejection) = outbox.and_then(Outbox::into_rejection) {
            self.sending_failed(rejection, cx);
            return None;
        }
        self.pending_output.sent(usize::try_from(self.sent - sent_before).unwrap_or(usize::MAX));
        if self.application_deadline() != timer {
            cx.step(&self.id, &Step::TimerSet(self.application_deadline()));
        }
        Some(next)
    }
}
