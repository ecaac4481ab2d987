//! The result of decoding: records and their contents.

use std::ops::Range;
use std::sync::Arc;

use rustls::{AlertDescription, ContentType, HandshakeType, ProtocolVersion, Side};

use crate::hello::{ClientHello, ServerHello};
use crate::schedule::{Check, Derivation, Epoch, Key, Transcript};
use crate::{HEADER, MESSAGE_HEADER};

/// The level of an alert that is a warning (RFC 5246, 7.2).
const WARNING: u8 = 1;

/// One TLS record (RFC 8446, 5.1), encrypted and decrypted.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// Its sender.
    pub sender: Side,
    /// Its number among the records of its direction, from 0.
    pub number: u64,
    /// The version that both ends had agreed on before it, if any.
    pub version: Option<ProtocolVersion>,
    /// Its bytes on the wire, including the header.
    pub wire: Vec<u8>,
    /// Its layout after the header, if it was encrypted with a known key.
    pub sealing: Option<Sealing>,
    /// Says whether it was encrypted, and has the plaintext.
    pub protection: Protection,
    /// Its content.
    pub content: Content,
    /// The key that protects it. `None`: it is in clear text, or the decoder cannot tell the key without the secrets.
    pub key: Option<Key>,
    /// The keys that both ends can derive with the messages that end in this record, in the order of their calculation.
    /// There are at most 16.
    pub derivations: Vec<Derivation>,
    /// The proofs in the messages that end in this record. There are at most 16.
    pub checks: Vec<Check>,
    /// The number of further derivations and checks, which are left out. A ClientHello with many PSKs has so many.
    pub left_out: usize,
}

/// The protection of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Protection {
    /// It crossed the wire in clear text.
    Clear,
    /// It was encrypted, and is decrypted. In TLS 1.3 the plaintext does not include the type and the padding after the
    /// content (RFC 8446, 5.2).
    Opened {
        /// The content.
        plaintext: Vec<u8>,
        /// The number of zeros that padded it.
        padding: usize,
    },
    /// It is encrypted, and could not be decrypted.
    Sealed(Sealed),
}

/// The layout of an encrypted record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sealing {
    /// The number of bytes of the nonce before the ciphertext: 8 in TLS 1.2 with AES-GCM (RFC 5288, 3), otherwise 0.
    pub explicit_nonce: usize,
    /// The number of bytes of the tag after the ciphertext.
    pub tag: usize,
    /// The number of the record under its key, from 0. If no nonce is sent, it is computed from this number.
    pub sequence: u64,
}

/// The reason why a record could not be decrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sealed {
    /// Its secret is not known.
    NoSecret,
    /// The known secret does not open it: the record was changed on the way, or encrypted with another key.
    DoesNotOpen,
}

/// The content of a record.
#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    /// Handshake messages, or parts of them.
    Handshake(Vec<Piece>),
    /// An alert.
    Alert(Alert),
    /// change_cipher_spec. In TLS 1.3 it is only sent for middleboxes (RFC 8446, appendix D.4).
    ChangeCipherSpec,
    /// Application data of this length.
    ApplicationData(usize),
    /// A handshake record in clear text, although its sender already encrypts. An attacker on the path can forge it, so it
    /// has no messages. In TLS 1.2 there is no such record, because every record after ChangeCipherSpec is encrypted.
    Unprotected,
    /// An unknown content type, or a content that its type does not allow.
    Other(ContentType),
    /// Not known, because the record could not be decrypted.
    Hidden,
    /// An incomplete record, from [`Decoder::incomplete`](crate::Decoder::incomplete).
    Incomplete,
    /// Bytes that are not a record: the peer does not speak TLS, or has sent a wrong length. All later bytes of this
    /// direction get this content, too.
    NotTls,
}

impl Content {
    /// Returns its content type; `None` if it is not known.
    pub fn kind(&self) -> Option<ContentType> {
        match self {
            Self::Handshake(_) | Self::Unprotected => Some(ContentType::Handshake),
            Self::Alert(_) => Some(ContentType::Alert),
            Self::ChangeCipherSpec => Some(ContentType::ChangeCipherSpec),
            Self::ApplicationData(_) => Some(ContentType::ApplicationData),
            Self::Other(kind) => Some(*kind),
            Self::Hidden | Self::Incomplete | Self::NotTls => None,
        }
    }
}

/// Returns the name of a content type in RFC 8446, 5.1; `None` for an unknown type.
pub fn content_type_name(kind: ContentType) -> Option<&'static str> {
    Some(match kind {
        ContentType::ChangeCipherSpec => "change_cipher_spec",
        ContentType::Alert => "alert",
        ContentType::Handshake => "handshake",
        ContentType::ApplicationData => "application_data",
        ContentType::Heartbeat => "heartbeat",
        _ => return None,
    })
}

/// An alert (RFC 8446, 6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Alert {
    /// 1 is a warning, 2 is fatal. In TLS 1.3 only the description counts.
    pub level: u8,
    /// The kind of alert.
    pub description: AlertDescription,
    /// It crossed the wire in clear text although its sender already encrypts. An attacker on the path can forge it. In TLS
    /// 1.2 there is no such alert, because every record after ChangeCipherSpec is encrypted.
    pub unauthenticated: bool,
}

