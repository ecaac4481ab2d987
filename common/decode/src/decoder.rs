//! The decoder of a session: which key protects which record, and when that changes.

use std::sync::Arc;

use rustls::{AlertDescription, ContentType, HandshakeType, ProtocolVersion, Side};

use crate::HEADER;
use crate::assembly::Assembly;
use crate::cipher::Cipher;
use crate::framing::{Frame, Framing};
use crate::hello::{ClientHello, ServerHello};
use crate::keys::{Agreement, KeyRing};
use crate::record::{Alert, Content, Message, Piece, Protection, Record, Sealed, Sealing};
use crate::recorder::Observed;
use crate::schedule::{Epoch, Key, Schedule};
use crate::secrets::Secret;

#[cfg(test)]
mod tests;

/// Decodes one session. It keeps the keys, and at most one incomplete record and one incomplete handshake message of each
/// direction.
#[derive(Debug, Default)]
pub struct Decoder {
    client: Direction,
    server: Direction,
    secrets: KeyRing,
    /// The random of the last ClientHello.
    client_random: [u8; 32],
    /// Set by the first ServerHello or HelloRetryRequest.
    version: Option<ProtocolVersion>,
    agreement: Option<Agreement>,
    schedule: Schedule,
}

/// One direction of a session.
#[derive(Debug, Default)]
struct Direction {
    framing: Framing,
    /// The number of records so far.
    records: u64,
    assembly: Assembly,
    cipher: Cipher,
    /// A ClientHello has offered early data.
    early_data: bool,
}

impl Decoder {
    /// Adds secrets of this session. Call this before [`feed`](Self::feed) gets the records that they decrypt.
    pub fn learn(&mut self, secrets: &[Secret]) {
        self.secrets.learn(secrets);
        self.schedule.learn(secrets);
    }

    /// Makes the decoder keep the values of secrets and keys. [`Record::derivations`] have them from now on.
    pub fn keep_values(&mut self) {
        self.schedule.keep_values();
    }

    /// Adds computations of rustls for this session. Does nothing unless the decoder
    /// [keeps values](Self::keep_values). Call this before [`feed`](Self::feed) gets the messages that rustls has
    /// processed.
    pub fn learn_values(&mut self, observed: &[Observed]) {
        self.schedule.observe(observed);
    }

    /// Decodes the next bytes of `sender`. Returns the records that they complete.
    pub fn feed(&mut self, sender: Side, bytes: &[u8]) -> Vec<Record> {
        let frames = self.direction(sender).framing.feed(bytes);
        frames.into_iter().map(|frame| self.record(sender, frame)).collect()
    }

    /// Returns the number of bytes that belong to an incomplete record.
    pub fn left_over(&mut self, sender: Side) -> usize {
        self.direction(sender).framing.pending().len()
    }

    fn direction(&mut self, sender: Side) -> &mut Direction {
        match sender {
            Side::Client => &mut self.client,
            Side::Server => &mut self.server,
        }
    }

    fn record(&mut self, sender: Side, frame: Frame) -> Record {
        let direction = self.direction(sender);
        let number = direction.records;
        direction.records += 1;
        let (wire, (protection, content), sealing, key) = match frame {
            Frame::Foreign(wire) => (wire, (Protection::Clear, Content::NotTls), None, None),
            Frame::Record(wire) => {
                let sealing = self.direction(sender).cipher.sealing();
                let epoch = self.epoch(sender);
                let decrypted = self.decrypt(sender, &wire);
                let is_under_the_key =
                    !matches!(decrypted.0, Protection::Clear | Protection::Sealed(Sealed::NoSecret));
                let key = match decrypted.0 {
                    Protection::Clear => None,
                    _ if is_under_the_key || epoch == Some(Epoch::Tls12) => epoch,
                    // Other records without a secret may be under the handshake key or a later one.
                    _ => self.is_early(sender, epoch, sealing).then_some(Epoch::Early),
                };
                (wire, decrypted, sealing.filter(|_| is_under_the_key), key)
            }
        };
        let key = key.map(|epoch| Key::Record(sender, epoch));
        let (derivations, checks) = self.schedule.take();
        let version = self.version;
        Record { sender, number, version, wire, sealing, protection, content, key, derivations, checks }
    }

    /// Returns the epoch of the next record if it is encrypted.
    fn epoch(&mut self, sender: Side) -> Option<Epoch> {
        match self.direction(sender).cipher {
            Cipher::Clear => None,
            Cipher::Tls12(_) => Some(Epoch::Tls12),
            Cipher::Handshake(_) => Some(Epoch::Handshake),
            Cipher::Application(_) => Some(Epoch::Application(self.schedule.generation(sender))),
        }
    }

    /// Returns whether a record that was not opened has early data.
    fn is_early(&mut self, sender: Side, epoch: Option<Epoch>, sealing: Option<Sealing>) -> bool {
        self.direction(sender).early_data && (epoch.is_none() || sealing.is_some())
    }

    /// Returns the incomplete record, if there is one. It is not counted yet.
    pub fn incomplete(&mut self, sender: Side) -> Option<Record> {
        let version = self.version;
        let direction = self.direction(sender);
        let wire = direction.framing.pending().to_vec();
        (!wire.is_empty()).then_some(Record {
            sender,
            number: direction.records,
            version,
            wire,
            sealing: None,
            protection: Protection::Clear,
            content: Content::Incomplete,
            key: None,
            derivations: Vec::new(),
            checks: Vec::new(),
        })
    }

