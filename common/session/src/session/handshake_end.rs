//! The handshake: its first bytes, the notes of rustls' callbacks, and the authorization at its end.

use std::io::Read as _;

use rustls::{Connection, IoState, Side};

use super::Session;
use crate::application::{Application, Next};
use crate::authorize::take_notes;
use crate::context::Context;
use crate::deadline::Timeout;
use crate::handshake::Handshake;
use crate::observer::Step;
use crate::phase::{Event, Phase};
use crate::rustls_facts;
use crate::transport::Transport;

impl<T: Transport, A: Application> Session<T, A> {
    /// Keeps the peer's first bytes during the handshake. The first byte ends a client's wait deadline.
    pub(super) fn note_handshake_bytes(&mut self, bytes: &[u8], cx: &mut Context<'_>) {
        let Some(handshake_bytes) = &mut self.handshake_bytes else { return };
        let is_first = handshake_bytes.length() == 0;
        handshake_bytes.add(bytes);
        if is_first && self.peer_side() == Side::Server {
            self.stop(Timeout::Wait, cx);
            self.start(Timeout::Handshake, cx);
        }
    }

    /// Calls `process_new_packets`. During a handshake, takes the notes that rustls' callbacks left.
    pub(super) fn process(&mut self) -> Result<IoState, rustls::Error> {
        let is_handshaking = self.tls.is_handshaking();
        if is_handshaking {
            take_notes(); // discards the notes of a call outside a session
        }
        let processed = self.tls.process_new_packets();
        if is_handshaking {
            self.notes.add(take_notes());
        }
        if let Ok(state) = &processed {
            self.pending_output.processed(state);
        }
        processed
    }

    /// Authorizes the peer if the handshake has just ended, reports the result, and calls the application. Returns
    /// `false` if the peer is refused. Resumed sessions are authorized like full ones, because rustls calls no
    /// verifier for them.
    pub(super) fn end_handshake(&mut self, buffer: &mut [u8], cx: &mut Context<'_>) -> bool {
        if self.tls.is_handshaking() || self.phase != Phase::Handshaking {
            return true;
        }
        let authorization = self.config.authorize.authorize(self.tls.peer_certificates());
        self.handshake_bytes = None;
        self.records_left = rustls_facts::records_left(&self.tls);
        let took = cx.now.saturating_duration_since(self.began);
        let handshake = Handshake::of(&self.tls, authorization, self.notes.certificate_request.clone(), took);
        cx.step(&self.id, &Step::Established(&handshake));
        let refusal = handshake.authorization.refusal;
        let is_accepted = refusal.is_none();
        self.on(Event::HandshakeDone(refusal.map_or(Ok(()), Err)), cx);
        if is_accepted {
            self.call_application(cx, |application, now, outbox| {
                outbox.map_or(Next::Continue, |outbox| application.established(now, outbox))
            });
            self.deliver_early_data(buffer, cx);
        }
        is_accepted
    }

    /// Passes the early data that rustls has accepted to the application.
    fn deliver_early_data(&mut self, buffer: &mut [u8], cx: &mut Context<'_>) {
        // rustls has a reader of its own for early data, up to `max_early_data_size`. It fails only if there is none.
        while let Connection::Server(tls) = &mut self.tls
            && let Some(mut early_data) = tls.early_data()
            && let Ok(length @ 1..) = early_data.read(buffer)
        {
            let plaintext = &buffer[..length];
            self.note_plaintext(plaintext, cx);
            self.call_application(cx, |application, now, outbox| {
                application.received_early(now, plaintext, outbox)
            });
        }
    }
}
