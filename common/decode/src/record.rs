//! A record, and what is in it.

use std::ops::Range;
use std::sync::Arc;

use rustls::{AlertDescription, ContentType, HandshakeType, ProtocolVersion, Side};

use super::HEADER;
use super::hello::{ClientHello, ServerHello};

/// One TLS record (RFC 8446, 5.1), as it crossed the wire and as it was meant.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// Who sent it.
    pub sender: Side,
    /// Its place among the records of its direction, from 0.
    pub number: u64,
    /// The version that the two had agreed on when it came, if they had.
    pub version: Option<ProtocolVersion>,
    /// As it crossed the wire, header included.
    pub wire: Vec<u8>,
    /// How it is laid out behind its header, if it was encrypted with a key that is known.
    pub sealing: Option<Sealing>,
    /// Whether it was encrypted, and is no more.
    pub protection: Protection,
    /// What is in it.
    pub content: Content,
}

/// Whether a record was encrypted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Protection {
    /// It crossed the wire in clear.
    Clear,
    /// It was encrypted, and this is what was in it: in TLS 1.3 the content alone, without the type and the padding
    /// that follow it inside the encryption (RFC 8446, 5.2).
    Opened {
        /// The content.
        plaintext: Vec<u8>,
        /// How many zeros padded it.
        padding: usize,
    },
    /// It is encrypted, and stays so.
    Sealed(Sealed),
}

/// What an encrypted record has beside the ciphertext.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sealing {
    /// How many bytes of the nonce stand in front of the ciphertext: 8 in TLS 1.2 with AES-GCM (RFC 5288, 3), else 0.
    pub explicit_nonce: usize,
    /// How many bytes of tag stand behind it.
    pub tag: usize,
    /// The number of the record under its key, from 0. Where no nonce is sent, it is made of this number.
    pub sequence: u64,
}

/// Why an encrypted record was not opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sealed {
    /// The secret that it was encrypted with is not known.
    NoSecret,
    /// The secret is known, and it does not open: it was changed, or made with another key.
    DoesNotOpen,
}

/// What is in a record.
#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    /// Handshake messages, or parts of them.
    Handshake(Vec<Piece>),
    /// An alert.
    Alert(Alert),
    /// change_cipher_spec; in TLS 1.3 it means nothing, and is there for middleboxes (RFC 8446, appendix D.4).
    ChangeCipherSpec,
    /// Application data, as long as this.
    ApplicationData(usize),
    /// A content type that TLS does not know, or a content that its type does not allow.
    Other(ContentType),
    /// Nobody knows: the record could not be opened.
    Hidden,
    /// The beginning of a record that has not come to its end, [`Decoder::incomplete`](super::Decoder::incomplete).
    Incomplete,
    /// This is no record: the peer does not speak TLS, or has lost count. Nothing in this direction is looked at any
    /// more.
    NotTls,
}

/// An alert (RFC 8446, 6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Alert {
    /// 1 for a warning, 2 for a fatal one; in TLS 1.3 only the description counts.
    pub level: u8,
    /// Which.
    pub description: AlertDescription,
}

/// What one record holds of one handshake message: one record may hold several messages, and one message may take
/// several records.
#[derive(Clone, Debug, PartialEq)]
pub struct Piece {
    /// Where in the record's [content](Record::payload).
    pub range: Range<usize>,
    /// The message, in the piece that completes it.
    pub message: Option<Arc<Message>>,
}

/// A whole handshake message (RFC 8446, 4).
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// Who sent it.
    pub sender: Side,
    /// Which.
    pub kind: HandshakeType,
    /// The version that the two have agreed on, if they have: some messages are laid out by it. ServerHello counts
    /// as agreed upon already.
    pub version: Option<ProtocolVersion>,
    /// All of it, with its header of four bytes: type and length.
    pub bytes: Vec<u8>,
}

impl Message {
    /// Its name in the RFCs; that of a HelloRetryRequest, which has the type and the form of a ServerHello
    /// (RFC 8446, 4.1.4), is its own. `None` for a type that no RFC knows.
    pub fn name(&self) -> Option<&'static str> {
        match self.is_hello_retry_request() {
            true => Some("HelloRetryRequest"),
            false => self.kind.as_str(),
        }
    }

    /// Whether it is a ClientHello that offers TLS 1.3, alone or among others.
    pub fn offers_tls13(&self) -> bool {
        self.kind == HandshakeType::ClientHello
            && ClientHello::read(&self.bytes).is_some_and(|hello| hello.offers_tls13)
    }

    /// Whether it asks for another ClientHello.
    pub fn is_hello_retry_request(&self) -> bool {
        self.kind == HandshakeType::ServerHello
            && ServerHello::read(&self.bytes).is_some_and(|hello| hello.asks_again())
    }
}

impl Record {
    /// The content type that the header claims; for encrypted records of TLS 1.3 always application data.
    pub fn outer_type(&self) -> ContentType {
        ContentType::from(self.wire.first().copied().unwrap_or_default())
    }

    /// What is in it, as bytes: of a sealed record, the ciphertext; of what is no record, or not even a whole header, all
    /// of it.
    pub fn payload(&self) -> &[u8] {
        match &self.protection {
            _ if self.content == Content::NotTls => &self.wire,
            _ if self.content == Content::Incomplete && self.wire.len() < HEADER => &self.wire,
            Protection::Opened { plaintext, .. } => plaintext,
            Protection::Clear | Protection::Sealed(_) => self.wire.get(HEADER..).unwrap_or_default(),
        }
    }

    /// Whether it crossed the wire encrypted.
    pub fn is_encrypted(&self) -> bool {
        self.protection != Protection::Clear
    }

    /// The handshake messages that end in this record.
    pub fn messages(&self) -> impl Iterator<Item = &Message> {
        let pieces = match &self.content {
            Content::Handshake(pieces) => pieces.as_slice(),
            _ => &[],
        };
        pieces.iter().filter_map(|piece| piece.message.as_deref())
    }
}
