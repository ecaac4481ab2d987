//! The transcript: the handshake messages that both ends have seen, as a hash.

use rustls::Side;

/// The hash of some handshake messages (RFC 8446, 4.4.1; RFC 5246, 7.4.9).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transcript {
    /// The hash function.
    pub algorithm: HashAlgorithm,
    /// The hash.
    pub hash: Vec<u8>,
    /// The messages that are hashed, in order. There are at most 32.
    pub parts: Vec<Part>,
}

/// A part of a transcript.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Part {
    /// A whole handshake message.
    Message {
        /// Its sender.
        sender: Side,
        /// Its name in the RFCs.
        name: &'static str,
    },
    /// The synthetic message message_hash. After HelloRetryRequest it replaces the first ClientHello, and contains only its
    /// hash (RFC 8446, 4.4.1).
    MessageHash,
    /// ClientHello without its list of binders, which could not contain a hash of itself (RFC 8446, 4.2.11.2).
    TruncatedClientHello,
}

// `Side` of rustls has only `PartialEq`.
impl Eq for Part {}

/// The hash function of a cipher suite.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HashAlgorithm {
    /// SHA-256, 32 bytes.
    Sha256,
    /// SHA-384, 48 bytes.
    Sha384,
}

impl HashAlgorithm {
    /// Returns the length of a hash in bytes.
    pub fn length(self) -> usize {
        match self {
            Self::Sha256 => 32,
            Self::Sha384 => 48,
        }
    }
}
