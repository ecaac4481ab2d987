//! The decoder of a session: which key protects which record, and when that changes.

use std::sync::Arc;

use rustls::{AlertDescription, ContentType, HandshakeType, ProtocolVersion, Side};

use crate::HEADER;
use crate::assembly::Assembly;
use crate::cipher::Cipher;
use crate::framing::{Frame, Framing};
use crate::hello::{ClientHello, ServerHello};
use crate::keys::{Agreement, KeyRing};
use crate::opener::{Opened, Opener};
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
    /// The possible keys of early data, only the right one after the first record.
    early: Vec<Opener>,
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

/// The result of decrypting a record.
struct Decrypted {
    protection: Protection,
    content: Content,
    /// `None`: the key is not known.
    sealing: Option<Sealing>,
    /// `None`: the record is in clear text, or the decoder cannot tell.
    epoch: Option<Epoch>,
}

impl Decrypted {
    fn clear(content: Content) -> Self {
        Self { protection: Protection::Clear, content, sealing: None, epoch: None }
    }

    fn hidden(sealed: Sealed, sealing: Option<Sealing>, epoch: Option<Epoch>) -> Self {
        Self { protection: Protection::Sealed(sealed), content: Content::Hidden, sealing, epoch }
    }
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

    /// Returns how many bytes the decoder keeps of incomplete records, incomplete messages and the transcript.
    pub fn kept(&self) -> usize {
        let of = |direction: &Direction| direction.framing.kept() + direction.assembly.kept();
        of(&self.client) + of(&self.server) + self.schedule.kept()
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
        let (wire, decrypted) = match frame {
            Frame::Foreign(wire) => (wire, Decrypted::clear(Content::NotTls)),
            Frame::Record(wire) => {
                let decrypted = self.decrypt(sender, &wire);
                (wire, decrypted)
            }
        };
        let Decrypted { protection, content, sealing, epoch } = decrypted;
        let key = epoch.map(|epoch| Key::Record(sender, epoch));
        let (derivations, checks, left_out) = self.schedule.take();
        let version = self.version;
        Record {
            sender,
            number,
            version,
            wire,
            sealing,
            protection,
            content,
            key,
            derivations,
            checks,
            left_out,
        }
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
            left_out: 0,
        })
    }

    fn decrypt(&mut self, sender: Side, wire: &[u8]) -> Decrypted {
        let outer = ContentType::from(wire.first().copied().unwrap_or_default());
        let direction = self.direction(sender);
        let in_handshake = matches!(direction.cipher, Cipher::Clear | Cipher::Handshake(_));
        let may_be_early = direction.early_data && in_handshake && outer == ContentType::ApplicationData;
        let encrypts = direction.cipher.encrypts(outer);
        if !encrypts && !may_be_early {
            // Application data never crosses the wire in clear text. The hellos before it are not known.
            if outer == ContentType::ApplicationData {
                return Decrypted::hidden(Sealed::NoSecret, None, None);
            }
            let payload = wire.get(HEADER..).unwrap_or_default();
            return Decrypted::clear(self.content(sender, outer, payload, false));
        }
        if may_be_early && let Some((opened, sealing)) = self.open_early(wire) {
            return self.opened(sender, opened, Some(sealing), Epoch::Early);
        }
        let epoch = self.epoch(sender);
        let cipher = &mut self.direction(sender).cipher;
        let sealing = cipher.sealing();
        match (cipher.open(wire, may_be_early), epoch) {
            (Ok(opened), Some(epoch)) => self.opened(sender, opened, sealing, epoch),
            (Err(Sealed::DoesNotOpen), _) => {
                self.schedule.miss();
                Decrypted::hidden(Sealed::DoesNotOpen, sealing, epoch)
            }
            _ => {
                if !may_be_early {
                    self.schedule.miss();
                }
                // Without a secret, other records may be under the handshake key or a later one.
                let epoch = match epoch {
                    Some(Epoch::Tls12) => epoch,
                    _ => (may_be_early && (!encrypts || sealing.is_some())).then_some(Epoch::Early),
                };
                Decrypted::hidden(Sealed::NoSecret, None, epoch)
            }
        }
    }

    /// Decrypts a record with early data. `None`: the secret is not known, or the record is under another key.
    fn open_early(&mut self, wire: &[u8]) -> Option<(Opened, Sealing)> {
        if self.early.is_empty() {
            self.early = self.secrets.early();
        }
        let mut openers = self.early.iter().enumerate();
        let (place, opened) = openers.find_map(|(place, opener)| Some((place, opener.open(wire)?)))?;
        let mut opener = self.early.swap_remove(place);
        let sealing = opener.sealing();
        opener.count();
        self.early = vec![opener];
        Some((opened, sealing))
    }

    fn opened(&mut self, sender: Side, opened: Opened, sealing: Option<Sealing>, epoch: Epoch) -> Decrypted {
        let content = self.content(sender, opened.kind, &opened.plaintext, true);
        let protection = Protection::Opened { plaintext: opened.plaintext, padding: opened.padding };
        Decrypted { protection, content, sealing, epoch: Some(epoch) }
    }

    /// Decodes the content of a record, and applies its effect on later records. `opened` says that the record was
    /// encrypted, so that no attacker on the way can have forged it.
    fn content(&mut self, sender: Side, kind: ContentType, payload: &[u8], opened: bool) -> Content {
        let unauthenticated = !opened && !matches!(self.direction(sender).cipher, Cipher::Clear);
        match (kind, payload) {
            // RFC 8446, 5: "If a TLS implementation receives an unexpected record type, it MUST terminate the connection with
            // an "unexpected_message" alert."
            (ContentType::Handshake, [_, ..]) if unauthenticated => Content::Unprotected,
            (ContentType::Handshake, [_, ..]) => {
                let assembly = &mut self.direction(sender).assembly;
                let parts = assembly.feed(payload);
                if assembly.is_skipping() {
                    self.schedule.miss();
                }
                let pieces = parts.into_iter().map(|part| {
                    let is_last = part.range.end == payload.len();
                    let message = |bytes| Arc::new(self.message(sender, bytes, opened, is_last));
                    Piece { range: part.range, message: part.message.map(message) }
                });
                Content::Handshake(pieces.collect())
            }
            (ContentType::Alert, &[level, description]) => {
                let description = AlertDescription::from(description);
                Content::Alert(Alert { level, description, unauthenticated })
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

    /// Applies the effect of a complete message on the keys of later records. `is_last`: its record has no bytes after it.
    fn message(&mut self, sender: Side, bytes: Vec<u8>, opened: bool, is_last: bool) -> Message {
        let kind = HandshakeType::from(bytes.first().copied().unwrap_or_default());
        // RFC 8446, 5.1: "Handshake messages MUST NOT span key changes", so a receiver refuses a message in clear text behind
        // ServerHello, and one behind a KeyUpdate. One record has room for 3000 KeyUpdates.
        let has_its_key = opened || matches!(self.direction(sender).cipher, Cipher::Clear);
        let is_aligned = is_last || kind != HandshakeType::KeyUpdate;
        let message = Message { sender, kind, version: None, bytes };
        if !(has_its_key && is_aligned) {
            return Message { version: self.version, ..message };
        }
        match (sender, kind) {
            (Side::Client, HandshakeType::ClientHello) => self.offer(ClientHello::read(message.body())),
            (Side::Server, HandshakeType::ServerHello) => self.agree(ServerHello::read(message.body())),
            (_, HandshakeType::Finished) => self.finish(sender),
            (_, HandshakeType::KeyUpdate) => self.direction(sender).cipher.update(),
            (Side::Client, HandshakeType::EndOfEarlyData) if opened => self.client.early_data = false,
            _ => {}
        }
        self.schedule.message(&message);
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
        let Some(hello) = hello else { return };
        let Some(suite) = hello.suite else { return };
        if matches!(self.server.cipher, Cipher::Handshake(_) | Cipher::Application(_)) {
            return; // TLS 1.3 has no renegotiation
        }
        self.version = Some(hello.version);
        if hello.is_retry_request() {
            return;
        }
        let (client_random, server_random) = (self.client_random, hello.random);
        let agreement = Agreement { suite, client_random, server_random };
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
