//! What crossed the wire: records, keys, messages, and what each field of them means.
//!
//! [`explain`] has a sentence and an RFC section for each field. [`secrets`] carries the secrets from rustls to a decoder.
//!
//! A [`Decoder`] follows one session. It is fed the bytes of both directions in the order in which this end met
//! them, and gives [`Record`]s. Whatever the bytes are, each of them ends up in a record, or is still waited for: what
//! is unknown or broken is shown as what it is.

mod assembly;
mod cipher;
pub mod explain;
mod framing;
mod hello;
mod keys;
mod opener;
mod reader;
mod record;
pub mod secrets;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use rustls::{AlertDescription, ContentType, HandshakeType, ProtocolVersion, Side};

use self::assembly::Assembly;
use self::cipher::Cipher;
use self::framing::{Frame, Framing};
use self::hello::{ClientHello, ServerHello};
use self::keys::{Agreement, KeyRing};
pub use self::record::{Alert, Content, Message, Piece, Protection, Record, Sealed, Sealing};
use crate::secrets::Secret;

/// The length of a record's header: type, version, length (RFC 8446, 5.1).
pub const HEADER: usize = 5;

/// The length of a handshake message's header: type, length (RFC 8446, 4).
const MESSAGE_HEADER: usize = 4;

/// Follows one session. It keeps what decryption needs, and of each direction at most one record and one handshake
/// message that are not complete.
#[derive(Debug, Default)]
pub struct Decoder {
    client: Direction,
    server: Direction,
    secrets: KeyRing,
    /// Whatever the last ClientHello said.
    client_hello: Option<ClientHello>,
    /// Known from the first ServerHello on, be it a HelloRetryRequest.
    version: Option<ProtocolVersion>,
    agreement: Option<Agreement>,
}

/// One direction of a session.
#[derive(Debug, Default)]
struct Direction {
    framing: Framing,
    /// How many records there were.
    records: u64,
    assembly: Assembly,
    cipher: Cipher,
    /// Whether a ClientHello has offered early data.
    early_data: bool,
}

impl Decoder {
    /// Secrets of this session. They are needed before the records that they open.
    pub fn learn(&mut self, secrets: &[Secret]) {
        self.secrets.learn(secrets);
    }

    /// Bytes that `sender` sent, the next after those of the last call: the records that they complete.
    pub fn feed(&mut self, sender: Side, bytes: &[u8]) -> Vec<Record> {
        let frames = self.direction(sender).framing.feed(bytes);
        frames.into_iter().map(|frame| self.record(sender, frame)).collect()
    }

    /// How many bytes of an incomplete record are waiting for the rest.
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
        let (wire, (protection, content), sealing) = match frame {
            Frame::Foreign(wire) => (wire, (Protection::Clear, Content::NotTls), None),
            Frame::Record(wire) => {
                let sealing = self.direction(sender).cipher.sealing();
                let meaning = self.read(sender, &wire);
                let is_under_the_key =
                    !matches!(meaning.0, Protection::Clear | Protection::Sealed(Sealed::NoSecret));
                (wire, meaning, sealing.filter(|_| is_under_the_key))
            }
        };
        Record { sender, number, version: self.version, wire, sealing, protection, content }
    }

    /// The beginning of a record that has not come to its end: the bytes that are left over. It is not counted yet.
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
        })
    }

    fn read(&mut self, sender: Side, wire: &[u8]) -> (Protection, Content) {
        let outer = ContentType::from(wire.first().copied().unwrap_or_default());
        let direction = self.direction(sender);
        let early_data = direction.early_data;
        if direction.cipher.encrypts(outer) {
            return match direction.cipher.open(wire, early_data) {
                Err(sealed) => (Protection::Sealed(sealed), Content::Hidden),
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

    /// What a record says, and what follows from it for those after it. `opened` says that it was encrypted, and
    /// therefore is what its sender meant.
    fn content(&mut self, sender: Side, kind: ContentType, payload: &[u8], opened: bool) -> Content {
        match (kind, payload) {
            (ContentType::Handshake, [_, ..]) => {
                let parts = self.direction(sender).assembly.feed(payload);
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

    /// A message is whole, and what it says about keys takes effect with the next record.
    fn message(&mut self, sender: Side, bytes: Vec<u8>, opened: bool) -> Message {
        let kind = HandshakeType::from(bytes.first().copied().unwrap_or_default());
        match (sender, kind) {
            (Side::Client, HandshakeType::ClientHello) => self.offer(&bytes),
            (Side::Server, HandshakeType::ServerHello) => self.agree(&bytes),
            (_, HandshakeType::Finished) if opened => self.finish(sender),
            (_, HandshakeType::KeyUpdate) if opened => self.direction(sender).cipher.update(),
            _ => {}
        }
        Message { sender, kind, version: self.version, bytes }
    }

    fn offer(&mut self, message: &[u8]) {
        self.client_hello = ClientHello::read(message);
        // A second one offers none, while records of early data may still be on their way.
        self.client.early_data |= self.client_hello.is_some_and(|hello| hello.early_data);
    }

    /// ServerHello: in TLS 1.3 everything after it is encrypted, by both.
    fn agree(&mut self, message: &[u8]) {
        let Some(hello) = ServerHello::read(message) else { return };
        if matches!(self.server.cipher, Cipher::Handshake(_) | Cipher::Application(_)) {
            return; // agreed upon already, and TLS 1.3 does not negotiate again
        }
        self.version = Some(hello.version);
        if hello.asks_again() {
            return;
        }
        let agreement = Agreement {
            suite: hello.suite,
            client_random: self.client_hello.map(|hello| hello.random).unwrap_or_default(),
            server_random: hello.random,
        };
        self.agreement = Some(agreement);
        if self.is_tls13() {
            self.client.cipher = Cipher::Handshake(self.secrets.handshake(&agreement, Side::Client));
            self.server.cipher = Cipher::Handshake(self.secrets.handshake(&agreement, Side::Server));
        }
    }

    /// Finished: the handshake keys of TLS 1.3 have done their service in this direction.
    fn finish(&mut self, sender: Side) {
        if let Cipher::Handshake(_) = self.direction(sender).cipher {
            let key = self.agreement.and_then(|agreement| self.secrets.application(&agreement, sender));
            self.direction(sender).cipher = Cipher::Application(key);
        }
    }

    /// ChangeCipherSpec: before TLS 1.3 everything after it is encrypted, under the latest that was agreed upon.
    fn change_cipher(&mut self, sender: Side) {
        let Some(agreement) = self.agreement.filter(|_| !self.is_tls13()) else { return };
        let opener = self.secrets.tls12(&agreement, sender);
        self.direction(sender).cipher = Cipher::Tls12(opener);
    }
}
