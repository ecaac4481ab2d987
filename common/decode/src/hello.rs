//! Reads the fields of hello messages that the decoder and the sentences about a failed handshake need.
//!
//! A parser of whole messages would not return the first fields of a hello that is cut short or malformed later.
//! People need these fields most when a handshake has failed. [`explain`](crate::explain) explains all fields for
//! people.

use rustls::{CipherSuite, NamedGroup, ProtocolVersion};

use crate::reader::Reader;

const SERVER_NAME: u16 = 0;
const SUPPORTED_GROUPS: u16 = 10;
pub(crate) const ALPN: u16 = 16;
const EXTENDED_MASTER_SECRET: u16 = 23;
const SESSION_TICKET: u16 = 35;
pub(crate) const PRE_SHARED_KEY: u16 = 41;
const EARLY_DATA: u16 = 42;
pub(crate) const SUPPORTED_VERSIONS: u16 = 43;
pub(crate) const KEY_SHARE: u16 = 51;

/// The random of a HelloRetryRequest: the SHA-256 of "HelloRetryRequest" (RFC 8446, 4.1.3).
const RETRY: [u8; 32] = [
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91, //
    0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
];

/// The fields of a ClientHello (RFC 8446, 4.1.2), in the order of the client's preference.
#[derive(Clone, Debug)]
pub struct ClientHello {
    /// The version in the first field.
    pub legacy_version: ProtocolVersion,
    /// The random. It is zero if the message ends before it.
    pub random: [u8; 32],
    /// The session ID. In TLS 1.3 it is only sent for middleboxes.
    pub session_id: Vec<u8>,
    /// The cipher suites.
    pub suites: Vec<CipherSuite>,
    /// The key exchange groups.
    pub groups: Vec<NamedGroup>,
    /// The versions in supported_versions; `None` without this extension.
    pub versions: Option<Vec<ProtocolVersion>>,
    /// The application protocols (RFC 7301, 3.1).
    pub protocols: Vec<Vec<u8>>,
    /// The client offers early data.
    pub early_data: bool,
    /// The ticket of TLS 1.2 (RFC 5077, 3.2). It is empty if the client has none.
    pub ticket: Vec<u8>,
    /// The PSKs of TLS 1.3.
    pub psks: Psks,
}

/// The PSKs that a ClientHello offers (RFC 8446, 4.2.11).
#[derive(Clone, Debug, Default)]
pub struct Psks {
    /// The name of each PSK: a ticket, if the PSK is that of an earlier session.
    pub identities: Vec<Vec<u8>>,
    /// The length of each binder in bytes.
    pub(crate) binders: Vec<usize>,
    /// The length of the part of the body that the binders prove: all bytes before their list (RFC 8446, 4.2.11.2).
    pub(crate) truncated: usize,
}

impl ClientHello {
    /// Reads the body of a message. If the body is cut short, the result has its complete part; `None` if there is none.
    pub fn read(body: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(body);
        let mut hello = Self {
            legacy_version: reader.u16()?.into(),
            random: [0; 32],
            session_id: Vec::new(),
            suites: Vec::new(),
            groups: Vec::new(),
            versions: None,
            protocols: Vec::new(),
            early_data: false,
            ticket: Vec::new(),
            psks: Psks::default(),
        };
        // `None` only says that the message ends here.
        let _ = hello.read_rest(reader, body);
        Some(hello)
    }

    fn read_rest(&mut self, mut reader: Reader<'_>, body: &[u8]) -> Option<()> {
        self.random = reader.array()?;
        self.session_id = reader.vector(1)?.rest().to_vec();
        self.suites = reader.begun_vector(2)?.numbers();
        reader.vector(1)?; // compression methods
        let mut extensions = extensions(reader).peekable();
        while let Some((kind, mut content)) = extensions.next() {
            match kind {
                SUPPORTED_GROUPS => self.groups = content.begun_vector(2)?.numbers(),
                SUPPORTED_VERSIONS => self.versions = Some(content.begun_vector(1)?.numbers()),
                ALPN => self.protocols = protocols(content.begun_vector(2)?),
                EARLY_DATA => self.early_data = true,
                SESSION_TICKET => self.ticket = content.rest().to_vec(),
                // It is the last extension (RFC 8446, 4.2.11).
                PRE_SHARED_KEY if extensions.peek().is_none() => self.psks = Psks::read(content, body)?,
                _ => {}
            }
        }
        Some(())
    }

