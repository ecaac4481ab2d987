//! The few fields of the hellos on which decryption depends.
//!
//! Read by hand, because these readers are shorter than what a parser of whole messages would have to be told, and
//! because they give what they can of a hello whose other parts are broken.

use rustls::{CipherSuite, ProtocolVersion};

use super::MESSAGE_HEADER;
use super::reader::Reader;

const SUPPORTED_VERSIONS: u16 = 43;
const EARLY_DATA: u16 = 42;

/// The random of a ServerHello that asks for another ClientHello: SHA-256 of "HelloRetryRequest" (RFC 8446, 4.1.3).
const RETRY: [u8; 32] = [
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91, //
    0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
];

/// Of a ClientHello.
#[derive(Clone, Copy, Debug)]
pub(super) struct ClientHello {
    pub(super) random: [u8; 32],
    /// Whether it offers data that is encrypted before the server has said a word.
    pub(super) early_data: bool,
    /// Whether TLS 1.3 is among its supported_versions.
    pub(super) offers_tls13: bool,
}

impl ClientHello {
    /// Of a message with its header.
    pub(super) fn read(message: &[u8]) -> Option<Self> {
        let (random, mut reader) = start(message)?;
        let mut to_extensions = || {
            reader.vector16()?; // cipher suites
            reader.vector8()?; // compression methods
            Some(reader)
        };
        let extensions = to_extensions();
        let find = |kind| extension(&mut extensions?, kind);
        let early_data = find(EARLY_DATA).is_some();
        Some(Self { random, early_data, offers_tls13: find(SUPPORTED_VERSIONS).is_some_and(names_tls13) })
    }
}

/// Of a ServerHello.
#[derive(Clone, Copy, Debug)]
pub(super) struct ServerHello {
    pub(super) random: [u8; 32],
    pub(super) version: ProtocolVersion,
    pub(super) suite: CipherSuite,
}

impl ServerHello {
    /// Of a message with its header.
    pub(super) fn read(message: &[u8]) -> Option<Self> {
        let (random, mut reader) = start(message)?;
        let suite = CipherSuite::from(reader.u16()?);
        let mut chosen = || {
            reader.u8()?; // compression method
            extension(&mut reader, SUPPORTED_VERSIONS)?.u16()
        };
        let version = chosen().or_else(|| Reader::new(message.get(MESSAGE_HEADER..)?).u16())?;
        Some(Self { random, version: ProtocolVersion::from(version), suite })
    }

    /// Whether it is a HelloRetryRequest, which has the form of a ServerHello.
    pub(super) fn asks_again(&self) -> bool {
        self.random == RETRY
    }
}

/// What both begin with: the version, which is passed over, the random, and the session id.
fn start(message: &[u8]) -> Option<([u8; 32], Reader<'_>)> {
    let mut reader = Reader::new(message);
    reader.take(MESSAGE_HEADER + 2)?;
    let random = reader.array()?;
    reader.vector8()?;
    Some((random, reader))
}

/// Whether the supported_versions of a ClientHello name TLS 1.3 (RFC 8446, 4.2.1).
fn names_tls13(mut extension: Reader<'_>) -> bool {
    let Some(mut versions) = extension.vector8() else { return false };
    std::iter::from_fn(|| versions.u16())
        .any(|version| ProtocolVersion::from(version) == ProtocolVersion::TLSv1_3)
}

/// The content of the extension of this type.
fn extension<'a>(reader: &mut Reader<'a>, wanted: u16) -> Option<Reader<'a>> {
    let mut extensions = reader.vector16()?;
    loop {
        let (kind, content) = (extensions.u16()?, extensions.vector16()?);
        if kind == wanted {
            return Some(content);
        }
    }
}
