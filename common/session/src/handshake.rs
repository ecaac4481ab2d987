//! The result of a handshake.

use std::fmt;
use std::time::Duration;

use rustls::{CipherSuite, Connection, HandshakeKind, NamedGroup, ProtocolVersion, SupportedCipherSuite};

use crate::authorize::{Authorization, Opaque};
use crate::escaped::Escaped;

/// The parameters that the two ends agreed on, and the authorization of the peer.
#[derive(Debug)]
pub struct Handshake {
    /// The protocol version.
    pub version: Option<ProtocolVersion>,
    /// The cipher suite.
    pub suite: Option<SupportedCipherSuite>,
    /// The key exchange group. A resumption in TLS 1.2 has none, because it exchanges no keys.
    pub group: Option<NamedGroup>,
    /// The kind of handshake: full, full after a HelloRetryRequest, or resumed.
    pub kind: Option<HandshakeKind>,
    /// The application protocol, if one was negotiated.
    pub alpn: Option<Vec<u8>>,
    /// The decision about the peer.
    pub authorization: Authorization,
    /// The server's request for a certificate, and this client's answer.
    pub request: Option<Opaque>,
    /// The time since the session began. For a client it includes the time in the server's accept queue.
    pub took: Duration,
}

impl Handshake {
    pub(crate) fn of(
        tls: &Connection,
        authorization: Authorization,
        request: Option<Opaque>,
        took: Duration,
    ) -> Self {
        Self {
            version: tls.protocol_version(),
            suite: tls.negotiated_cipher_suite(),
            group: tls.negotiated_key_exchange_group().map(|group| group.name()),
            kind: tls.handshake_kind(),
            alpn: tls.alpn_protocol().map(<[u8]>::to_vec),
            authorization,
            request,
            took,
        }
    }
}

/// `TLS1.3 TLS_AES_256_GCM_SHA384 X25519MLKEM768, resumed, server localhost authorized (…)`.
impl fmt::Display for Handshake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.version {
            Some(ProtocolVersion::TLSv1_2) => f.write_str("TLS1.2")?,
            Some(ProtocolVersion::TLSv1_3) => f.write_str("TLS1.3")?,
            other => write!(f, "{other:?}")?,
        }
        if let Some(suite) = self.suite {
            write!(f, " {}", suite_name(suite.suite()))?;
        }
        if let Some(group) = self.group {
            write!(f, " {group:?}")?;
        }
        match self.kind {
            Some(HandshakeKind::Resumed) => f.write_str(", resumed")?,
            Some(HandshakeKind::FullWithHelloRetryRequest) => f.write_str(", after a HelloRetryRequest")?,
            Some(HandshakeKind::Full) | None => {}
        }
        if let Some(protocol) = &self.alpn {
            write!(f, ", {}", Escaped::new(protocol))?;
        }
        write!(f, ", {}", self.authorization.report)?;
        match &self.request {
            Some(request) => write!(f, "; {request}"),
            None => Ok(()),
        }
    }
}

/// Returns IANA's name of a cipher suite. rustls uses other names for the suites of TLS 1.3.
pub fn suite_name(suite: CipherSuite) -> &'static str {
    match suite {
        CipherSuite::TLS13_AES_128_GCM_SHA256 => "TLS_AES_128_GCM_SHA256",
        CipherSuite::TLS13_AES_256_GCM_SHA384 => "TLS_AES_256_GCM_SHA384",
        CipherSuite::TLS13_CHACHA20_POLY1305_SHA256 => "TLS_CHACHA20_POLY1305_SHA256",
        other => other.as_str().unwrap_or("unknown suite"),
    }
}
