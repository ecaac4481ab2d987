//! Reads the fields of hello messages that the decoder and the sentences about a failed handshake need.
//!
//! A parser of whole messages would not return the first fields of a hello that is cut short or malformed later.
//! People need these fields most when a handshake has failed. [`explain`](crate::explain) explains all fields for
//! people.

use rustls::{CipherSuite, HandshakeType, NamedGroup, ProtocolVersion};

use crate::reader::Reader;
use crate::record::Message;

const SERVER_NAME: u16 = 0;
const SUPPORTED_GROUPS: u16 = 10;
const ALPN: u16 = 16;
const PRE_SHARED_KEY: u16 = 41;
const EARLY_DATA: u16 = 42;
const SUPPORTED_VERSIONS: u16 = 43;
const KEY_SHARE: u16 = 51;

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
    /// The cipher suites.
    pub suites: Vec<CipherSuite>,
    /// The key exchange groups.
    pub groups: Vec<NamedGroup>,
    /// The versions in supported_versions; `None` without this extension.
    pub versions: Option<Vec<ProtocolVersion>>,
    /// The client offers early data.
    pub early_data: bool,
}

impl ClientHello {
    /// Reads the body of a message. If the body is cut short, the result has its complete part; `None` if there is none.
    pub fn read(body: &[u8]) -> Option<Self> {
        let mut body = Reader::new(body);
        let (legacy_version, suites, groups) = (body.u16()?.into(), Vec::new(), Vec::new());
        let mut hello =
            Self { legacy_version, random: [0; 32], suites, groups, versions: None, early_data: false };
        // `None` only says that the message ends here.
        let _ = hello.read_rest(body);
        Some(hello)
    }

    fn read_rest(&mut self, mut body: Reader<'_>) -> Option<()> {
        self.random = body.array()?;
        body.vector(1)?; // session ID
        self.suites = body.begun_vector(2)?.numbers();
        body.vector(1)?; // compression methods
        for (kind, mut content) in extensions(body) {
            match kind {
                SUPPORTED_GROUPS => self.groups = content.begun_vector(2)?.numbers(),
                SUPPORTED_VERSIONS => self.versions = Some(content.begun_vector(1)?.numbers()),
                EARLY_DATA => self.early_data = true,
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

/// The fields of a ServerHello (RFC 8446, 4.1.3).
#[derive(Clone, Copy, Debug)]
pub struct ServerHello {
    /// The chosen version.
    pub version: ProtocolVersion,
    /// The random. It is zero if the message ends before it.
    pub random: [u8; 32],
    /// The chosen suite; `None` if the message ends before it.
    pub suite: Option<CipherSuite>,
}

impl ServerHello {
    /// Reads the body of a message. If the body is cut short, the result has its complete part; `None` if there is none.
    pub fn read(body: &[u8]) -> Option<Self> {
        let mut body = Reader::new(body);
        let mut hello = Self { version: body.u16()?.into(), random: [0; 32], suite: None };
        // `None` only says that the message ends here.
        let _ = hello.read_rest(body);
        Some(hello)
    }

    fn read_rest(&mut self, mut body: Reader<'_>) -> Option<()> {
        self.random = body.array()?;
        body.vector(1)?; // session ID
        self.suite = Some(body.u16()?.into());
        body.take(1)?; // compression method
        let (_, mut chosen) = extensions(body).find(|(kind, _)| *kind == SUPPORTED_VERSIONS)?;
        self.version = chosen.u16()?.into();
        Some(())
    }

    /// Returns whether it is a HelloRetryRequest, which has the form of a ServerHello.
    pub fn is_retry_request(&self) -> bool {
        self.random == RETRY
    }
}

/// Returns the protocol that the server chose, from a ServerHello of TLS 1.2 or from EncryptedExtensions (RFC 7301, 3.1).
pub fn chosen_protocol(message: &Message) -> Option<Vec<u8>> {
    let is_alpn = |(kind, _): &(u16, Reader<'_>)| *kind == ALPN;
    let (_, mut content) = match message.kind {
        HandshakeType::EncryptedExtensions => extensions(Reader::new(message.body())).find(is_alpn)?,
        _ => of_server_hello(message)?.find(is_alpn)?,
    };
    Some(content.begun_vector(2)?.vector(1)?.rest().to_vec())
}

/// Returns the group of the key exchange, from a ServerHello of TLS 1.3 (RFC 8446, 4.2.8) or from a ServerKeyExchange with a
/// named curve (RFC 8422, 5.4).
pub fn chosen_group(message: &Message) -> Option<NamedGroup> {
    const NAMED_CURVE: &[u8] = &[3];
    match message.kind {
        HandshakeType::ServerKeyExchange => {
            let mut body = Reader::new(message.body());
            (body.take(1)? == NAMED_CURVE).then(|| body.u16())?
        }
        _ => of_server_hello(message)?.find(|(kind, _)| *kind == KEY_SHARE)?.1.u16(),
    }
    .map(NamedGroup::from)
}

/// Returns whether a ServerHello of TLS 1.3 resumes an earlier session with a pre-shared key (RFC 8446, 4.2.11).
pub fn accepts_psk(message: &Message) -> bool {
    of_server_hello(message).is_some_and(|mut extensions| extensions.any(|(kind, _)| kind == PRE_SHARED_KEY))
}

/// Returns the extensions of a ServerHello; `None` for another message.
fn of_server_hello(message: &Message) -> Option<impl Iterator<Item = (u16, Reader<'_>)>> {
    let mut body = Reader::new(message.body());
    if message.kind != HandshakeType::ServerHello {
        return None;
    }
    body.take(2 + 32)?; // version, random
    body.vector(1)?; // session ID
    body.take(2 + 1)?; // suite, compression method
    Some(extensions(body))
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

/// Returns the types and contents of the extensions in the rest of a hello.
pub(crate) fn extensions(mut hello: Reader<'_>) -> impl Iterator<Item = (u16, Reader<'_>)> {
    let mut extensions = hello.begun_vector(2).unwrap_or_default();
    std::iter::from_fn(move || Some((extensions.u16()?, extensions.begun_vector(2)?)))
}

#[cfg(test)]
mod tests {
    use rustls::Side;

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
    }

    #[test]
    fn the_names_of_server_and_protocol_are_read() {
        let name = [0, 0, 0, 7, 0, 5, 0, 0, 2, b'h', b'i'];
        for length in 0..=name.len() {
            let found = server_name(&client_hello(&name[..length]));
            assert_eq!(found, (length == name.len()).then(|| b"hi".to_vec()), "{length}");
        }
        let extensions = [0, 9, 0, 16, 0, 5, 0, 3, 2, b'h', b'2'];
        let server_hello = [&[3, 3][..], &[7; 32], &[0, 0xc0, 0x2f, 0], &extensions].concat();
        for (kind, body) in [
            (HandshakeType::EncryptedExtensions, &extensions[..]),
            (HandshakeType::ServerHello, &server_hello),
        ] {
            for length in 0..=body.len() {
                let bytes = [&[u8::from(kind), 0, 0, 0], &body[..length]].concat();
                let message = Message { sender: Side::Server, kind, version: None, bytes };
                let protocol = (length == body.len()).then(|| b"h2".to_vec());
                assert_eq!(chosen_protocol(&message), protocol, "{kind:?} {length}");
            }
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
