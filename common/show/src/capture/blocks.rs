//! Makes the blocks of a pcapng file (draft-ietf-opsawg-pcapng), with the types of `pcap-file`.

use std::borrow::Cow;
use std::io;
use std::time::Duration;

use pcap_file::pcapng::PcapNgWriter;
use pcap_file::pcapng::blocks::enhanced_packet::{EnhancedPacketBlock, EnhancedPacketOption};
use pcap_file::pcapng::blocks::interface_description::{
    InterfaceDescriptionBlock, InterfaceDescriptionOption,
};
use pcap_file::pcapng::blocks::section_header::{SectionHeaderBlock, SectionHeaderOption};
use pcap_file::pcapng::blocks::unknown::UnknownBlock;
use pcap_file::{DataLink, Endianness, PcapError};

use super::stream::{Direction, Packet};
use decode::secrets::Secret;

/// The Decryption Secrets Block (draft-ietf-opsawg-pcapng, 4.7). `pcap-file` has no type for it.
const SECRETS_BLOCK: u32 = 0x0a;
/// `TLSK`: the secrets are a key log in the NSS format.
const TLS_KEY_LOG: u32 = 0x544c_534b;

/// The unit of times: 10 to the power of minus 9 seconds.
const NANOSECONDS: u8 = 9;

/// The bits of `epb_flags` for the direction of a packet.
const INBOUND: u32 = 1;
const OUTBOUND: u32 = 2;

/// The comment at the beginning of each file.
const COMMENT: &str = "Written by the program itself, from the bytes that it received and sent, with the secrets of \
     its TLS sessions. The bytes and their times are real. The TCP segments and the acknowledgements are invented.";

/// Whole blocks that are not written yet.
pub(super) struct Blocks {
    /// Writes into memory, because it makes many small writes. On a file each would be a system call, and a kill between
    /// two of them would leave a partial block.
    writer: PcapNgWriter<Vec<u8>>,
}

impl Blocks {
    /// Makes the first two blocks of a file: its writer, and the kind of its packets. `program` is a name and a version.
    pub(super) fn new(program: &str) -> io::Result<Self> {
        let section = SectionHeaderBlock {
            endianness: Endianness::Little,
            options: vec![
                SectionHeaderOption::OS(std::env::consts::OS.into()),
                SectionHeaderOption::UserApplication(program.to_owned().into()),
                SectionHeaderOption::Comment(COMMENT.into()),
            ],
            ..SectionHeaderBlock::default()
        };
        let mut writer = PcapNgWriter::with_section_header(Vec::new(), section).map_err(into_io)?;
        let interface = InterfaceDescriptionBlock {
            linktype: DataLink::RAW, // IPv4 or IPv6; the packet itself says which
            snaplen: 0,              // no limit
            options: vec![
                InterfaceDescriptionOption::IfName(program.to_owned().into()),
                InterfaceDescriptionOption::IfDescription("the sockets of its sessions".into()),
                InterfaceDescriptionOption::IfTsResol(NANOSECONDS),
            ],
        };
        writer.write_pcapng_block(interface).map_err(into_io)?;
        Ok(Self { writer })
    }

    /// Adds a packet, with or without a comment for people.
    pub(super) fn packet(
        &mut self,
        time: Duration,
        packet: &Packet,
        comment: Option<String>,
    ) -> io::Result<()> {
        let direction = match packet.direction {
            Direction::In => INBOUND,
            Direction::Out => OUTBOUND,
        };
        let mut options = vec![EnhancedPacketOption::Flags(direction)];
        options.extend(comment.map(|text| EnhancedPacketOption::Comment(text.into())));
        let block = EnhancedPacketBlock {
            interface_id: 0,
            timestamp: time,
            original_len: packet.bytes.len() as u32, // at most 65535, the limit of IP
            data: Cow::Borrowed(&packet.bytes),
            options,
        };
        self.writer.write_pcapng_block(block).map(drop).map_err(into_io)
    }

    /// Adds secrets. They decrypt later packets of the file.
    pub(super) fn secrets(&mut self, secrets: &[Secret]) -> io::Result<()> {
        let lines: String = secrets.iter().map(|secret| secret.line() + "\n").collect();
        let length = u32::try_from(lines.len()).map_err(io::Error::other)?;
        let value = [&TLS_KEY_LOG.to_le_bytes(), &length.to_le_bytes(), lines.as_bytes()].concat();
        let block = UnknownBlock { type_: SECRETS_BLOCK, length: 0, value: value.into() }; // the writer computes the length
        self.writer.write_pcapng_block(block).map(drop).map_err(into_io)
    }

    /// Returns the blocks since the last [`clear`](Self::clear).
    pub(super) fn bytes(&self) -> &[u8] {
        self.writer.get_ref()
    }

    /// Forgets the blocks, which are written now. Keeps at most 128 KiB of their memory for the next ones.
    pub(super) fn clear(&mut self) {
        let bytes = self.writer.get_mut();
        bytes.clear();
        bytes.shrink_to(128 * 1024);
    }
}

fn into_io(error: PcapError) -> io::Error {
    match error {
        PcapError::IoError(error) => error,
        other => io::Error::other(other),
    }
}
