//! fill: one read from the peer, and what follows from it.

use std::io::{self, Read as _};

use rustls::{Connection, InvalidMessage, IoState, Side};

use super::Session;
use super::unprocessed::Unprocessed;
use crate::application::{Application, Next};
use crate::authorize::take_notes;
use crate::buffers::Scratch;
use crate::close_reason::CloseReason;
use crate::deadline::Timeout;
use crate::handshake::Handshake;
use crate::observer::{Step, Watch};
use crate::phase::Phase;
use crate::transport::Transport;

/// How many records one turn gives to rustls after the handshake. A read of 32 KiB can hold 1,400 records of one byte, or
/// 650 of them with a key update before each. Without this limit one such client slows all others down.
const RECORDS: usize = 64;

/// The error for a `read_tls` that fails: a handshake message is larger than rustls' buffer. Nothing else is left, because
/// its reader cannot fail and its plaintext is always taken out. rustls queues no alert for it.
const MESSAGE_TOO_LONG: rustls::Error =
    rustls::Error::InvalidMessage(InvalidMessage::HandshakePayloadTooLarge);

impl<T: Transport, A: Application> Session<T, A> {
    /// One `recv`, or the rest of the last one, and all that follows from it.
    pub(super) fn fill(&mut self, watch: &mut Watch<'_>, scratch: &mut Scratch) -> bool {
        if !self.can_fill() {
            return false;
        }
        let (ciphertext, plaintext) = scratch.lend(self.in_a_row);
        if !self.unprocessed.is_empty() {
            let rest = std::mem::take(&mut self.unprocessed);
            let used = self.receive(rest.bytes(), plaintext, watch);
            self.unprocessed = rest.without(used);
            return true;
        }
        match self.read(ciphertext) {
            Ok(received) => {
                let bytes = &ciphertext[..received];
                watch.step(&self.id, &Step::Received(bytes));
                let short = received < ciphertext.len();
                self.in_a_row = if short { 0 } else { self.in_a_row.saturating_add(received) };
                if short && !matches!(self.phase, Phase::Severed { .. }) {
                    self.readiness.read_short();
                }
                self.socket_is_empty = short && !self.readiness.is_readable();
                if bytes.is_empty() {
                    self.receive_fin(watch);
                } else if self.phase == Phase::HalfClosed {
                    self.socket_is_empty = false; // what comes behind close_notify is ignored (RFC 8446, 6.1)
                } else {
                    self.note_handshake_bytes(bytes, watch);
                    let used = self.receive(bytes, plaintext, watch);
                    if used < bytes.len() {
                        self.unprocessed = Unprocessed::keep(&bytes[used..]);
                    }
                }
                true
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                watch.step(&self.id, &Step::ReadBlocked);
                self.in_a_row = 0;
                self.readiness.read_blocked();
                self.socket_is_empty = true;
                self.end_severed(watch)
            }
            Err(error) => {
                self.input_ended = true;
                self.read_failed(&error, watch);
                true
            }
        }
    }