    fn decrypt(&mut self, sender: Side, wire: &[u8]) -> (Protection, Content) {
        let outer = ContentType::from(wire.first().copied().unwrap_or_default());
        let direction = self.direction(sender);
        let early_data = direction.early_data;
        if direction.cipher.encrypts(outer) {
            return match direction.cipher.open(wire, early_data) {
                Err(sealed) => {
                    if !(early_data && sealed == Sealed::NoSecret) {
                        self.schedule.miss();
                    }
                    (Protection::Sealed(sealed), Content::Hidden)
                }
                Ok(opened) => {
                    let content = self.content(sender, opened.kind, &opened.plaintext, true);
                    let (plaintext, padding) = (opened.plaintext, opened.padding);
                    (Protection::Opened { plaintext, padding }, content)
                }
            };
        }
        if early_data && outer == ContentType::ApplicationData {
            return (Protection::Sealed(Sealed::NoSecret), Content::Hidden);
        }
        let payload = wire.get(HEADER..).unwrap_or_default();
        (Protection::Clear, self.content(sender, outer, payload, false))
    }

    /// Decodes the content of a record, and applies its effect on later records. `opened` says that the record was
    /// encrypted, so that nobody on the way can have forged it.
    fn content(&mut self, sender: Side, kind: ContentType, payload: &[u8], opened: bool) -> Content {
        match (kind, payload) {
            (ContentType::Handshake, [_, ..]) => {
                let assembly = &mut self.direction(sender).assembly;
                let parts = assembly.feed(payload);
                if assembly.is_skipping() {
                    self.schedule.miss();
                }
                let pieces = parts.into_iter().map(|part| Piece {
                    range: part.range,
                    message: part.message.map(|bytes| Arc::new(self.message(sender, bytes, opened))),
                });
                Content::Handshake(pieces.collect())
            }
            (ContentType::Alert, &[level, description]) => {
                Content::Alert(Alert { level, description: AlertDescription::from(description) })
            }
            (ContentType::ChangeCipherSpec, [1]) if !(opened && self.is_tls13()) => {
                self.change_cipher(sender);
                Content::ChangeCipherSpec
            }
            (ContentType::ApplicationData, _) => Content::ApplicationData(payload.len()),
            _ => Content::Other(kind),
        }
    }

    fn is_tls13(&self) -> bool {
        self.version == Some(ProtocolVersion::TLSv1_3)
    }

    // ---- keys --------------------------------------------------------------------------------------------------

    /// Applies the effect of a complete message on the keys of later records.
    fn message(&mut self, sender: Side, bytes: Vec<u8>, opened: bool) -> Message {
        let kind = HandshakeType::from(bytes.first().copied().unwrap_or_default());
        let message = Message { sender, kind, version: None, bytes };
        match (sender, kind) {
            (Side::Client, HandshakeType::ClientHello) => self.offer(ClientHello::read(message.body())),
            (Side::Server, HandshakeType::ServerHello) => self.agree(ServerHello::read(message.body())),
            (_, HandshakeType::Finished) if opened => self.finish(sender),
            (_, HandshakeType::KeyUpdate) if opened => self.direction(sender).cipher.update(),
            _ => {}
        }
        self.schedule.message(&message, opened);
        Message { version: self.version, ..message }
    }

    fn offer(&mut self, hello: Option<ClientHello>) {
        let Some(hello) = hello else { return };
        self.client_random = hello.random;
        // A second ClientHello does not offer early data, but records with early data may still follow.
        self.client.early_data |= hello.early_data;
    }

    /// Applies a ServerHello. In TLS 1.3 both ends encrypt everything after it.
    fn agree(&mut self, hello: Option<ServerHello>) {
        let Some(ServerHello { version, random, suite: Some(suite) }) = hello else { return };
        if matches!(self.server.cipher, Cipher::Handshake(_) | Cipher::Application(_)) {
            return; // TLS 1.3 has no renegotiation
        }
        self.version = Some(version);
        if hello.is_some_and(|hello| hello.is_retry_request()) {
            return;
        }
        let agreement = Agreement { suite, client_random: self.client_random, server_random: random };
        self.agreement = Some(agreement);
        if self.is_tls13() {
            self.client.cipher = Cipher::Handshake(self.secrets.handshake(&agreement, Side::Client));
            self.server.cipher = Cipher::Handshake(self.secrets.handshake(&agreement, Side::Server));
        }
    }

    /// Applies a Finished. In TLS 1.3 it ends the use of the handshake keys in this direction.
    fn finish(&mut self, sender: Side) {
        if let Cipher::Handshake(_) = self.direction(sender).cipher {
            let key = self.agreement.and_then(|agreement| self.secrets.application(&agreement, sender));
            self.direction(sender).cipher = Cipher::Application(key);
        }
    }

    /// Applies a ChangeCipherSpec. Before TLS 1.3 everything after it is encrypted with the latest keys.
    fn change_cipher(&mut self, sender: Side) {
        let Some(agreement) = self.agreement.filter(|_| !self.is_tls13()) else { return };
        let opener = self.secrets.tls12(&agreement, sender);
        self.direction(sender).cipher = Cipher::Tls12(opener);
    }
}
