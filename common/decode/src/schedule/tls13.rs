//! The key schedule of TLS 1.3 after ServerHello (RFC 8446, 7.1).

use rustls::{HandshakeType, ProtocolVersion, Side};

use super::follow::{Schedule, Session};
use super::{Check, CheckKind, Epoch, Input, Key, Part, Rule};
use crate::hello::{ServerHello, accepts_early_data};
use crate::record::Message;
use crate::suite::Aead;
use crate::tickets::NewSessionTicket;

/// The length of an IV (RFC 8446, 5.3).
const IV: usize = 12;

/// The whole message EndOfEarlyData (RFC 8446, 4.5).
const END_OF_EARLY_DATA: [u8; 4] = [5, 0, 0, 0];

impl Schedule {
    /// Derives everything that ServerHello makes possible.
    pub(super) fn begin_tls13(&mut self, session: &Session, answer: &ServerHello) {
        let algorithm = session.algorithm;
        if let Some(transcript) = &mut self.transcript {
            transcript.forget_bytes();
        }
        match answer.psk {
            Some(0) if self.offered.psk == Some(algorithm) => {} // ClientHello has derived the early secret
            Some(_) => self.derive_psk(algorithm),
            None => {
                let early = Rule::Extract { salt: Input::Zeros, secret: Input::Zeros };
                self.derive(algorithm, Key::EarlySecret, early);
            }
        }
        if answer.group.is_some() {
            self.derive(algorithm, Key::SharedSecret, Rule::KeyExchange(answer.group));
        }
        let shared = answer.group.map_or(Input::Zeros, |_| Input::Key(Key::SharedSecret));
        let handshake = Rule::Extract { salt: Input::Derived(Key::EarlySecret), secret: shared };
        self.derive(algorithm, Key::HandshakeSecret, handshake);
        for (side, label) in [(Side::Client, "c hs traffic"), (Side::Server, "s hs traffic")] {
            let traffic = Key::HandshakeTraffic(side);
            self.expand(session, Key::HandshakeSecret, label, traffic);
            let finished = Rule::Expand { from: traffic, label: "finished", length: algorithm.length() };
            self.derive(algorithm, Key::FinishedKey(side), finished);
            self.record_keys(session, traffic, side, Epoch::Handshake);
        }
        let master = Rule::Extract { salt: Input::Derived(Key::HandshakeSecret), secret: Input::Zeros };
        self.derive(algorithm, Key::MasterSecret, master);
    }

    /// Follows a message that was encrypted.
    pub(super) fn follow_tls13(&mut self, mut session: Session, message: &Message) {
        let (sender, kind) = (message.sender, message.kind);
        if sender == Side::Client && session.early_data {
            session.early_data = false;
            self.end_early_data(kind);
        }
        match kind {
            HandshakeType::NewSessionTicket if sender == Side::Server => self.ticket(&mut session, message),
            HandshakeType::KeyUpdate => self.update(&mut session, sender),
            _ if session.progress(sender).finished => {} // messages after the handshake are in no transcript
            HandshakeType::EncryptedExtensions if sender == Side::Server => {
                self.add(message);
                session.early_data = accepts_early_data(message.body());
                if session.early_data {
                    self.record_keys(&session, Key::EarlyTraffic, Side::Client, Epoch::Early);
                }
            }
            HandshakeType::CertificateVerify => {
                self.check_signature(&session, sender);
                self.add(message);
            }
            HandshakeType::Finished => {
                let transcript = self.so_far(session.algorithm);
                let key = Some(Key::FinishedKey(sender));
                self.check(CheckKind::Finished(sender), key, session.algorithm, transcript);
                self.add(message);
                self.finish(&mut session, sender);
            }
            _ => self.add(message),
        }
        self.session = Some(session);
    }

    /// Adds EndOfEarlyData to the transcript, unless it is the message that follows. The client encrypts it with the key of
    /// early data, so the decoder cannot read it. It has no content.
    fn end_early_data(&mut self, next: HandshakeType) {
        if next != HandshakeType::EndOfEarlyData {
            let part = Part::Message { sender: Side::Client, name: "EndOfEarlyData" };
            self.add_part(part, &END_OF_EARLY_DATA);
        }
    }

    /// Adds the check of a CertificateVerify (RFC 8446, 4.4.3).
    fn check_signature(&mut self, session: &Session, sender: Side) {
        let Some(transcript) = self.so_far(session.algorithm) else { return };
        let context: &[u8] = match sender {
            Side::Client => b"TLS 1.3, client CertificateVerify",
            Side::Server => b"TLS 1.3, server CertificateVerify",
        };
        let signed = Some([&[b' '; 64], context, &[0], &transcript.hash].concat());
        let (kind, algorithm) = (CheckKind::CertificateVerify(sender), session.algorithm);
        self.push_check(Check { kind, key: None, algorithm, transcript: Some(transcript), signed });
    }

    /// Derives everything that a Finished makes possible.
    fn finish(&mut self, session: &mut Session, sender: Side) {
        session.progress(sender).finished = true;
        if sender == Side::Client {
            self.expand(session, Key::MasterSecret, "res master", Key::ResumptionMaster);
            self.transcript = None;
            return;
        }
        for (side, label) in [(Side::Client, "c ap traffic"), (Side::Server, "s ap traffic")] {
            let traffic = Key::ApplicationTraffic(side, 0);
            self.expand(session, Key::MasterSecret, label, traffic);
            self.record_keys(session, traffic, side, Epoch::Application(0));
        }
        self.expand(session, Key::MasterSecret, "exp master", Key::ExporterMaster);
    }

    fn ticket(&mut self, session: &mut Session, message: &Message) {
        let ticket = NewSessionTicket::read(message.body(), ProtocolVersion::TLSv1_3);
        let Some(NewSessionTicket { nonce, .. }) = ticket else { return };
        let (algorithm, length) = (session.algorithm, session.algorithm.length());
        let rule = Rule::Ticket { from: Key::ResumptionMaster, nonce: nonce.to_vec(), length };
        self.derive(algorithm, Key::TicketPsk(session.tickets), rule);
        session.tickets = session.tickets.saturating_add(1);
    }

    /// Applies a KeyUpdate. During the handshake it has no effect.
    fn update(&mut self, session: &mut Session, sender: Side) {
        let progress = session.progress(sender);
        if !progress.finished {
            return;
        }
        let from = Key::ApplicationTraffic(sender, progress.generation);
        progress.generation = progress.generation.saturating_add(1);
        let generation = progress.generation;
        let next = Key::ApplicationTraffic(sender, generation);
        let rule = Rule::Expand { from, label: "traffic upd", length: session.algorithm.length() };
        self.derive(session.algorithm, next, rule);
        self.record_keys(session, next, sender, Epoch::Application(generation));
    }

    /// Derives a secret from another one and the transcript so far.
    fn expand(&mut self, session: &Session, from: Key, label: &'static str, key: Key) {
        let rule = Rule::Expand { from, label, length: session.algorithm.length() };
        self.derive_from_transcript(session.algorithm, key, rule);
    }

    /// Derives the key and the IV of records.
    fn record_keys(&mut self, session: &Session, from: Key, side: Side, epoch: Epoch) {
        if let Some(Aead { key, .. }) = Aead::of(session.suite) {
            self.derive(session.algorithm, Key::Record(side, epoch), Rule::TrafficKeys { from, key, iv: IV });
        }
    }
}