    /// One `recv`. A signal handler that ran in the middle of it says nothing about the socket.
    fn read(&mut self, ciphertext: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.transport.read(ciphertext) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => return other,
            }
        }
    }

    /// Whether there may be something to process, and it is wanted.
    pub(super) fn can_fill(&self) -> bool {
        (self.readiness.is_readable() || !self.unprocessed.is_empty()) && self.wants_fill()
    }

    /// Reads unless TLS is finished or too much output is pending.
    pub(super) fn wants_fill(&self) -> bool {
        match self.phase {
            // Output will never be sent, and holds nothing up.
            Phase::Severed { .. } => true,
            // rustls takes nothing more. The socket is read to notice a reset.
            Phase::HalfClosed => true,
            // During a handshake rustls does not want to read while output is pending. We read anyway: the peer may
            // not read before we do.
            Phase::Handshaking | Phase::Established | Phase::Closing { .. } => {
                (self.tls.wants_read() || self.tls.is_handshaking())
                    && !self.input_ended
                    && self.application.reads_on(self.pending_output)
            }
            Phase::PeerClosed { .. } | Phase::Finishing | Phase::Failing { .. } | Phase::Closed(_) => false,
        }
    }

    /// Gives `bytes` to rustls until they are used up, or as many records as one turn may process. Returns how many
    /// bytes are done with. What is left must be kept, because the buffer belongs to all sessions.
    fn receive(&mut self, bytes: &[u8], plaintext: &mut [u8], watch: &mut Watch<'_>) -> usize {
        let mut records_left = RECORDS;
        let mut left = bytes;
        // An empty slice would mean end-of-file to rustls, for ever.
        while !left.is_empty() && self.phase.reads() {
            // A handshake is not cut: its messages are bounded by rustls.
            let offered = match self.tls.is_handshaking() {
                true => left.len(),
                false => self.framing.fit(left, records_left),
            };
            if offered == 0 {
                return bytes.len() - left.len();
            }
            let taken = match self.tls.read_tls(&mut &left[..offered]) {
                Ok(0) => {
                    self.socket_is_empty = false; // rustls has the peer's close_notify, and takes nothing behind it
                    break;
                }
                Ok(taken) => taken,
                Err(_) => {
                    self.fail(MESSAGE_TOO_LONG, watch);
                    break;
                }
            };
            let taken_bytes;
            (taken_bytes, left) = left.split_at(taken);
            records_left = records_left.saturating_sub(self.framing.advance(taken_bytes));
            watch.step(&self.id, &Step::ReadTls(taken_bytes));

            let processed = self.process();
            watch.step(&self.id, &Step::Processed(&processed));
            match processed {
                Ok(state) => {
                    self.handshake_output = state.tls_bytes_to_write();
                    if !self.establish(plaintext, watch) {
                        break; // not acceptable: not a byte of it reaches the application
                    }
                    self.deliver(plaintext, watch);
                    if state.peer_has_closed() {
                        // What follows close_notify is ignored (RFC 8446, 6.1), and never taken. More may come.
                        self.socket_is_empty &= left.is_empty() && self.framing.ends_with_alert();
                        break;
                    }
                }
                Err(error) => {
                    self.deliver(plaintext, watch); // of the records before the bad one
                    self.fail(error, watch);
                    break;
                }
            }
        }
        bytes.len()
    }

    /// While the handshake lasts: remembers how the peer began, and ends the wait for its first byte.
    fn note_handshake_bytes(&mut self, bytes: &[u8], watch: &mut Watch<'_>) {
        let Some(handshake_bytes) = &mut self.handshake_bytes else { return };
        let first = handshake_bytes.length() == 0;
        handshake_bytes.add(bytes);
        if first && self.peer_side() == Side::Server {
            self.stop(Timeout::Wait, watch);
            self.start(Timeout::Handshake, watch);
        }
    }

    /// The peer's FIN. rustls is told too, so that all knowledge of the peer's end is in one place.
    fn receive_fin(&mut self, watch: &mut Watch<'_>) {
        self.input_ended = true;
        if self.end_severed(watch) {
            return;
        }
        if self.phase == Phase::HalfClosed {
            self.readiness.read_blocked(); // end-of-file stays readable; only a reset is news now
            return;
        }
        if self.tls.read_tls(&mut io::empty()).is_err() {
            return self.fail(MESSAGE_TOO_LONG, watch);
        }
        watch.step(&self.id, &Step::ReadTls(&[]));
        let processed = self.process();
        watch.step(&self.id, &Step::Processed(&processed));
        if let Err(error) = processed {
            self.fail(error, watch);
        }
    }

    /// Processes what was read. What rustls' callbacks note during a handshake belongs to this session.
    fn process(&mut self) -> Result<IoState, rustls::Error> {
        if !self.tls.is_handshaking() {
            return self.tls.process_new_packets();
        }
        take_notes(); // of a call that was not a session's
        let processed = self.tls.process_new_packets();
        self.notes.add(take_notes());
        processed
    }

    /// If the handshake has just ended: judges the peer, reports, and lets the application speak. `false` if the
    /// session ends here instead. Resumed sessions are judged like full ones; rustls asks no verifier for them.
    fn establish(&mut self, buffer: &mut [u8], watch: &mut Watch<'_>) -> bool {
        if self.tls.is_handshaking() || !matches!(self.phase, Phase::Handshaking) {
            return true;
        }
        let authorization = self.config.authorize.authorize(self.tls.peer_certificates());
        self.handshake_bytes = None;
        let took = watch.now.saturating_duration_since(self.began);
        let handshake = Handshake::of(&self.tls, authorization, self.notes.certificate_request.clone(), took);
        watch.step(&self.id, &Step::Established(&handshake));
        if let Some(why) = &handshake.authorization.refusal {
            // rustls lets nobody send an alert of their own, so a FIN has to say it.
            self.enter(Phase::Closed(CloseReason::Unauthorized(why.clone())), watch);
            return false;
        }
        self.enter(Phase::Established, watch);
        self.converse(watch, |application, now, outbox| {
            outbox.map_or(Next::Continue, |outbox| application.established(now, outbox))
        });
        self.deliver_early(buffer, watch);
        true
    }

    /// Hands the early data that rustls has accepted to the application.
    fn deliver_early(&mut self, buffer: &mut [u8], watch: &mut Watch<'_>) {
        // rustls keeps early data apart, up to `max_early_data_size`. Its reader fails only if there is none.
        while let Connection::Server(tls) = &mut self.tls
            && let Some(mut early_data) = tls.early_data()
            && let Ok(length @ 1..) = early_data.read(buffer)
        {
            let plaintext = &buffer[..length];
            self.note_plaintext(plaintext, watch);
            self.converse(watch, |application, now, outbox| {
                application.received_early(now, plaintext, outbox)
            });
        }
    }

    /// Hands all plaintext that rustls has to the application. That of a peer that has not been judged is thrown
    /// away.
    fn deliver(&mut self, buffer: &mut [u8], watch: &mut Watch<'_>) {
        // rustls' reader returns 0 after close_notify and an error when it is empty or at a bare end-of-file: all
        // three mean that there is no more now, and `peer_end` tells them apart.
        while let Ok(length @ 1..) = self.tls.reader().read(buffer) {
            if !self.phase.judged() {
                continue;
            }
            let plaintext = &buffer[..length];
            self.note_plaintext(plaintext, watch);
            self.converse(watch, |application, now, outbox| application.received(now, plaintext, outbox));
        }
    }

    fn note_plaintext(&mut self, plaintext: &[u8], watch: &mut Watch<'_>) {
        watch.step(&self.id, &Step::PlaintextIn(plaintext));
        self.received += plaintext.len() as u64;
        self.not_idle(watch);
    }
}
