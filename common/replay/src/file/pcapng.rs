//! The new format (draft-ietf-opsawg-pcapng): blocks, each with its type and its length.

use std::io::Read;
use std::time::Duration;

use super::fields::Fields;
use super::{FileError, Item, LONGEST, Packet, PassedOver, Source, time};

/// The first bytes of a file, and of each section: the type of a Section Header Block.
pub(super) const SECTION: [u8; 4] = [0x0a, 0x0d, 0x0d, 0x0a];

const SECTION_HEADER: u32 = 0x0a0d_0d0a;
const INTERFACE_DESCRIPTION: u32 = 1;
/// Obsolete, but some old files have it.
const PACKET: u32 = 2;
const SIMPLE_PACKET: u32 = 3;
const ENHANCED_PACKET: u32 = 6;
const DECRYPTION_SECRETS: u32 = 10;

/// `TLSK`: the secrets are a key log of TLS.
const TLS_KEY_LOG: u32 = 0x544c_534b;

/// The type and the length of a block.
const BLOCK_HEADER: usize = 8;
/// The length again, after the content of a block.
const TRAILER: usize = 4;

/// The options of an interface.
const TIME_RESOLUTION: u16 = 9;
const TIME_OFFSET: u16 = 14;

/// The most interfaces of a section. Each takes a few bytes of memory.
const MAX_INTERFACES: usize = 65_536;

/// The current section.
#[derive(Debug)]
pub(super) struct PcapNg {
    big_endian: bool,
    interfaces: Vec<Interface>,
    /// The time of the last packet. Simple packets have no time of their own.
    last: Duration,
}

#[derive(Clone, Copy, Debug)]
struct Interface {
    link: u16,
    snap_length: u32,
    resolution: u8,
    /// Seconds that are added to each time.
    offset: i64,
}

/// The position of a packet's bytes in its block, and what its header says.
struct Found {
    interface: u32,
    time: Option<u64>,
    captured: usize,
    length: u32,
}

impl PcapNg {
    /// Reads the first section header, behind the type of its block.
    pub(super) fn begin<R: Read>(source: &mut Source<R>) -> Result<Self, FileError> {
        let mut this = Self { big_endian: false, interfaces: Vec::new(), last: Duration::ZERO };
        if !source.fill(4)? {
            return Err(source.truncated());
        }
        let length = <[u8; 4]>::try_from(source.bytes()).unwrap_or_default();
        this.section(length, source)?;
        Ok(this)
    }

