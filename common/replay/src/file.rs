//! Reads capture files: pcap, and pcapng with its secrets.
//!
//! This code reads files of other programs, so no length in a file decides how much memory is used: a block is
//! read as far as it is really there, and its length has a limit. The crates that exist do not keep to that, or lose
//! something that a session needs:
//!
//! - `pcap-file` 2.0 takes each time for nanoseconds, refuses packets that a snap length has cut, and keeps the options
//!   of all interfaces;
//! - `pcap-parser` 0.17 reads on to the end of the file if a packet claims to be longer than its block, keeps a vector
//!   of all options of a block, and knows no binary unit of time.

mod fields;
mod pcap;
mod pcapng;

use std::io::{self, Read};
use std::time::Duration;

use self::pcap::Pcap;
use self::pcapng::PcapNg;

/// The longest block or packet. Wireshark has the same limit.
const LONGEST: usize = 16 * 1024 * 1024;

/// The last second of the year 9999. Later times in a file are wrong, and no calendar here has them.
const LAST_SECOND: u64 = 253_402_300_799;

/// A part of a capture file.
#[derive(Debug, PartialEq, Eq)]
pub enum Item<'a> {
    /// A packet.
    Packet(Packet<'a>),
    /// The content of a Decryption Secrets Block: a key log of TLS.
    KeyLog(&'a [u8]),
    /// A block that cannot be used. The blocks after it can be read.
    PassedOver(PassedOver),
}

/// Why a block was passed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PassedOver {
    /// A packet of an interface that its section does not describe. Its link is not known.
    UnknownInterface,
    /// A Decryption Secrets Block of more than 16 MiB.
    LongSecrets,
}

/// A packet with the header of its link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet<'a> {
    /// The time since 1970.
    pub time: Duration,
    /// The LINKTYPE of its interface (<https://www.tcpdump.org/linktypes.html>).
    pub link: u16,
    /// The captured bytes.
    pub data: &'a [u8],
    /// Its length on the wire. It is larger than that of `data` if the capture has a snap length.
    pub length: u32,
}

/// Why a capture cannot be read, or not to its end.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The file cannot be read.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// The file does not begin like a capture.
    #[error("it is not a pcap or pcapng file{0}")]
    NotACapture(&'static str),
    /// The file ends in the middle of a block.
    #[error("it ends inside the block at byte {0}; `editcap` of Wireshark can cut off its end")]
    Truncated(u64),
    /// A block contradicts itself.
    #[error("the block at byte {at} is malformed: {what}")]
    Malformed {
        /// The position of the block in the file.
        at: u64,
        /// The fault.
        what: &'static str,
    },
}

/// Reads a capture file from its beginning to its end.
#[derive(Debug)]
pub struct Reader<R> {
    source: Source<R>,
    form: Form,
}

#[derive(Debug)]
enum Form {
    Pcap(Pcap),
    PcapNg(PcapNg),
}

impl<R: Read> Reader<R> {
    /// Reads the beginning of a file. `source` should be buffered.
    ///
    /// # Errors
    /// The source fails, or is not a capture.
    pub fn new(source: R) -> Result<Self, FileError> {
        let mut source = Source { source, buffer: Vec::new(), at: 0, block: 0 };
        let is_whole = source.fill(4)?;
        let magic = <[u8; 4]>::try_from(source.bytes()).unwrap_or_default();
        let form = match magic {
            _ if !is_whole => return Err(FileError::NotACapture("")),
            pcapng::SECTION => Form::PcapNg(PcapNg::begin(&mut source)?),
            _ => match Pcap::begin(magic, &mut source)? {
                Some(pcap) => Form::Pcap(pcap),
                None => return Err(FileError::NotACapture(hint(magic))),
            },
        };
        Ok(Self { source, form })
    }

    /// Returns the next packet or secrets; `None` at the end of the file.
    ///
    /// # Errors
    /// The source fails, the file ends too early, or a block is malformed. The rest of the file cannot be read then.
    pub fn next_item(&mut self) -> Result<Option<Item<'_>>, FileError> {
        match &mut self.form {
            Form::Pcap(pcap) => pcap.next(&mut self.source),
            Form::PcapNg(pcapng) => pcapng.next(&mut self.source),
        }
    }
}

/// Says what a file probably is that is not a capture.
fn hint(magic: [u8; 4]) -> &'static str {
    match magic {
        [0x1f, 0x8b, ..] => "; it is compressed: `gunzip` it first",
        [0x28, 0xb5, 0x2f, 0xfd] => "; it is compressed: `unzstd` it first",
        [b'C', b'L', b'I', b'E'] | [b'S', b'E', b'R', b'V'] | [b'#', ..] => {
            "; a key log belongs to --key-log"
        }
        _ => "",
    }
}

/// The bytes of a file, and the block that was read last.
#[derive(Debug)]
struct Source<R> {
    source: R,
    buffer: Vec<u8>,
    /// The number of bytes read so far.
    at: u64,
    /// The position of the current block.
    block: u64,
}

impl<R: Read> Source<R> {
    /// Replaces the buffer by the next `length` bytes. Returns whether the file has that many. The buffer grows with the
    /// bytes that are there, whatever `length` is.
    fn fill(&mut self, length: usize) -> Result<bool, FileError> {
        self.buffer.clear();
        let read = (&mut self.source).take(length as u64).read_to_end(&mut self.buffer)?;
        self.at += read as u64;
        Ok(read == length)
    }

    /// Passes over `length` bytes. Returns whether the file has that many.
    fn skip(&mut self, length: u64) -> Result<bool, FileError> {
        let skipped = io::copy(&mut (&mut self.source).take(length), &mut io::sink())?;
        self.at += skipped;
        Ok(skipped == length)
    }

    /// Begins a block: reads its header of `length` bytes. Returns whether there is one.
    fn begin_block(&mut self, length: usize) -> Result<bool, FileError> {
        self.block = self.at;
        let is_whole = self.fill(length)?;
        if !is_whole && !self.buffer.is_empty() {
            return Err(self.truncated());
        }
        Ok(is_whole)
    }

    fn bytes(&self) -> &[u8] {
        &self.buffer
    }

    fn truncated(&self) -> FileError {
        FileError::Truncated(self.block)
    }

    fn malformed(&self, what: &'static str) -> FileError {
        FileError::Malformed { at: self.block, what }
    }
}

/// Makes a time since 1970 that has a date.
fn time(seconds: u64, nanoseconds: u32) -> Duration {
    Duration::new(seconds.min(LAST_SECOND), nanoseconds.min(999_999_999))
}