/// The part of a handshake message in one record. A record may have several messages, and a message may span several
/// records.
#[derive(Clone, Debug, PartialEq)]
pub struct Piece {
    /// Its bytes in the record's [payload](Record::payload).
    pub range: Range<usize>,
    /// The whole message, if this is its last piece.
    pub message: Option<Arc<Message>>,
}

/// A whole handshake message (RFC 8446, 4).
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// Its sender.
    pub sender: Side,
    /// Its type.
    pub kind: HandshakeType,
    /// The version that both ends have agreed on, if any. The layout of some messages depends on it. A ServerHello
    /// has the version that it chooses.
    pub version: Option<ProtocolVersion>,
    /// All its bytes, including the header of four bytes: type and length.
    pub bytes: Vec<u8>,
}

impl Message {
    /// Returns its name in the RFCs; `None` for an unknown type. A HelloRetryRequest has its own name, although it
    /// has the type of a ServerHello (RFC 8446, 4.1.4).
    pub fn name(&self) -> Option<&'static str> {
        match self.is_hello_retry_request() {
            true => Some("HelloRetryRequest"),
            false => self.kind.as_str(),
        }
    }

    /// Returns its bytes after the header.
    pub fn body(&self) -> &[u8] {
        self.bytes.get(MESSAGE_HEADER..).unwrap_or_default()
    }

    /// Returns whether it is a ClientHello that offers TLS 1.3.
    pub fn offers_tls13(&self) -> bool {
        self.kind == HandshakeType::ClientHello
            && ClientHello::read(self.body()).is_some_and(|hello| hello.offers_tls13())
    }

    /// Returns whether it is a HelloRetryRequest.
    pub fn is_hello_retry_request(&self) -> bool {
        self.kind == HandshakeType::ServerHello
            && ServerHello::read(self.body()).is_some_and(|hello| hello.is_retry_request())
    }
}

impl Record {
    /// Returns whether it is protected as TLS 1.3 demands (RFC 8446, 5.2). Early data comes before ServerHello chooses the
    /// version, but its key belongs to TLS 1.3.
    pub fn is_sealed_by_tls13(&self) -> bool {
        match self.key {
            Some(Key::Record(_, epoch)) => epoch != Epoch::Tls12,
            _ => self.version == Some(ProtocolVersion::TLSv1_3),
        }
    }

    /// Returns whether it is an alert after which the session continues: user_canceled, or a warning before TLS 1.3. In TLS 1.3
    /// the level does not count (RFC 8446, 6). close_notify is no warning, although it has the level of one.
    pub fn is_warning(&self) -> bool {
        let Content::Alert(Alert { level, description, .. }) = self.content else { return false };
        match description {
            AlertDescription::CloseNotify => false,
            AlertDescription::UserCanceled => true,
            _ => level == WARNING && self.version != Some(ProtocolVersion::TLSv1_3),
        }
    }

    /// Returns the content type in the header. Encrypted records of TLS 1.3 always have application_data.
    pub fn outer_type(&self) -> ContentType {
        ContentType::from(self.wire.first().copied().unwrap_or_default())
    }

    /// Returns the bytes of the content: the plaintext, or the ciphertext if it could not be decrypted. Bytes that
    /// are not a record, or less than a header, are all content.
    pub fn payload(&self) -> &[u8] {
        match &self.protection {
            _ if self.content == Content::NotTls => &self.wire,
            _ if self.content == Content::Incomplete && self.wire.len() < HEADER => &self.wire,
            Protection::Opened { plaintext, .. } => plaintext,
            Protection::Clear | Protection::Sealed(_) => self.wire.get(HEADER..).unwrap_or_default(),
        }
    }

    /// Returns whether it crossed the wire encrypted.
    pub fn is_encrypted(&self) -> bool {
        self.protection != Protection::Clear
    }

    /// Returns about how many bytes its derivations and checks take. A transcript counts each time that it is used.
    pub fn schedule_size(&self) -> usize {
        let transcripts = self.derivations.iter().map(|derivation| &derivation.transcript);
        let transcripts = transcripts.chain(self.checks.iter().map(|check| &check.transcript)).flatten();
        let parts =
            transcripts.map(|transcript| size_of::<Transcript>() + size_of_val(&transcript.parts[..]));
        let own = size_of_val(&self.derivations[..]) + size_of_val(&self.checks[..]);
        let signed = self.checks.iter().flat_map(|check| &check.signed).map(Vec::len);
        own + parts.sum::<usize>() + signed.sum::<usize>()
    }

    /// Returns the parts of handshake messages in this record.
    pub fn pieces(&self) -> &[Piece] {
        match &self.content {
            Content::Handshake(pieces) => pieces,
            _ => &[],
        }
    }

    /// Returns the handshake messages that end in this record.
    pub fn messages(&self) -> impl Iterator<Item = &Message> {
        self.pieces().iter().filter_map(|piece| piece.message.as_deref())
    }
}