    pub(super) fn next<'a, R: Read>(
        &mut self,
        source: &'a mut Source<R>,
    ) -> Result<Option<Item<'a>>, FileError> {
        // The borrow checker does not let a loop return what borrows from `source`, so the loop returns a description.
        let (kind, found) = loop {
            if !source.begin_block(BLOCK_HEADER)? {
                return Ok(None);
            }
            let mut header = Fields::new(source.bytes(), self.big_endian);
            let (Some(kind), Some(length)) = (header.u32(), header.u32()) else {
                return Err(source.truncated());
            };
            match kind {
                SECTION_HEADER => {
                    // Its byte order may be another one.
                    let length = source.bytes().get(4..).and_then(|length| length.try_into().ok());
                    self.section(length.unwrap_or_default(), source)?;
                }
                INTERFACE_DESCRIPTION => {
                    self.content(length, source, "an Interface Description Block of more than 16 MiB")?;
                    self.interface(source)?;
                }
                ENHANCED_PACKET | PACKET | SIMPLE_PACKET => {
                    self.content(length, source, "a packet block of more than 16 MiB")?;
                    let found = self.find(kind, source.bytes());
                    let found = found.ok_or_else(|| source.malformed("a packet is longer than its block"))?;
                    let Some(interface) = self.interfaces.get(found.interface as usize) else {
                        return Ok(Some(Item::PassedOver(PassedOver::UnknownInterface)));
                    };
                    break (kind, Some((*interface, found)));
                }
                DECRYPTION_SECRETS if length as usize > LONGEST => {
                    self.skip(length, source)?;
                    return Ok(Some(Item::PassedOver(PassedOver::LongSecrets)));
                }
                DECRYPTION_SECRETS => {
                    self.content(length, source, "a Decryption Secrets Block of more than 16 MiB")?;
                    if self.key_log(source.bytes()).is_some() {
                        break (kind, None);
                    }
                }
                _ => self.skip(length, source)?,
            }
        };
        let Some((interface, found)) = found else {
            return Ok(self.key_log(source.bytes()).map(Item::KeyLog));
        };
        if let Some(units) = found.time {
            self.last = interface.time(units);
        }
        let (time, link) = (self.last, interface.link);
        let data = packet_bytes(kind, &found, source.bytes());
        Ok(Some(Item::Packet(Packet { time, link, data, length: found.length })))
    }

    /// Reads the rest of a section header, behind its length.
    fn section<R: Read>(&mut self, length: [u8; 4], source: &mut Source<R>) -> Result<(), FileError> {
        if !source.fill(4)? {
            return Err(source.truncated());
        }
        self.big_endian = match source.bytes() {
            [0x4d, 0x3c, 0x2b, 0x1a] => false,
            [0x1a, 0x2b, 0x3c, 0x4d] => true,
            _ => return Err(source.malformed("no byte order")),
        };
        self.interfaces.clear();
        let length = if self.big_endian { u32::from_be_bytes(length) } else { u32::from_le_bytes(length) };
        let rest = self.rest(length, source)?.checked_sub(4 + TRAILER);
        let rest = rest.ok_or_else(|| source.malformed("its length is too small"))?;
        if !source.skip(rest as u64)? || !source.fill(TRAILER)? {
            return Err(source.truncated());
        }
        self.trailer(length, source, source.bytes())
    }

    /// Reads the content of a block with this length, and checks that its length is repeated behind it. `too_long` is the
    /// fault of a block that is too long.
    fn content<R: Read>(
        &self,
        length: u32,
        source: &mut Source<R>,
        too_long: &'static str,
    ) -> Result<(), FileError> {
        let rest = self.rest(length, source)?;
        if rest > LONGEST {
            return Err(source.malformed(too_long));
        }
        if !source.fill(rest)? {
            return Err(source.truncated());
        }
        let content = rest - TRAILER;
        self.trailer(length, source, source.bytes().get(content..).unwrap_or_default())?;
        source.buffer.truncate(content);
        Ok(())
    }

    /// Checks that the trailer of a block repeats its length.
    fn trailer<R: Read>(&self, length: u32, source: &Source<R>, trailer: &[u8]) -> Result<(), FileError> {
        match Fields::new(trailer, self.big_endian).u32() {
            Some(repeated) if repeated == length => Ok(()),
            _ => Err(source.malformed("its two lengths differ")),
        }
    }

    fn skip<R: Read>(&self, length: u32, source: &mut Source<R>) -> Result<(), FileError> {
        let rest = self.rest(length, source)?;
        if source.skip(rest as u64)? { Ok(()) } else { Err(source.truncated()) }
    }

    /// Returns the number of bytes behind the header of a block, including the trailer.
    fn rest<R: Read>(&self, length: u32, source: &Source<R>) -> Result<usize, FileError> {
        let rest = (length as usize).checked_sub(BLOCK_HEADER).filter(|rest| *rest >= TRAILER);
        match rest {
            Some(rest) if length.is_multiple_of(4) => Ok(rest),
            _ => Err(source.malformed("its length is too small, or no multiple of 4")),
        }
    }

    fn interface<R: Read>(&mut self, source: &Source<R>) -> Result<(), FileError> {
        if self.interfaces.len() == MAX_INTERFACES {
            return Err(source.malformed("the section has more than 65,536 interfaces"));
        }
        let mut fields = Fields::new(source.bytes(), self.big_endian);
        let interface = Interface::read(&mut fields).ok_or_else(|| source.malformed("it is too short"))?;
        self.interfaces.push(interface);
        Ok(())
    }

    /// Finds the packet in a block.
    fn find(&self, kind: u32, content: &[u8]) -> Option<Found> {
        let mut fields = Fields::new(content, self.big_endian);
        if kind == SIMPLE_PACKET {
            let length = fields.u32()?;
            let limit = self.interfaces.first().map_or(0, |interface| interface.snap_length);
            let limit = if limit == 0 { length } else { length.min(limit) };
            let captured = (limit as usize).min(fields.rest().len());
            return Some(Found { interface: 0, time: None, captured, length });
        }
        let interface = if kind == PACKET {
            let interface = fields.u16()?;
            fields.u16()?; // the number of lost packets
            interface.into()
        } else {
            fields.u32()?
        };
        let (high, low) = (fields.u32()?, fields.u32()?);
        let (captured, length) = (fields.u32()? as usize, fields.u32()?);
        fields.take(captured)?;
        Some(Found { interface, time: Some(u64::from(high) << 32 | u64::from(low)), captured, length })
    }

    /// Returns the key log of a Decryption Secrets Block; `None` if it has secrets of another kind.
    fn key_log<'a>(&self, content: &'a [u8]) -> Option<&'a [u8]> {
        let mut fields = Fields::new(content, self.big_endian);
        let kind = fields.u32()?;
        let length = fields.u32()? as usize;
        (kind == TLS_KEY_LOG).then(|| fields.take(length.min(fields.rest().len())))?
    }
}

/// Returns the bytes of a packet that was found in this block.
fn packet_bytes<'a>(kind: u32, found: &Found, content: &'a [u8]) -> &'a [u8] {
    let start = if kind == SIMPLE_PACKET { 4 } else { 20 };
    content.get(start..start + found.captured).unwrap_or_default()
}

impl Interface {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let link = fields.u16()?;
        fields.u16()?; // reserved
        let mut interface = Self { link, snap_length: fields.u32()?, resolution: 6, offset: 0 };
        // The options are read as far as they are well formed. The others decide nothing here.
        while let (Some(code), Some(length)) = (fields.u16(), fields.u16()) {
            let Some(value) = fields.take_padded(length.into()).filter(|_| code != 0) else { break };
            match (code, value) {
                (TIME_RESOLUTION, [resolution]) => interface.resolution = *resolution,
                (TIME_OFFSET, [_, _, _, _, _, _, _, _]) => {
                    interface.offset = fields.within(value).i64().unwrap_or_default();
                }
                _ => {}
            }
        }
        Some(interface)
    }

    /// Converts a time of this interface.
    fn time(&self, units: u64) -> Duration {
        const NANOSECONDS: u128 = 1_000_000_000;
        let exponent = u32::from(self.resolution & 0x7f);
        let units = u128::from(units) * NANOSECONDS; // below 2 to the power of 94
        let nanoseconds = match self.resolution & 0x80 {
            0 => 10_u128.checked_pow(exponent).map_or(0, |unit| units / unit),
            _ => units.checked_shr(exponent).unwrap_or_default(),
        };
        let seconds = u64::try_from(nanoseconds / NANOSECONDS).unwrap_or(u64::MAX);
        time(seconds.saturating_add_signed(self.offset), (nanoseconds % NANOSECONDS) as u32)
    }
}
