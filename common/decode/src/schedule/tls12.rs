//! The key schedule of TLS 1.2 after ServerHello (RFC 5246, 8.1 and 6.3).

use rustls::{HandshakeType, Side};

use super::follow::{Schedule, Session};
use super::{Check, CheckKind, Epoch, Key, Rule, Seed};
use crate::hello::ServerHello;
use crate::reader::Reader;
use crate::record::Message;
use crate::suite::{Aead, KeyExchange};

/// The length of the master secret (RFC 5246, 8.1).
const MASTER: usize = 48;

/// The type of a curve that has a name (RFC 8422, 5.4).
const NAMED_CURVE: &[u8] = &[3];

impl Schedule {
    /// Derives the keys of a resumed session. A server resumes a session by sending back the session ID of the client (RFC
    /// 5246, 7.4.1.3; RFC 5077, 3.4).
    pub(super) fn begin_tls12(&mut self, session: &Session, answer: &ServerHello) {
        if !answer.session_id.is_empty() && answer.session_id == self.offered.session_id {
            self.derive(session.algorithm, Key::Master, Rule::EarlierSession);
            self.key_block(session);
        }
    }

    pub(super) fn follow_tls12(&mut self, mut session: Session, message: &Message) {
        let sender = message.sender;
        match message.kind {
            HandshakeType::ServerKeyExchange => {
                self.add(message);
                if KeyExchange::of(session.suite) == KeyExchange::Ecdhe {
                    // `None`: the curve has no name, or the message is malformed.
                    let _ = self.key_share(&mut session, message.body());
                }
            }
            HandshakeType::ClientKeyExchange => {
                self.add(message);
                self.master(&session);
            }
            HandshakeType::CertificateVerify => {
                self.check_tls12_signature(&session, sender);
                self.add(message);
            }
            HandshakeType::Finished => {
                let transcript = self.so_far(session.algorithm);
                self.check(CheckKind::Finished(sender), Some(Key::Master), session.algorithm, transcript);
                self.add(message);
                session.progress(sender).finished = true;
                if session.client.finished && session.server.finished {
                    self.transcript = None;
                }
            }
            _ => self.add(message),
        }
        self.session = Some(session);
    }

    /// Adds the check of a CertificateVerify. It signs all messages so far, not their hash (RFC 5246, 7.4.8).
    fn check_tls12_signature(&mut self, session: &Session, sender: Side) {
        let Some(transcript) = &self.transcript else { return };
        let signed = transcript.bytes().map(<[u8]>::to_vec);
        let (kind, algorithm) = (CheckKind::CertificateVerify(sender), session.algorithm);
        let transcript = transcript.so_far(algorithm);
        self.push_check(Check { kind, key: None, algorithm, transcript, signed });
    }

    /// Reads ServerKeyExchange with a named group (RFC 8422, 5.4).
    fn key_share(&mut self, session: &mut Session, body: &[u8]) -> Option<()> {
        let mut reader = Reader::new(body);
        reader.take(1).filter(|kind| *kind == NAMED_CURVE)?;
        session.group = Some(reader.u16()?.into());
        reader.vector(1)?; // the public key
        let share = body.strip_suffix(reader.rest())?;
        let signed = Some([&session.client_random, &session.server_random, share].concat());
        let (kind, algorithm) = (CheckKind::ServerKeyExchange, session.algorithm);
        self.push_check(Check { kind, key: None, algorithm, transcript: None, signed });
        Some(())
    }

    /// Derives the master secret after ClientKeyExchange (RFC 5246, 8.1; RFC 7627, 4).
    fn master(&mut self, session: &Session) {
        let algorithm = session.algorithm;
        self.derive(algorithm, Key::Premaster, Rule::KeyExchange(session.group));
        let (from, length) = (Key::Premaster, MASTER);
        if session.extended_master_secret {
            let rule = Rule::Prf { from, label: "extended master secret", seed: Seed::Transcript, length };
            self.derive_from_transcript(algorithm, Key::Master, rule);
        } else {
            let bytes = [session.client_random, session.server_random].concat();
            let seed = Seed::Randoms { first: Side::Client, bytes };
            self.derive(algorithm, Key::Master, Rule::Prf { from, label: "master secret", seed, length });
        }
        self.key_block(session);
    }

    /// Derives the key block, and cuts it (RFC 5246, 6.3).
    fn key_block(&mut self, session: &Session) {
        let Some(aead) = Aead::of(session.suite) else { return };
        let bytes = [session.server_random, session.client_random].concat();
        let seed = Seed::Randoms { first: Side::Server, bytes };
        let block = Rule::Prf { from: Key::Master, label: "key expansion", seed, length: aead.key_block() };
        self.derive(session.algorithm, Key::KeyBlock, block);
        for side in [Side::Client, Side::Server] {
            let (key, iv) = aead.cut(side);
            let cut = Rule::Cut { from: Key::KeyBlock, key, iv };
            self.derive(session.algorithm, Key::Record(side, Epoch::Tls12), cut);
        }
    }
}
