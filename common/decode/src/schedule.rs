//! The key schedule of a session: its keys, how each key is made, and how messages are checked with them.
//!
//! The types in this module describe the calculations of both TLS versions. They contain no key material, unless the
//! decoder was told to [keep values](crate::Decoder::keep_values).
//!
//! ```text
//!  TLS 1.3 (RFC 8446, 7.1)                                TLS 1.2 (RFC 5246, 8.1 and 6.3)
//!
//!  0 ──▶ Extract ◀── PSK or 0                              premaster secret
//!           ▼                                                    ▼ PRF
//!     Early Secret ──▶ binder_key, early traffic           master secret ──▶ verify_data of Finished
//!           ▼ "derived"                                          ▼ PRF
//!        Extract ◀── shared secret                           key block
//!           ▼                                                    ▼ cut
//!    Handshake Secret ──▶ handshake traffic ──▶ finished   keys and IVs of the records
//!           ▼ "derived"                │
//!        Extract ◀── 0                 ├──▶ keys and IVs of the records
//!           ▼                          │
//!     Master Secret ──▶ application traffic, exporter, resumption ──▶ PSKs of tickets
//! ```
//!
//! [`Record`](crate::Record) has the derivations and the checks that become possible with its messages.

use std::ops::Range;
use std::sync::Arc;

use rustls::{NamedGroup, Side};

pub(crate) use self::follow::Schedule;
pub use self::key::{Epoch, Key};
pub use self::transcript::{HashAlgorithm, Part, Transcript};
pub use crate::compute::hkdf_label;
pub use crate::recorder::Value;

mod follow;
mod key;
#[cfg(test)]
mod tests;
mod tls12;
mod tls13;
mod transcript;
mod values;

/// The calculation of one secret or key.
#[derive(Clone, Debug, PartialEq)]
pub struct Derivation {
    /// The result.
    pub key: Key,
    /// The calculation.
    pub rule: Rule,
    /// The hash function of the session, which HKDF and the PRF use.
    pub algorithm: HashAlgorithm,
    /// The transcript whose hash is an input of the calculation. `None`: no transcript is an input. If the decoder has not
    /// seen all messages of a transcript, there is no derivation from it.
    pub transcript: Option<Arc<Transcript>>,
    /// The value of the result. `None`: the decoder does not [keep values](crate::Decoder::keep_values), or does not know
    /// the inputs.
    pub value: Option<Value>,
}

/// How a secret or a key is calculated.
#[derive(Clone, Debug, PartialEq)]
pub enum Rule {
    /// Both ends calculate it from their own private key and the public key of the peer (RFC 8446, 7.4; RFC 8422, 5.10).
    /// `None`: TLS 1.2 without a named group. Its key exchange is RSA or finite-field Diffie-Hellman.
    KeyExchange(Option<NamedGroup>),
    /// Both ends have kept it from an earlier session. The ticket or the session ID in ClientHello names it.
    EarlierSession,
    /// `HKDF-Extract(salt, secret)` (RFC 5869, 2.2; RFC 8446, 7.1).
    Extract {
        /// The salt, which is the key of HMAC.
        salt: Input,
        /// The input keying material, which is the message of HMAC.
        secret: Input,
    },
    /// `HKDF-Expand-Label(from, label, context, length)` (RFC 8446, 7.1). With a [`Derivation::transcript`] the context is
    /// its hash, and this is `Derive-Secret`. Otherwise the context is empty. "res binder" has a transcript without
    /// messages.
    Expand {
        /// The secret that is expanded.
        from: Key,
        /// The label, without the prefix "tls13 ".
        label: &'static str,
        /// The length of the result in bytes.
        length: usize,
    },
    /// The key and the IV of records: `HKDF-Expand-Label(from, "key", "", key)`, and the same with "iv" (RFC 8446, 7.3).
    /// The [value](Derivation::value) is the key, followed by the IV.
    TrafficKeys {
        /// The traffic secret.
        from: Key,
        /// The length of the key in bytes.
        key: usize,
        /// The length of the IV in bytes.
        iv: usize,
    },
    /// The PSK of a ticket: `HKDF-Expand-Label(from, "resumption", nonce, length)` (RFC 8446, 4.6.1).
    Ticket {
        /// The resumption master secret.
        from: Key,
        /// ticket_nonce in NewSessionTicket.
        nonce: Vec<u8>,
        /// The length of the PSK in bytes.
        length: usize,
    },
    /// `PRF(from, label, seed)`, cut to a length (RFC 5246, 5).
    Prf {
        /// The secret.
        from: Key,
        /// The label: for example "master secret", or "extended master secret" (RFC 7627, 4).
        label: &'static str,
        /// The seed.
        seed: Seed,
        /// The length of the result in bytes.
        length: usize,
    },
    /// The key and the IV of records are parts of the key block (RFC 5246, 6.3). The [value](Derivation::value) is the
    /// key, followed by the IV.
    Cut {
        /// The key block.
        from: Key,
        /// The place of the key in the block.
        key: Range<usize>,
        /// The place of the IV in the block.
        iv: Range<usize>,
    },
}

/// An input of HKDF-Extract.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Input {
    /// As many zeros as the hash has bytes.
    Zeros,
    /// A key.
    Key(Key),
    /// `Derive-Secret(key, "derived", "")`. The context is the hash of no bytes at all.
    Derived(Key),
}

/// The seed of the PRF of TLS 1.2.
#[derive(Clone, Debug, PartialEq)]
pub enum Seed {
    /// The randoms of both hello messages: 64 bytes.
    Randoms {
        /// The end whose random comes first: the client for "master secret", the server for "key expansion".
        first: Side,
        /// Both randoms, in this order.
        bytes: Vec<u8>,
    },
    /// The hash of [`Derivation::transcript`], which RFC 7627 calls session_hash.
    Transcript,
}

/// What a message proves. The receiver does the same calculation, and compares.
#[derive(Clone, Debug, PartialEq)]
pub struct Check {
    /// The kind of proof.
    pub kind: CheckKind,
    /// The key of a MAC; `None` for a signature. [`Binder`](CheckKind::Binder) has the key of the first PSK only.
    pub key: Option<Key>,
    /// The hash function of the session.
    pub algorithm: HashAlgorithm,
    /// The transcript whose hash is proven. `None`: the proof has no transcript.
    pub transcript: Option<Arc<Transcript>>,
    /// The bytes that are signed. `None`: the proof is a MAC; or it is CertificateVerify of TLS 1.2, and the messages that
    /// it signs are longer than 64 KiB.
    pub signed: Option<Vec<u8>>,
}

/// The kind of a proof.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum CheckKind {
    /// Finished proves that both ends have seen the same messages. In TLS 1.3 verify_data is
    /// `HMAC(finished_key, transcript hash)` (RFC 8446, 4.4.4). In TLS 1.2 it is the first twelve bytes of
    /// `PRF(master_secret, "client finished" or "server finished", transcript hash)` (RFC 5246, 7.4.9).
    Finished(Side),
    /// CertificateVerify proves that its sender has the private key of its certificate (RFC 8446, 4.4.3; RFC 5246, 7.4.8).
    CertificateVerify(Side),
    /// A binder in ClientHello proves that the client knows the PSK of this index. It is
    /// `HMAC(finished_key of binder_key, hash of the truncated transcript)` (RFC 8446, 4.2.11.2).
    Binder(usize),
    /// The signature in ServerKeyExchange of TLS 1.2 proves that the key share comes from the owner of the certificate
    /// (RFC 8422, 5.4).
    ServerKeyExchange,
}
