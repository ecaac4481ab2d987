//! The classic format (draft-ietf-opsawg-pcap): a header of 24 bytes, and a header of 16 bytes before each packet.

use std::io::Read;

use super::fields::Fields;
use super::{FileError, Item, LONGEST, Packet, Source, time};

const HEADER: usize = 24;
const PACKET_HEADER: usize = 16;

/// The number of bytes that a variant of libpcap from 1999 adds to each packet's header.
const MODIFIED: usize = 8;

/// What the header of the file says.
#[derive(Debug)]
pub(super) struct Pcap {
    big_endian: bool,
    /// Times have nanoseconds, not microseconds.
    nanoseconds: bool,
    packet_header: usize,
    link: u16,
}

impl Pcap {
    /// Reads the rest of the file's header, behind `magic`. `None` if the file has another format.
    pub(super) fn begin<R: Read>(magic: [u8; 4], source: &mut Source<R>) -> Result<Option<Self>, FileError> {
        let (big_endian, nanoseconds, more) = match magic {
            [0xd4, 0xc3, 0xb2, 0xa1] => (false, false, 0),
            [0xa1, 0xb2, 0xc3, 0xd4] => (true, false, 0),
            [0x4d, 0x3c, 0xb2, 0xa1] => (false, true, 0),
            [0xa1, 0xb2, 0x3c, 0x4d] => (true, true, 0),
            [0x34, 0xcd, 0xb2, 0xa1] => (false, false, MODIFIED),
            [0xa1, 0xb2, 0xcd, 0x34] => (true, false, MODIFIED),
            _ => return Ok(None),
        };
        if !source.fill(HEADER - magic.len())? {
            return Err(source.truncated());
        }
        let mut header = Fields::new(source.bytes(), big_endian);
        header.take(16); // version, time zone, accuracy, snap length: no reader needs them
        // The upper bits may say how long the checksum of each frame is.
        let link = header.u32().map(|link| (link & 0xffff) as u16).ok_or_else(|| source.truncated())?;
        Ok(Some(Self { big_endian, nanoseconds, packet_header: PACKET_HEADER + more, link }))
    }

    pub(super) fn next<'a, R: Read>(&self, source: &'a mut Source<R>) -> Result<Option<Item<'a>>, FileError> {
        if !source.begin_block(self.packet_header)? {
            return Ok(None);
        }
        let mut header = Fields::new(source.bytes(), self.big_endian);
        let (Some(seconds), Some(fraction), Some(captured), Some(length)) =
            (header.u32(), header.u32(), header.u32(), header.u32())
        else {
            return Err(source.truncated());
        };
        if captured as usize > LONGEST {
            return Err(source.malformed("a packet of more than 16 MiB"));
        }
        if !source.fill(captured as usize)? {
            return Err(source.truncated());
        }
        let nanoseconds = if self.nanoseconds { fraction } else { fraction.saturating_mul(1000) };
        let time = time(seconds.into(), nanoseconds);
        Ok(Some(Item::Packet(Packet { time, link: self.link, data: source.bytes(), length })))
    }
}
