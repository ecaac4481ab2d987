//! Decodes the bytes of TLS sessions: records, keys, messages, and the meaning of each field.
//!
//! A [`Decoder`] follows one session. It gets the bytes of both directions, in the order in which our end read and
//! wrote them, and the secrets that rustls derived. It returns [`Record`]s. Each record says which key protects it, and
//! which keys and proofs its messages make possible. [`explain`] turns a record or a message into a tree of
//! [`Field`](explain::Field)s, each with its bytes, its value, a sentence and an RFC section.
//!
//! ```text
//!  rustls: KeyLog ─▶ Secrets ─▶ Decoder::learn ──┐
//!                                                ▼
//!  bytes of one ─▶ Decoder::feed ─▶ framing ─▶ cipher ─▶ assembly ─▶ hello ─▶ schedule ─▶ Vec<Record>
//!  direction                        records    decrypt   messages    keys     transcript       │
//!                                                                                ▲             │
//!  rustls: HKDF, PRF ─▶ Recorder ─▶ Decoder::learn_values ───────────────────────┘             │
//!                       (only for the values of keys)                                          ▼
//!                                                    explain::{header, content, message} ─▶ Vec<Field>
//! ```
//!
//! Nothing here fails. All bytes end up in a record, except those that belong to an incomplete one. Unknown or malformed
//! bytes have a content or a field that says so.
//!
//! | module | job |
//! |---|---|
//! | `decoder` | one session: which key protects which record, and when that changes |
//! | `framing` | cuts the bytes of one direction into records |
//! | `cipher`, `opener` | decrypt the records of one direction |
//! | `keys` | derives keys from secrets |
//! | `compute` | the functions of the key schedule: HMAC, HKDF, the PRF |
//! | `suite` | the properties of cipher suites |
//! | [`secrets`] | receives the secrets from rustls |
//! | [`recorder`] | records the secrets that rustls puts into the key schedule |
//! | `assembly` | joins handshake messages that span records |
//! | [`hello`] | reads the fields of hello messages that decryption needs, and the offer of a client |
//! | [`schedule`] | the keys of a session, how each is made, and what it protects or checks |
//! | [`tickets`] | remembers which session issued which ticket |
//! | `record` | the result: [`Record`], [`Content`], [`Message`] |
//! | [`explain`] | the fields of records and messages, and certificates |
//! | `reader` | reads numbers and vectors from bytes |

mod assembly;
mod cipher;
mod compute;
mod decoder;
pub mod explain;
mod framing;
pub mod hello;
mod keys;
mod opener;
mod reader;
mod record;
pub mod recorder;
pub mod schedule;
pub mod secrets;
mod suite;
pub mod tickets;

use rustls::Side;

use self::reader::Reader;

pub use self::decoder::Decoder;
pub use self::record::{
    Alert, Content, Message, Piece, Protection, Record, Sealed, Sealing, content_type_name,
};

/// The length of a record's header: type, version, length (RFC 8446, 5.1).
pub const HEADER: usize = 5;

/// The length of a handshake message's header: type, length (RFC 8446, 4).
pub const MESSAGE_HEADER: usize = 4;

/// Returns the length of a handshake message with its header. `begun` is its beginning. `None`: its header is incomplete.
pub fn message_length(begun: &[u8]) -> Option<usize> {
    let mut reader = Reader::new(begun);
    reader.take(1)?;
    Some(MESSAGE_HEADER + reader.length(3)?)
}

/// Returns whether a two-byte number is GREASE: `0x?a?a`, with both bytes the same. Clients send such numbers, to find
/// servers that fail on unknown ones (RFC 8701, 2).
pub fn is_grease(number: u16) -> bool {
    let [high, low] = number.to_be_bytes();
    high == low && low & 0x0f == 0x0a
}

/// Returns the other end of a session.
pub fn other_side(side: Side) -> Side {
    match side {
        Side::Client => Side::Server,
        Side::Server => Side::Client,
    }
}

/// Returns the name of an end of a session: `client` or `server`.
pub fn side_name(side: Side) -> &'static str {
    match side {
        Side::Client => "client",
        Side::Server => "server",
    }
}

/// Formats bytes in hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
