//! Handshake messages: the header that all of them have, and which body belongs to which.

use rustls::{HandshakeType, ProtocolVersion};

use super::field_reader::{FieldReader, Meaning, Prefix, Step, about};
use super::{certificate, extensions, finished, hello, key_exchange, names, shown, ticket};
use crate::Message;

/// What the body of a message depends on, beside its type.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Layout {
    /// TLS 1.2, and what came before it.
    Tls12,
    Tls13,
}

impl Layout {
    /// The layout of a record. Before a version is agreed upon, that of TLS 1.3.
    pub(super) fn of(version: Option<ProtocolVersion>) -> Self {
        match version {
            Some(ProtocolVersion::TLSv1_3) | None => Self::Tls13,
            Some(_) => Self::Tls12,
        }
    }
}

/// A message: type, length, body.
pub(super) fn message(r: &mut FieldReader<'_>, message: &Message) -> Step {
    let layout = match (message.kind, message.version) {
        (_, Some(ProtocolVersion::TLSv1_3)) => Layout::Tls13,
        (HandshakeType::ClientHello, _) if message.offers_tls13() => Layout::Tls13,
        _ => Layout::Tls12,
    };
    let asks_again = message.is_hello_retry_request();
    let rfc = match layout {
        Layout::Tls13 => "RFC 8446, 4",
        Layout::Tls12 => "RFC 5246, 7.4",
    };
    let kind = r.u8(about("msg_type", "", rfc), |number| match asks_again {
        true => retry(names::handshake_type(number)),
        false => Meaning {
            says: purpose(HandshakeType::from(number), layout).into(),
            ..names::handshake_type(number)
        },
    })?;
    let length = r.length(Prefix::Three)?;
    r.within(length, |r| match asks_again {
        true => hello::server(r, extensions::In::HelloRetryRequest, Layout::Tls13),
        false => body(r, HandshakeType::from(kind), layout),
    })
}

/// The type does not say it, the random does.
fn retry(server_hello: Meaning) -> Meaning {
    Meaning {
        value: format!("HelloRetryRequest, as {}", server_hello.value),
        says: "The server could go on if the client had sent a key share of another group, or this cookie \
               along, and asks it to begin again."
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
            .rest(about("body", "What is in a message of this type is not known here.", ""), shown::hex)
            .map(drop),
    }
}

/// What a message is for.
fn purpose(kind: HandshakeType, layout: Layout) -> &'static str {
    use HandshakeType as H;
    match (kind, layout) {
        (H::HelloRequest, _) => "The server asks the client to begin again: a renegotiation.",
        (H::ClientHello, _) => "The client begins, and says all that it can do.",
        (H::ServerHello, Layout::Tls13) => "The server has chosen; all that follows it is encrypted.",
        (H::ServerHello, Layout::Tls12) => "The server has chosen.",
        (H::NewSessionTicket, _) => {
            "The server gives the client something to come back with, without a full handshake."
        }
        (H::EndOfEarlyData, _) => "The early data ends here; the keys of the handshake come next.",
        (H::EncryptedExtensions, _) => {
            "The rest of what the server has chosen: all that need not be seen on the way."
        }
        (H::Certificate, _) => {
            "Who the sender says that it is; CertificateVerify or the key exchange proves it."
        }
        (H::ServerKeyExchange, _) => {
            "The server's half of the key exchange; where there is a certificate, signed with its key."
        }
        (H::CertificateRequest, _) => "The server asks the client to say who it is as well.",
        (H::ServerHelloDone, _) => "The server has said all that it has to say in this flight.",
        (H::CertificateVerify, _) => {
            "The sender proves that it has the key of its certificate: it signs all that was said."
        }
        (H::ClientKeyExchange, _) => "The client's half of the key exchange.",
        (H::Finished, Layout::Tls13) => {
            "A checksum, under a key of this session, of all that was said: nobody has changed any of it."
        }
        (H::Finished, Layout::Tls12) => {
            "A checksum of all that was said, and the first encrypted message: nobody has changed any of it."
        }
        (H::CertificateStatus, _) => "What the certificate's issuer says about it: good, revoked or unknown.",
        (H::KeyUpdate, _) => "From the next record on the sender uses new keys.",
        (H::CompressedCertificate, _) => "The Certificate message, compressed.",
        _ => "A message that is not explained here.",
    }
}
