//! The blocks of a pcapng file (draft-ietf-opsawg-pcapng), with pcap-file's types.

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

use super::stream::{Packet, Way};
use decode::secrets::Secret;

/// A Decryption Secrets Block, which pcap-file has no type for (draft-ietf-opsawg-pcapng, 4.7).
const SECRETS_BLOCK: u32 = 0x0a;
/// `TLSK`: its secrets are a key log in the NSS format.
const TLS_KEY_LOG: u32 = 0x544c_534b;

/// Times count nanoseconds: 10 to the power of minus 9.
const NANOSECONDS: u8 = 9;

/// The bits of `epb_flags` that say which way a packet went.
const INBOUND: u32 = 1;
const OUTBOUND: u32 = 2;

/// What is in the file, and what is not.
const WHAT_THIS_IS: &str = "Made by the program itself, from what it received and sent, with the secrets of its TLS \
     sessions. The bytes and their times are real; the segments that carry them, and the acknowledgements, are made up.";

/// Whole blocks on their way to a file.
pub(super) struct Blocks {
    /// Into memory: its many small writes would each be a system call, and leave half a block behind when the program
    /// is killed between them.
    writer: PcapNgWriter<Vec<u8>>,
}

impl Blocks {
    /// The two blocks that a file begins with: who made it, and what its packets are. `program` has a name and a
    /// version.
    pub(super) fn new(program: &str) -> io::Result<Self> {
        let section = SectionHeaderBlock {
            endianness: Endianness::Little,
            options: vec![
                SectionHeaderOption::OS(std::env::consts::OS.into()),
                SectionHeaderOption::UserApplication(program.to_owned().into()),
                SectionHeaderOption::Comment(WHAT_THIS_IS.into()),
            ],
            ..SectionHeaderBlock::default()
        };
        let mut writer = PcapNgWriter::with_section_header(Vec::new(), section).map_err(into_io)?;
        let interface = InterfaceDescriptionBlock {
            linktype: DataLink::RAW, // IP, of the version that it says itself
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

    /// A packet, with a comment for people or without.
    pub(super) fn packet(
        &mut self,
        time: Duration,
        packet: &Packet,
        comment: Option<String>,
    ) -> io::Result<()> {
        let direction = match packet.way {
            Way::In => INBOUND,
            Way::Out => OUTBOUND,
        };
        let mut options = vec![EnhancedPacketOption::Flags(direction)];
        options.extend(comment.map(|text| EnhancedPacketOption::Comment(text.into())));
        let block = EnhancedPacketBlock {
            interface_id: 0,
            timestamp: time,
            original_len: packet.bytes.len() as u32, // at most 65535, as IP has it
            data: Cow::Borrowed(&packet.bytes),
            options,
        };
        self.writer.write_pcapng_block(block).map(drop).map_err(into_io)
    }

    /// Secrets, to decrypt what comes behind them in the file.
    pub(super) fn secrets(&mut self, secrets: &[Secret]) -> io::Result<()> {
        let lines: String = secrets.iter().map(|secret| secret.line() + "\n").collect();
        let length = u32::try_from(lines.len()).map_err(io::Error::other)?;
        let value = [&TLS_KEY_LOG.to_le_bytes(), &length.to_le_bytes(), lines.as_bytes()].concat();
        let block = UnknownBlock { type_: SECRETS_BLOCK, length: 0, value: value.into() }; // it is computed
        self.writer.write_pcapng_block(block).map(drop).map_err(into_io)
    }

    /// What has come since the last [`clear`](Self::clear).
    pub(super) fn bytes(&self) -> &[u8] {
        self.writer.get_ref()
    }

    /// They are in the file. Their memory is kept for the next ones, unless it is more than most need.
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
