//! What a finished handshake agreed on.

use std::fmt;
use std::time::Duration;

use rustls::{CipherSuite, Connection, HandshakeKind, NamedGroup, ProtocolVersion, SupportedCipherSuite};

use crate::authorize::{Authorization, Detail};
use crate::escaped::Escaped;

/// What the two ends agreed on, and what this end makes of the other.
#[derive(Debug)]
pub struct Handshake {
    /// The protocol version.
    pub version: Option<ProtocolVersion>,
    /// The cipher suite.
    pub suite: Option<SupportedCipherSuite>,
    /// The key exchange group; none in a TLS 1.2 resumption, which exchanges no keys.
    pub group: Option<NamedGroup>,
    /// Full, with or without a HelloRetryRequest, or resumed.
    pub kind: Option<HandshakeKind>,
    /// The application protocol, if one was negotiated.
    pub alpn: Option<Vec<u8>>,
    /// Whether the peer is authorized.
    pub authorization: Authorization,
    /// The server's request for a certificate, and what this client sent.
    pub request: Option<Detail>,
    /// The time from the beginning of the session to here. A client's includes its time in the server's queue.
    pub took: Duration,
}

impl Handshake {
    pub(crate) fn of(
        tls: &Connection,
        authorization: Authorization,
        request: Option<Detail>,
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

/// What IANA calls a cipher suite. rustls has names of its own for those of TLS 1.3.
pub fn suite_name(suite: CipherSuite) -> &'static str {
    match suite {
        CipherSuite::TLS13_AES_128_GCM_SHA256 => "TLS_AES_128_GCM_SHA256",
        CipherSuite::TLS13_AES_256_GCM_SHA384 => "TLS_AES_256_GCM_SHA384",
        CipherSuite::TLS13_CHACHA20_POLY1305_SHA256 => "TLS_CHACHA20_POLY1305_SHA256",
        other => other.as_str().unwrap_or("unknown suite"),
    }
}
