//! Explains the header of handshake messages, and calls the function for each body.

use rustls::{HandshakeType, ProtocolVersion};

use super::field_reader::{FieldReader, Meaning, Step, about};
use super::{certificate, extensions, finished, hello, key_exchange, names, shown, ticket};
use crate::Message;

/// The layout of messages and records. It depends on the version.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Layout {
    /// TLS 1.2 and older.
    Tls12,
    Tls13,
}

impl Layout {
    /// Returns the layout of a record. Before the version is known, it is that of TLS 1.3.
    pub(super) fn of(version: Option<ProtocolVersion>) -> Self {
        match version {
            Some(ProtocolVersion::TLSv1_3) | None => Self::Tls13,
            Some(_) => Self::Tls12,
        }
    }

    /// Returns the value for this layout.
    pub(super) fn choose<T>(self, tls13: T, tls12: T) -> T {
        match self {
            Self::Tls13 => tls13,
            Self::Tls12 => tls12,
        }
    }
}

/// Explains a message: type, length, body.
pub(super) fn message(r: &mut FieldReader<'_>, message: &Message) -> Step {
    let layout = match (message.kind, message.version) {
        (_, Some(ProtocolVersion::TLSv1_3)) => Layout::Tls13,
        (HandshakeType::ClientHello, _) if message.offers_tls13() => Layout::Tls13,
        _ => Layout::Tls12,
    };
    let asks_again = message.is_hello_retry_request();
    let rfc = layout.choose("RFC 8446, 4", "RFC 5246, 7.4");
    let kind = r.u8(about("msg_type", "", rfc), |number| match asks_again {
        true => retry(names::handshake_type(number)),
        false => Meaning {
            says: purpose(HandshakeType::from(number), layout).into(),
            ..names::handshake_type(number)
        },
    })?;
    let length = r.length(3)?;
    r.within(length, |r| match asks_again {
        true => hello::server(r, extensions::In::HelloRetryRequest, Layout::Tls13),
        false => body(r, HandshakeType::from(kind), layout),
    })
}

/// Explains the type of a HelloRetryRequest. Only its random tells it from a ServerHello.
fn retry(server_hello: Meaning) -> Meaning {
    Meaning {
        value: format!("HelloRetryRequest, as {}", server_hello.value),
        says: "The server asks the client for another ClientHello, with a key share of another group or with this \
               cookie."
            .into(),
        rfc: "RFC 8446, 4.1.4",
    }
}

fn body(r: &mut FieldReader<'_>, kind: HandshakeType, layout: Layout) -> Step {
    use HandshakeType as H;
    match (kind, layout) {
        (H::HelloRequest | H::ServerHelloDone | H::EndOfEarlyData, _) => Ok(()),
        (H::ClientHello, _) => hello::client(r, layout),
        (H::ServerHello, _) => hello::server(r, extensions::In::ServerHello, layout),
        (H::EncryptedExtensions, _) => extensions::all(r, extensions::In::EncryptedExtensions),
        (H::Certificate, Layout::Tls13) => certificate::tls13(r),
        (H::Certificate, Layout::Tls12) => certificate::tls12(r),
        (H::CertificateRequest, Layout::Tls13) => certificate::request13(r),
        (H::CertificateRequest, Layout::Tls12) => certificate::request12(r),
        (H::CertificateStatus, _) => certificate::status(r),
        (H::CompressedCertificate, _) => certificate::compressed(r),
        (H::CertificateVerify, _) => finished::certificate_verify(r, layout),
        (H::Finished, _) => finished::finished(r, layout),
        (H::KeyUpdate, _) => finished::key_update(r),
        (H::ServerKeyExchange, _) => key_exchange::server(r),
        (H::ClientKeyExchange, _) => key_exchange::client(r),
        (H::NewSessionTicket, Layout::Tls13) => ticket::tls13(r),
        (H::NewSessionTicket, Layout::Tls12) => ticket::tls12(r),
        _ => r
            .rest(about("body", "The content of this type of message is not known here.", ""), shown::hex)
            .map(drop),
    }
}

/// Returns the purpose of a message.
fn purpose(kind: HandshakeType, layout: Layout) -> &'static str {
    use HandshakeType as H;
    match (kind, layout) {
        (H::HelloRequest, _) => "The server asks the client for a renegotiation.",
        (H::ClientHello, _) => "The client begins and offers its versions and algorithms.",
        (H::ServerHello, Layout::Tls13) => {
            "The server has chosen. Everything after this message is encrypted, except ChangeCipherSpec."
        }
        (H::ServerHello, Layout::Tls12) => "The server has chosen.",
        (H::NewSessionTicket, _) => {
            "The server gives the client a ticket, so that it can come back without a full handshake."
        }
        (H::EndOfEarlyData, _) => "The early data ends here. The handshake keys come next.",
        (H::EncryptedExtensions, _) => {
            "The rest of the server's choices, which no observer on the way needs to see."
        }
        (H::Certificate, _) => {
            "The claimed identity of the sender. CertificateVerify or the key exchange proves it."
        }
        (H::ServerKeyExchange, _) => {
            "The server's half of the key exchange, signed with the key of its certificate if there is one."
        }
        (H::CertificateRequest, _) => "The server asks the client for a certificate.",
        (H::ServerHelloDone, _) => "The end of the server's flight.",
        (H::CertificateVerify, _) => {
            "The sender proves that it has the key of its certificate: it signs the handshake so far."
        }
        (H::ClientKeyExchange, _) => "The client's half of the key exchange.",
        (H::Finished, Layout::Tls13) => {
            "A checksum of the handshake with a key of this session. It proves that no attacker has changed a message."
        }
        (H::Finished, Layout::Tls12) => {
            "A checksum of the handshake, and the first encrypted message. It proves that no attacker has changed a message."
        }
        (H::CertificateStatus, _) => {
            "The issuer's statement about the certificate: good, revoked or unknown."
        }
        (H::KeyUpdate, _) => "The sender uses new keys from its next record on.",
        (H::CompressedCertificate, _) => "The Certificate message, compressed.",
        _ => "A message that is not explained here.",
    }
}
