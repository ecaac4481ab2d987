//! Where records begin and end.

use rustls::ProtocolVersion;

use super::{HEADER, reader::Reader};

/// No payload of a record is as long as this: TLS 1.2 allows 2048 bytes beside the content (RFC 5246, 6.2.3), TLS 1.3
/// fewer, and rustls one less.
const TOO_LONG: usize = (1 << 14) + 2048;

/// Cuts the bytes of one direction into records, and keeps the start of one that is not complete.
#[derive(Debug, Default)]
pub(super) struct Framing {
    /// The start of a record, shorter than the longest one.
    pending: Vec<u8>,
    /// Something came that is no record.
    lost: bool,
}

/// Some bytes of the wire.
pub(super) enum Frame {
    /// A record, header included.
    Record(Vec<u8>),
    /// No record, nor is anything that follows it.
    Foreign(Vec<u8>),
}

/// What stands at the front of some bytes.
enum Front {
    Record(usize),
    Incomplete,
    Foreign,
}

impl Framing {
    /// The next bytes: what they complete.
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

    /// The bytes that wait for the rest of their record.
    pub(super) fn pending(&self) -> &[u8] {
        &self.pending
    }
}

/// This takes what rustls takes, whatever version the header claims (RFC 8446, 5.1, has receivers ignore that), and
/// judges each byte as soon as it is there: a peer that says `GET ` and waits has said enough.
fn front(bytes: &[u8]) -> Front {
    match *bytes {
        [20..=24] | [20..=24, 0 | 3 | 0xfe] => {}
        [20..=24, major, minor, ..] if is_taken(u16::from_be_bytes([major, minor])) => {}
        _ => return Front::Foreign,
    }
    let mut reader = Reader::new(bytes);
    let Some(length) = reader.take(HEADER - 2).and_then(|_| reader.u16()).map(usize::from) else {
        return Front::Incomplete;
    };
    match reader.take(length) {
        _ if length >= TOO_LONG => Front::Foreign,
        Some(_) => Front::Record(HEADER + length),
        None => Front::Incomplete,
    }
}

/// Any version that has a name, and any of the family.
fn is_taken(version: u16) -> bool {
    !matches!(ProtocolVersion::from(version), ProtocolVersion::Unknown(number) if number >> 8 != 3)
}
