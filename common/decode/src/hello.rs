//! Reads the few fields of hello messages that decryption depends on.
//!
//! A parser of whole messages would need more code, and would not return the first fields of a hello that is malformed later.
//! [`explain`](crate::explain) explains all fields of these messages for people.

use rustls::{CipherSuite, ProtocolVersion};

use crate::MESSAGE_HEADER;
use crate::reader::Reader;

const SUPPORTED_VERSIONS: u16 = 43;
const EARLY_DATA: u16 = 42;

/// The random of a HelloRetryRequest: the SHA-256 of "HelloRetryRequest" (RFC 8446, 4.1.3).
const RETRY: [u8; 32] = [
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91, //
    0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
];

/// The fields of a ClientHello.
#[derive(Clone, Copy, Debug)]
pub(super) struct ClientHello {
    pub(super) random: [u8; 32],
    /// It offers early data.
    pub(super) early_data: bool,
    /// TLS 1.3 is among its supported_versions.
    pub(super) offers_tls13: bool,
}

impl ClientHello {
    /// Reads a message with its header.
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

/// The fields of a ServerHello.
#[derive(Clone, Copy, Debug)]
pub(super) struct ServerHello {
    pub(super) random: [u8; 32],
    pub(super) version: ProtocolVersion,
    pub(super) suite: CipherSuite,
}

impl ServerHello {
    /// Reads a message with its header.
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

    /// Returns whether it is a HelloRetryRequest, which has the form of a ServerHello.
    pub(super) fn is_retry_request(&self) -> bool {
        self.random == RETRY
    }
}

/// Reads the beginning of both messages: version, random and session ID. Returns the random and the rest.
fn start(message: &[u8]) -> Option<([u8; 32], Reader<'_>)> {
    let mut reader = Reader::new(message);
    reader.take(MESSAGE_HEADER + 2)?;
    let random = reader.array()?;
    reader.vector8()?;
    Some((random, reader))
}

/// Returns whether the supported_versions of a ClientHello contain TLS 1.3 (RFC 8446, 4.2.1).
fn names_tls13(mut extension: Reader<'_>) -> bool {
    let Some(mut versions) = extension.vector8() else { return false };
    std::iter::from_fn(|| versions.u16())
        .any(|version| ProtocolVersion::from(version) == ProtocolVersion::TLSv1_3)
}

/// Returns the content of the extension of this type.
fn extension<'a>(reader: &mut Reader<'a>, wanted: u16) -> Option<Reader<'a>> {
    let mut extensions = reader.vector16()?;
    loop {
        let (kind, content) = (extensions.u16()?, extensions.vector16()?);
        if kind == wanted {
            return Some(content);
        }
    }
}
