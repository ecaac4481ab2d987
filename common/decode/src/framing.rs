//! Cuts the bytes of one direction into records.

use rustls::ProtocolVersion;

use crate::HEADER;
use crate::reader::Reader;

/// The shortest payload that is too long. TLS 1.2 allows 2048 bytes besides the content (RFC 5246, 6.2.3), TLS 1.3
/// fewer. The limit of rustls is one byte lower than that of TLS 1.2.
const TOO_LONG: usize = (1 << 14) + 2048;

/// Cuts the bytes of one direction into records, and keeps an incomplete record.
#[derive(Debug, Default)]
pub(super) struct Framing {
    /// An incomplete record. It is shorter than the longest record.
    pending: Vec<u8>,
    /// The direction has bytes that are not a record.
    lost: bool,
}

/// A record, or other bytes.
pub(super) enum Frame {
    /// A record, including its header.
    Record(Vec<u8>),
    /// Bytes that are not a record. All later bytes are foreign, too.
    Foreign(Vec<u8>),
}

/// The beginning of some bytes.
enum Front {
    Record(usize),
    Incomplete,
    Foreign,
}

impl Framing {
    /// Adds the next bytes. Returns the frames that they complete.
    pub(super) fn feed(&mut self, bytes: &[u8]) -> Vec<Frame> {
        self.pending.extend_from_slice(bytes);
        let bytes = std::mem::take(&mut self.pending);
        let mut rest = bytes.as_slice();
        let mut frames = Vec::new();
        while !rest.is_empty() {
            let front = if self.lost { Front::Foreign } else { front(rest) };
            match front {
                Front::Record(length) => {
                    let (record, behind) = rest.split_at(length.min(rest.len()));
                    frames.push(Frame::Record(record.to_vec()));
                    rest = behind;
                }
                Front::Incomplete => break,
                Front::Foreign => {
                    self.lost = true;
                    frames.push(Frame::Foreign(std::mem::take(&mut rest).to_vec()));
                }
            }
        }
        self.pending = rest.to_vec();
        frames
    }

    /// Returns how many bytes are kept.
    pub(super) fn kept(&self) -> usize {
        self.pending.capacity()
    }

    /// Returns the bytes of the incomplete record.
    pub(super) fn pending(&self) -> &[u8] {
        &self.pending
    }
}

/// Checks the beginning of some bytes. Accepts the same records as rustls, whatever version the header has: receivers
/// ignore it (RFC 8446, 5.1). Checks each byte as soon as it arrives, so `GET ` is foreign before the rest of a
/// header is there.
fn front(bytes: &[u8]) -> Front {
    match *bytes {
        [20..=24] | [20..=24, 0 | 3 | 0xfe] => {}
        [20..=24, major, minor, ..] if is_accepted(u16::from_be_bytes([major, minor])) => {}
        _ => return Front::Foreign,
    }
    let mut reader = Reader::new(bytes);
    let Some(length) = reader.take(HEADER - 2).and_then(|_| reader.length(2)) else {
        return Front::Incomplete;
    };
    match reader.take(length) {
        _ if length >= TOO_LONG => Front::Foreign,
        Some(_) => Front::Record(HEADER + length),
        None => Front::Incomplete,
    }
}

/// Returns whether rustls accepts this version: any that it has a name for, and any with 3 as its first byte.
fn is_accepted(version: u16) -> bool {
    !matches!(ProtocolVersion::from(version), ProtocolVersion::Unknown(number) if number >> 8 != 3)
}