    /// Returns whether TLS 1.3 is among the supported_versions.
    pub fn offers_tls13(&self) -> bool {
        self.versions.as_ref().is_some_and(|versions| versions.contains(&ProtocolVersion::TLSv1_3))
    }
}

impl Psks {
    fn read(mut content: Reader<'_>, body: &[u8]) -> Option<Self> {
        let mut list = content.vector(2)?;
        let mut identities = Vec::new();
        while let Some(identity) = list.vector(2) {
            list.take(4)?; // obfuscated_ticket_age
            identities.push(identity.rest().to_vec());
        }
        let truncated = body.strip_suffix(content.rest())?.len();
        let mut list = content.vector(2)?;
        let binders = std::iter::from_fn(|| list.vector(1).map(|binder| binder.rest().len())).collect();
        Some(Self { identities, binders, truncated })
    }
}

/// The fields of a ServerHello (RFC 8446, 4.1.3).
#[derive(Clone, Debug)]
pub struct ServerHello {
    /// The chosen version.
    pub version: ProtocolVersion,
    /// The random. It is zero if the message ends before it.
    pub random: [u8; 32],
    /// The session ID. A server of TLS 1.2 resumes a session by sending back the session ID of the client (RFC 5246,
    /// 7.4.1.3; RFC 5077, 3.4).
    pub session_id: Vec<u8>,
    /// The chosen suite; `None` if the message ends before it.
    pub suite: Option<CipherSuite>,
    /// The number of the chosen PSK of TLS 1.3 (RFC 8446, 4.2.11).
    pub psk: Option<u16>,
    /// The group of the key exchange of TLS 1.3 (RFC 8446, 4.2.8).
    pub group: Option<NamedGroup>,
    /// The master secret of TLS 1.2 is derived from the transcript (RFC 7627).
    pub extended_master_secret: bool,
}

impl ServerHello {
    /// Reads the body of a message. If the body is cut short, the result has its complete part; `None` if there is none.
    pub fn read(body: &[u8]) -> Option<Self> {
        let mut body = Reader::new(body);
        let mut hello = Self {
            version: body.u16()?.into(),
            random: [0; 32],
            session_id: Vec::new(),
            suite: None,
            psk: None,
            group: None,
            extended_master_secret: false,
        };
        // `None` only says that the message ends here.
        let _ = hello.read_rest(body);
        Some(hello)
    }

    fn read_rest(&mut self, mut body: Reader<'_>) -> Option<()> {
        self.random = body.array()?;
        self.session_id = body.vector(1)?.rest().to_vec();
        self.suite = Some(body.u16()?.into());
        body.take(1)?; // compression method
        for (kind, mut content) in extensions(body) {
            match kind {
                SUPPORTED_VERSIONS => self.version = content.u16()?.into(),
                PRE_SHARED_KEY => self.psk = Some(content.u16()?),
                KEY_SHARE => self.group = Some(content.u16()?.into()),
                EXTENDED_MASTER_SECRET => self.extended_master_secret = true,
                _ => {}
            }
        }
        Some(())
    }

    /// Returns whether it is a HelloRetryRequest, which has the form of a ServerHello.
    pub fn is_retry_request(&self) -> bool {
        self.random == RETRY
    }
}

fn protocols(mut list: Reader<'_>) -> Vec<Vec<u8>> {
    std::iter::from_fn(|| list.vector(1).map(|name| name.rest().to_vec())).collect()
}

/// Returns the host name that the client asks for, from the body of a ClientHello (RFC 6066, 3). The client chooses its bytes.
pub fn server_name(body: &[u8]) -> Option<Vec<u8>> {
    let mut body = Reader::new(body);
    body.take(2 + 32)?; // version, random
    body.vector(1)?; // session ID
    body.vector(2)?; // cipher suites
    body.vector(1)?; // compression methods
    let (_, mut content) = extensions(body).find(|(kind, _)| *kind == SERVER_NAME)?;
    let mut names = content.begun_vector(2)?;
    names.take(1)?; // its type: there is no other than host_name
    Some(names.vector(2)?.rest().to_vec())
}

