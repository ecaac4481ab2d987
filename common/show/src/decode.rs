//! What the bytes on the wire are: records, and what is in them, decrypted where the secrets are known.
//!
//! A [`Decoder`] follows one session. It is fed the bytes of both directions in the order in which this end met
//! them, and gives [`Record`]s. Whatever the bytes are, each of them ends up in a record, or is still waited for: what
//! is unknown or broken is shown as what it is.

mod record;

use rustls::Side;

pub use self::record::{Alert, Content, Message, Piece, Protection, Record, Sealed};
use crate::secrets::Secret;

/// The length of a record's header: type, version, length (RFC 8446, 5.1).
pub const HEADER: usize = 5;

/// The longest payload of a record: TLS 1.2 allows 2048 bytes beside the content, TLS 1.3 256 (RFC 5246, 6.2.3).
const LONGEST: usize = (1 << 14) + 2048;

/// Follows one session.
#[derive(Debug)]
pub struct Decoder {
    client: Direction,
    server: Direction,
}

impl Default for Decoder {
    fn default() -> Self {
        Self { client: Direction::new(Side::Client), server: Direction::new(Side::Server) }
    }
}

impl Decoder {
    /// Secrets of this session.
    pub fn learn(&mut self, secrets: &[Secret]) {
        let _ = secrets;
    }

    /// Bytes that `sender` sent, the next after those of the last call: the records that they complete.
    pub fn feed(&mut self, sender: Side, bytes: &[u8]) -> Vec<Record> {
        self.direction(sender).feed(bytes)
    }

    /// How many bytes of an incomplete record are waiting for the rest.
    pub fn left_over(&mut self, sender: Side) -> usize {
        self.direction(sender).pending.len()
    }

    fn direction(&mut self, sender: Side) -> &mut Direction {
        match sender {
            Side::Client => &mut self.client,
            Side::Server => &mut self.server,
        }
    }
}

/// One direction of a session.
#[derive(Debug)]
struct Direction {
    sender: Side,
    /// The start of a record that is not complete.
    pending: Vec<u8>,
    /// How many records there were.
    records: u64,
    /// Something came that is no record.
    lost: bool,
}

impl Direction {
    fn new(sender: Side) -> Self {
        Self { sender, pending: Vec::new(), records: 0, lost: false }
    }

    fn feed(&mut self, bytes: &[u8]) -> Vec<Record> {
        self.pending.extend_from_slice(bytes);
        std::iter::from_fn(|| self.next()).collect()
    }

    fn next(&mut self) -> Option<Record> {
        let length = self.next_length()?;
        let wire: Vec<u8> = self.pending.drain(..length).collect();
        let content = if self.lost { Content::NotTls } else { Content::Hidden };
        let number = self.records;
        self.records += 1;
        Some(Record { sender: self.sender, number, wire, protection: Protection::Clear, content })
    }

    /// How long the record at the front is, if all of it is there.
    fn next_length(&mut self) -> Option<usize> {
        let header = self.pending.first_chunk::<HEADER>();
        let length = match header {
            _ if self.lost => self.pending.len(),
            None => return None,
            Some([20..=24, 3, _, high, low]) => HEADER + usize::from(u16::from_be_bytes([*high, *low])),
            Some(_) => LONGEST + HEADER + 1,
        };
        if length > LONGEST + HEADER {
            self.lost = true;
        }
        let length = if self.lost { self.pending.len() } else { length };
        (length > 0 && self.pending.len() >= length).then_some(length)
    }
}
