//! The choices of a handshake: which entry of each offered list was taken.

use rustls::{CipherSuite, HandshakeType, NamedGroup, ProtocolVersion, Side};

use super::key_exchange::NAMED_CURVE;
use crate::Message;
use crate::hello::{ALPN, KEY_SHARE, PRE_SHARED_KEY, SUPPORTED_VERSIONS, extensions};
use crate::reader::Reader;
use crate::suite::KeyExchange;

/// The modes of psk_key_exchange_modes (RFC 8446, 4.2.9).
const PSK_ALONE: u8 = 0;
const PSK_WITH_ECDHE: u8 = 1;

/// What the two ends of a session have chosen. [`learn`](Self::learn) reads it from the messages of the session.
#[derive(Clone, Debug, Default)]
pub struct Choices {
    pub(super) version: Option<u16>,
    pub(super) suite: Option<u16>,
    pub(super) group: Option<u16>,
    pub(super) psk: Option<Psk>,
    pub(super) protocol: Option<Vec<u8>>,
    pub(super) client: Certified,
    pub(super) server: Certified,
}

/// The pre-shared key that the server accepted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Psk {
    /// The place of its identity in the client's list, from 0.
    pub(super) identity: u16,
    pub(super) mode: u8,
}

/// The choices of an end that proves its identity.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Certified {
    /// The algorithm of its signature.
    pub(super) scheme: Option<u16>,
    /// The algorithm of the compression of its certificates.
    pub(super) compression: Option<u16>,
}

impl Choices {
    /// The choices of a session that is not known.
    pub(super) const NONE: Self = Self {
        version: None,
        suite: None,
        group: None,
        psk: None,
        protocol: None,
        client: Certified { scheme: None, compression: None },
        server: Certified { scheme: None, compression: None },
    };

    /// Reads the choices in a handshake message. A message that is cut short has the choices before its end.
    pub fn learn(&mut self, message: &Message) {
        let body = Reader::new(message.body());
        // `None` only says that the message ends here.
        let _ = match (message.sender, message.kind) {
            (Side::Server, HandshakeType::ServerHello) => self.server_hello(body),
            (Side::Server, HandshakeType::EncryptedExtensions) => self.answers(body),
            (Side::Server, HandshakeType::ServerKeyExchange) => self.server_key_exchange(body),
            (sender, HandshakeType::CertificateVerify) => self.certificate_verify(sender, message, body),
            (sender, HandshakeType::CompressedCertificate) => self.compressed(sender, body),
            _ => None,
        };
    }

    /// Returns the version that the server has chosen.
    pub fn version(&self) -> Option<ProtocolVersion> {
        self.version.map(ProtocolVersion::from)
    }

    /// Returns the cipher suite that the server has chosen.
    pub fn suite(&self) -> Option<CipherSuite> {
        self.suite.map(CipherSuite::from)
    }

    /// Returns the group that the server has chosen.
    pub fn group(&self) -> Option<NamedGroup> {
        self.group.map(NamedGroup::from)
    }

    /// Returns the application protocol that the server has chosen (RFC 7301, 3.1). The server chooses its bytes.
    pub fn protocol(&self) -> Option<&[u8]> {
        self.protocol.as_deref()
    }

    /// Returns whether the server of TLS 1.3 has accepted a pre-shared key.
    pub fn accepts_psk(&self) -> bool {
        self.psk.is_some()
    }

    /// Returns the choices with which `sender` proves its identity.
    pub(super) fn of(&self, sender: Side) -> Certified {
        match sender {
            Side::Client => self.client,
            Side::Server => self.server,
        }
    }

    /// Returns the key exchange of the suite; `None` if the suite is not known.
    pub(super) fn key_exchange(&self) -> Option<KeyExchange> {
        self.suite.map(|suite| KeyExchange::of(suite.into()))
    }

    fn of_mut(&mut self, sender: Side) -> &mut Certified {
        match sender {
            Side::Client => &mut self.client,
            Side::Server => &mut self.server,
        }
    }

    fn server_hello(&mut self, mut body: Reader<'_>) -> Option<()> {
        self.version = Some(body.u16()?);
        body.take(32)?; // random
        body.vector(1)?; // session ID
        self.suite = Some(body.u16()?);
        body.take(1)?; // compression method
        self.answers(body)
    }

    /// Reads the extensions with which a server answers.
    fn answers(&mut self, body: Reader<'_>) -> Option<()> {
        let (mut identity, mut mode) = (None, PSK_ALONE);
        for (kind, mut content) in extensions(body) {
            match kind {
                SUPPORTED_VERSIONS => self.version = Some(content.u16()?),
                KEY_SHARE => (self.group, mode) = (Some(content.u16()?), PSK_WITH_ECDHE),
                PRE_SHARED_KEY => identity = Some(content.u16()?),
                ALPN => self.protocol = Some(content.vector(2)?.vector(1)?.rest().to_vec()),
                _ => {}
            }
        }
        self.psk = identity.map(|identity| Psk { identity, mode }).or(self.psk);
        Some(())
    }

    fn server_key_exchange(&mut self, mut body: Reader<'_>) -> Option<()> {
        match self.key_exchange()? {
            KeyExchange::Ecdhe => {
                body.take(1).filter(|kind| *kind == [NAMED_CURVE])?;
                self.group = Some(body.u16()?);
                body.vector(1)?; // public key
            }
            KeyExchange::Dhe => {
                body.vector(2)?; // prime
                body.vector(2)?; // generator
                body.vector(2)?; // public key
            }
            KeyExchange::Rsa | KeyExchange::Other => return None,
        }
        self.server.scheme = Some(body.u16()?);
        Some(())
    }

    fn certificate_verify(&mut self, sender: Side, message: &Message, mut body: Reader<'_>) -> Option<()> {
        // A server of TLS 1.2 does not send this message.
        if sender == Side::Client || message.version == Some(ProtocolVersion::TLSv1_3) {
            self.of_mut(sender).scheme = Some(body.u16()?);
        }
        Some(())
    }

    fn compressed(&mut self, sender: Side, mut body: Reader<'_>) -> Option<()> {
        self.of_mut(sender).compression = Some(body.u16()?);
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_protocol_is_read_in_both_versions() {
        let extensions = [0, 9, 0, 16, 0, 5, 0, 3, 2, b'h', b'2'];
        let server_hello = [&[3, 3][..], &[7; 32], &[0, 0xc0, 0x2f, 0], &extensions].concat();
        for (kind, body) in [
            (HandshakeType::EncryptedExtensions, &extensions[..]),
            (HandshakeType::ServerHello, &server_hello),
        ] {
            for length in 0..=body.len() {
                let bytes = [&[u8::from(kind), 0, 0, 0], &body[..length]].concat();
                let mut choices = Choices::default();
                choices.learn(&Message { sender: Side::Server, kind, version: None, bytes });
                let protocol = (length == body.len()).then_some(&b"h2"[..]);
                assert_eq!(choices.protocol(), protocol, "{kind:?} {length}");
            }
        }
    }
}
