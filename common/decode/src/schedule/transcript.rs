//! The transcript: the handshake messages that both ends have seen, as a hash.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::{digest, hmac};
use rustls::{CipherSuite, Side};

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
    /// All hash functions that cipher suites use.
    pub(crate) const ALL: [Self; 2] = [Self::Sha256, Self::Sha384];

    /// Returns the length of a hash in bytes.
    pub fn length(self) -> usize {
        match self {
            Self::Sha256 => 32,
            Self::Sha384 => 48,
        }
    }

    /// Returns the hash function of a suite; `None` for an unknown suite. TLS 1.2 uses SHA-256 unless the suite names
    /// another one (RFC 5246, 5).
    pub(crate) fn of(suite: CipherSuite) -> Option<Self> {
        let name = suite.as_str()?;
        Some(if name.ends_with("SHA384") { Self::Sha384 } else { Self::Sha256 })
    }

    /// Returns the hash function with this length.
    pub(super) fn of_length(length: usize) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.length() == length)
    }

    pub(crate) fn digest(self) -> &'static digest::Algorithm {
        match self {
            Self::Sha256 => &digest::SHA256,
            Self::Sha384 => &digest::SHA384,
        }
    }

    pub(crate) fn hmac(self) -> hmac::Algorithm {
        match self {
            Self::Sha256 => hmac::HMAC_SHA256,
            Self::Sha384 => hmac::HMAC_SHA384,
        }
    }
}

/// The type of the message message_hash (RFC 8446, 4).
const MESSAGE_HASH: u8 = 254;

/// The most messages of a transcript. A handshake of TLS 1.3 has at most 13, one of TLS 1.2 at most 15.
const MAX_PARTS: usize = 32;

/// The most bytes of a transcript that are kept for a signature of TLS 1.2.
const MAX_BYTES: usize = 1 << 16;

/// The running hash of the messages so far. It has both hash functions until the cipher suite is known.
#[derive(Clone)]
pub(super) struct Running {
    hashes: Vec<(HashAlgorithm, digest::Context)>,
    parts: Vec<Part>,
    /// All bytes, for CertificateVerify of TLS 1.2. `None`: there are too many, or TLS 1.3 does not need them.
    bytes: Option<Vec<u8>>,
}

impl Running {
    pub(super) fn new() -> Self {
        let hash = |algorithm: HashAlgorithm| (algorithm, digest::Context::new(algorithm.digest()));
        let hashes = HashAlgorithm::ALL.map(hash).to_vec();
        Self { hashes, parts: Vec::new(), bytes: Some(Vec::new()) }
    }

    /// Keeps only the hash of the cipher suite.
    pub(super) fn choose(&mut self, chosen: HashAlgorithm) {
        self.hashes.retain(|(algorithm, _)| *algorithm == chosen);
    }

    /// Forgets the bytes, and keeps the hash.
    pub(super) fn forget_bytes(&mut self) {
        self.bytes = None;
    }

    /// Returns how many bytes are kept.
    pub(super) fn kept(&self) -> usize {
        self.bytes.as_ref().map_or(0, Vec::capacity)
    }

    /// Returns all bytes so far; `None` if they are not kept.
    pub(super) fn bytes(&self) -> Option<&[u8]> {
        self.bytes.as_deref()
    }

    /// Adds a message. `None`: the transcript has too many messages.
    pub(super) fn add(&mut self, part: Part, bytes: &[u8]) -> Option<()> {
        for (_, hash) in &mut self.hashes {
            hash.update(bytes);
        }
        match &mut self.bytes {
            Some(kept) if kept.len() + bytes.len() <= MAX_BYTES => kept.extend_from_slice(bytes),
            _ => self.bytes = None,
        }
        self.parts.push(part);
        (self.parts.len() <= MAX_PARTS).then_some(())
    }

    /// Returns the transcript so far; `None` if another hash is chosen.
    pub(super) fn so_far(&self, wanted: HashAlgorithm) -> Option<Arc<Transcript>> {
        let (algorithm, hash) = self.hashes.iter().find(|(algorithm, _)| *algorithm == wanted)?;
        let hash = hash.clone().finish().as_ref().to_vec();
        Some(Arc::new(Transcript { algorithm: *algorithm, hash, parts: self.parts.clone() }))
    }

    /// Returns the transcript that a HelloRetryRequest begins: the message message_hash with the hash of the first
    /// ClientHello (RFC 8446, 4.4.1).
    pub(super) fn retried(&self, algorithm: HashAlgorithm) -> Option<Self> {
        let hello = self.so_far(algorithm)?;
        let length = u8::try_from(algorithm.length()).ok()?;
        let mut retried = Self::new();
        retried.choose(algorithm);
        retried.add(Part::MessageHash, &[&[MESSAGE_HASH, 0, 0, length], hello.hash.as_slice()].concat())?;
        Some(retried)
    }
}

impl fmt::Debug for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Running({:?})", self.parts)
    }
}
