//! fill: one helping from the peer, used up.

use std::io::{self, Read as _};

use rustls::{InvalidMessage, IoState, Side};

use super::Session;
use crate::application::{Application, Next};
use crate::close_reason::CloseReason;
use crate::deadline::Timeout;
use crate::handshake::Handshake;
use crate::observer::{Step, Watch};
use crate::phase::Phase;
use crate::scratch::Scratch;
use crate::transport::Transport;

/// What it means when `read_tls` takes nothing of a helping: its reader cannot fail, and its plaintext is always
/// taken out, so only a handshake message that fills rustls' buffer is left. rustls queues no alert for it.
const MESSAGE_TOO_LONG: rustls::Error =
    rustls::Error::InvalidMessage(InvalidMessage::HandshakePayloadTooLarge);

impl<T: Transport, A: Application> Session<T, A> {
    /// One `recv`, and all that follows from it.
    pub(super) fn fill(&mut self, watch: &mut Watch<'_>, scratch: &mut Scratch) -> bool {
        if !self.can_fill() {
            return false;
        }
        let (ciphertext, plaintext) = scratch.lend(self.in_a_row);
        match self.transport.read(ciphertext) {
            Ok(received) => {
                let helping = &ciphertext[..received];
                watch.step(&self.id, &Step::Received(helping));
                let short = received < ciphertext.len();
                self.in_a_row = if short { 0 } else { self.in_a_row.saturating_add(received) };
                if short && !matches!(self.phase, Phase::Severed { .. }) {
                    self.readiness.read_short();
                }
                if helping.is_empty() {
                    self.receive_fin(watch)
                } else {
                    self.receive(helping, plaintext, watch)
                }
                true
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => true,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                watch.step(&self.id, &Step::ReadBlocked);
                self.in_a_row = 0;
                self.readiness.read_blocked();
                self.end_severed(watch)
            }
            Err(error) => {
                self.read_failed(&error, watch);
                true
            }
        }
    }

    /// Whether there may be something to read, and it is wanted.
    pub(super) fn can_fill(&mut self) -> bool {
        self.readiness.is_readable() && self.wants_fill()
    }

    /// Whether to read is TLS's question, and memory's.
    pub(super) fn wants_fill(&mut self) -> bool {
        if !self.phase.reads() || self.peer_end().is_some() {
            return false;
        }
        if matches!(self.phase, Phase::Severed { .. }) {
            return true; // what we owe will never be sent, and holds nothing up
        }
        let owed = self.owed();
        // In a handshake rustls wants to write before it reads, and wants nothing while it cannot. Whether the peer
        // reads may depend on its being read from, so it is.
        (self.tls.wants_read() || self.tls.is_handshaking()) && self.application.reads_on(owed)
    }

    /// Uses a helping up. Nothing of it may stay behind when the session is left, because the buffer is everybody's.
    fn receive(&mut self, mut helping: &[u8], plaintext: &mut [u8], watch: &mut Watch<'_>) {
        self.note_opening(helping, watch);
        // An empty slice would mean end-of-file to rustls, for ever.
        while !helping.is_empty() && self.phase.reads() {
            let before = helping;
            let taken = match self.tls.read_tls(&mut helping) {
                Ok(taken) => &before[..taken],
                Err(_) => return self.fail(MESSAGE_TOO_LONG, watch),
            };
            watch.step(&self.id, &Step::ReadTls(taken));

            let processed = self.process();
            watch.step(&self.id, &Step::Processed(&processed));
            match processed {
                Ok(state) => {
                    if !self.establish(watch) {
                        return; // not acceptable: not a byte of it reaches the application
                    }
                    self.deliver(plaintext, watch);
                    if state.peer_has_closed() {
                        return; // what follows close_notify is ignored (RFC 8446, 6.1), and never taken
                    }
                }
                Err(error) => {
                    self.deliver(plaintext, watch); // of the records before the bad one
                    return self.fail(error, watch);
                }
            }
        }
    }

    /// While the handshake lasts: remembers how the peer began, and ends the wait for its first byte.
    fn note_opening(&mut self, helping: &[u8], watch: &mut Watch<'_>) {
        let Phase::Handshaking { opening } = &mut self.phase else { return };
        let first = opening.is_empty();
        opening.hear(helping);
        if let Some(heard) = &mut self.heard {
            heard.hear(helping);
        }
        if first && self.peer_side() == Side::Server {
            self.stop(Timeout::Wait, watch);
            self.start(Timeout::Handshake, watch);
        }
    }

    /// The peer's FIN. rustls is told too, so that all knowledge of the peer's end is in one place.
    fn receive_fin(&mut self, watch: &mut Watch<'_>) {
        if self.end_severed(watch) {
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
        let Some(slot) = self.config.admission.notes().filter(|_| self.tls.is_handshaking()) else {
            return self.tls.process_new_packets();
        };
        slot.clear();
        let processed = self.tls.process_new_packets();
        self.notes.add(slot.take());
        processed
    }

    /// If the handshake has just ended: judges the peer, reports, and lets the application speak. `false` if the
    /// session ends here instead. Resumed sessions are judged like full ones; rustls asks no verifier for them.
    fn establish(&mut self, watch: &mut Watch<'_>) -> bool {
        if self.tls.is_handshaking() || !matches!(self.phase, Phase::Handshaking { .. }) {
            return true;
        }
        let verdict = self.config.admission.judge(self.tls.peer_certificates());
        self.heard = None;
        let took = watch.now.saturating_duration_since(self.began);
        let handshake = Handshake::of(&self.tls, verdict, self.notes.request.clone(), took);
        watch.step(&self.id, &Step::Established(&handshake));
        if let Some(why) = handshake.verdict.refusal() {
            // rustls lets nobody send an alert of their own, so a FIN has to say it.
            self.enter(Phase::Closed(CloseReason::Unauthorized(why.clone())), watch);
            return false;
        }
        self.enter(Phase::Established, watch);
        self.converse(watch, |application, now, outbox| {
            outbox.map_or(Next::Continue, |outbox| application.established(now, outbox))
        });
        true
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
            watch.step(&self.id, &Step::PlaintextIn(plaintext));
            self.received += length as u64;
            self.not_idle(watch);
            self.converse(watch, |application, now, outbox| application.received(now, plaintext, outbox));
        }
    }
}