/// Returns whether EncryptedExtensions accepts early data (RFC 8446, 4.2.10).
pub(crate) fn accepts_early_data(body: &[u8]) -> bool {
    extensions(Reader::new(body)).any(|(kind, _)| kind == EARLY_DATA)
}

/// Returns the types and contents of the extensions in the rest of a hello.
pub(crate) fn extensions(mut hello: Reader<'_>) -> impl Iterator<Item = (u16, Reader<'_>)> {
    let mut extensions = hello.begun_vector(2).unwrap_or_default();
    std::iter::from_fn(move || Some((extensions.u16()?, extensions.begun_vector(2)?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Makes the body of a ClientHello of TLS 1.2 with two suites and these extensions.
    fn client_hello(extensions: &[u8]) -> Vec<u8> {
        let length = u16::try_from(extensions.len()).unwrap().to_be_bytes();
        [&[3, 3], &[7; 32][..], &[0, 0, 4, 0xc0, 0x2f, 0, 0xff, 1, 0], &length, extensions].concat()
    }

    #[test]
    fn the_fields_of_a_client_hello_are_read() {
        let extensions = [0, 10, 0, 6, 0, 4, 0x2a, 0x2a, 0, 29, 0, 43, 0, 5, 4, 3, 4, 3, 3];
        let hello = ClientHello::read(&client_hello(&extensions)).unwrap();
        assert_eq!((hello.legacy_version, hello.random), (ProtocolVersion::TLSv1_2, [7; 32]));
        assert_eq!(hello.suites.iter().map(|suite| u16::from(*suite)).collect::<Vec<_>>(), [0xc02f, 0xff]);
        assert_eq!(hello.groups, [NamedGroup::from(0x2a2a), NamedGroup::X25519]);
        assert_eq!(hello.versions, Some(vec![ProtocolVersion::TLSv1_3, ProtocolVersion::TLSv1_2]));
        assert!(hello.offers_tls13() && !hello.early_data);
        let hello = ClientHello::read(&client_hello(&[0, 42, 0, 0])).unwrap();
        assert!(hello.early_data && !hello.offers_tls13() && hello.versions.is_none());
        let hello = ClientHello::read(&client_hello(&[0, 16, 0, 8, 0, 6, 2, b'h', b'2', 2, b'h', b'3']));
        assert_eq!(hello.unwrap().protocols, [b"h2", b"h3"]);
    }

    #[test]
    fn the_name_of_the_server_is_read() {
        let name = [0, 0, 0, 7, 0, 5, 0, 0, 2, b'h', b'i'];
        for length in 0..=name.len() {
            let found = server_name(&client_hello(&name[..length]));
            assert_eq!(found, (length == name.len()).then(|| b"hi".to_vec()), "{length}");
        }
    }

    #[test]
    fn a_client_hello_that_is_cut_short_has_its_complete_part() {
        let whole = client_hello(&[0, 10, 0, 6, 0, 4, 0, 23, 0, 29]);
        assert!(ClientHello::read(&whole[..1]).is_none());
        for length in 2..whole.len() {
            let hello = ClientHello::read(&whole[..length]).unwrap();
            assert_eq!(hello.suites.len(), length.saturating_sub(37).min(4) / 2, "{length}");
            assert_eq!(hello.groups.len(), length.saturating_sub(51) / 2, "{length}");
        }
    }

    #[test]
    fn a_server_hello_that_is_cut_short_has_its_complete_part() {
        let whole = [&[3, 3][..], &[7; 32], &[0, 0x13, 1, 0, 0, 6, 0, 43, 0, 2, 3, 4]].concat();
        for length in 2..=whole.len() {
            let hello = ServerHello::read(&whole[..length]).unwrap();
            let version =
                if length < whole.len() { ProtocolVersion::TLSv1_2 } else { ProtocolVersion::TLSv1_3 };
            assert_eq!((hello.version, hello.suite.is_some()), (version, length >= 37), "{length}");
        }
        assert_eq!(ServerHello::read(&[3, 2]).unwrap().version, ProtocolVersion::TLSv1_1);
    }
}
