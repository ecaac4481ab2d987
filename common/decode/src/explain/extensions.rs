//! Explains extensions. Their form may depend on the message that has them.

mod certificates;
mod ech;
mod keys;
mod limits;
mod protocols;
mod psk;

use rustls::Side;

pub(super) use self::certificates::authorities;
use super::field_reader::{FieldReader, Step, about};
use super::names::extensions::{extension_of, extension_type};
use super::{names, shown};

/// The message that has an extension.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum In {
    ClientHello,
    ServerHello,
    HelloRetryRequest,
    EncryptedExtensions,
    Certificate,
    CertificateRequest,
    NewSessionTicket,
}

/// Explains a list of extensions with its length.
pub(super) fn all(r: &mut FieldReader<'_>, place: In) -> Step {
    let says = match place {
        In::ClientHello => {
            "Additions to the first version of TLS. The server may only answer those that the client sends."
        }
        In::NewSessionTicket => "The allowed uses of the ticket.",
        In::CertificateRequest => "The requirements of the server.",
        In::Certificate => "Additional data for this certificate.",
        _ => "The server's answers to extensions of the client.",
    };
    r.vector(2, about("extensions", says, "RFC 8446, 4.2"), |r| r.list(|r| one(r, place)))
}

fn one(r: &mut FieldReader<'_>, place: In) -> Step {
    let number = r.left().first_chunk().map_or(0, |bytes| u16::from_be_bytes(*bytes));
    let known = extension_of(number);
    r.group(about(known.name, says(number, place).unwrap_or(known.says), known.rfc), |r| {
        r.u16("extension_type", extension_type)?;
        let length = r.length(2)?;
        r.within(length, |r| body(r, number, place))
    })
}

/// Returns the sentence about an extension in an answer, if it differs from that in an offer.
fn says(number: u16, place: In) -> Option<&'static str> {
    let says = match (number, place) {
        (0, In::EncryptedExtensions | In::ServerHello) => {
            "The server has used the name to choose its certificate."
        }
        (5, In::ServerHello) => "The server will send the issuer's statement about its certificate.",
        (5, In::Certificate) => "The issuer's statement about this certificate: good, revoked or unknown.",
        (16, In::EncryptedExtensions | In::ServerHello) => {
            "The application protocol that the server has chosen."
        }
        (35, In::ServerHello) => "The server will send a ticket.",
        (41, In::ServerHello) => {
            "The server accepts this pre-shared key, usually a ticket. The session is resumed without certificates."
        }
        (42, In::EncryptedExtensions) => "The server has accepted the early data.",
        (42, In::NewSessionTicket) => {
            "A client that comes back with this ticket may send early data (0-RTT)."
        }
        (43, In::ServerHello | In::HelloRetryRequest) => "The real version, which the server has chosen.",
        (51, In::ServerHello) => "The server's public key. Both ends can compute the secret now.",
        (51, In::HelloRetryRequest) => "The group of the key share that the server wants.",
        _ => return None,
    };
    Some(says)
}

/// Explains the content of an extension. Unknown ones are shown in hexadecimal.
fn body(r: &mut FieldReader<'_>, number: u16, place: In) -> Step {
    let offer = matches!(place, In::ClientHello | In::CertificateRequest);
    match number {
        0 if offer => protocols::server_name(r),
        1 => r.u8("max_fragment_length", names::fragment_length).map(drop),
        5 => certificates::status_request(r, place),
        10 => {
            let chosen = (Side::Server, r.known.choices.group.filter(|_| offer));
            r.offered(2, "named_group_list", |r| r.u16("group", names::group), chosen)
        }
        11 => r.vector(1, "ec_point_format_list", |r| r.list(|r| r.u8("format", names::point_format))),
        13 => signature_algorithms(r, Some(place)),
        50 => signature_algorithms(r, None),
        34 if offer => signature_algorithms(r, None),
        15 => r.u8("mode", names::heartbeat_mode).map(drop),
        16 => protocols::protocols(r, offer),
        17513 | 17613 if offer => protocols::protocols(r, false),
        18 if !offer => certificates::timestamps(r),
        19 | 20 => certificates::types(r, offer),
        21 => limits::padding(r),
        0 | 4 | 18 | 22 | 23 | 49 => Ok(()),
        27 => {
            let signer = signer(place);
            let chosen = (signer, r.known.choices.of(signer).compression);
            r.offered(1, "algorithms", |r| r.u16("algorithm", names::certificate_compression), chosen)
        }
        28 => limits::record_size_limit(r),
        34 => certificates::delegated(r),
        35 => psk::session_ticket(r),
        41 => psk::pre_shared_key(r, place),
        42 => psk::early_data(r, place),
        43 => protocols::supported_versions(r, place),
        44 => r.opaque(2, about("cookie", "Only the server understands it.", ""), shown::hex).map(drop),
        45 => psk::modes(r),
        47 => authorities(r, "RFC 8446, 4.2.4"),
        48 => certificates::oid_filters(r),
        51 => keys::key_share(r, place),
        58 => psk::ticket_request(r, offer),
        13172 if !offer => r.list(protocols::protocol),
        64768 => r.vector(1, "outer_extensions", |r| r.list(|r| r.u16("outer_extension", extension_type))),
        65037 => ech::encrypted_client_hello(r, place),
        65281 => limits::renegotiation_info(r),
        _ => unknown(r),
    }
}

/// Explains signature algorithms. If they are an offer for CertificateVerify, `place` is the message with the offer.
fn signature_algorithms(r: &mut FieldReader<'_>, place: Option<In>) -> Step {
    let signer = place.map_or(Side::Server, signer);
    let chosen = place.and_then(|_| r.known.choices.of(signer).scheme);
    let one = |r: &mut FieldReader<'_>| r.u16("scheme", names::scheme);
    r.offered(2, "supported_signature_algorithms", one, (signer, chosen))
}

/// Returns the end that chooses from an offer about certificates.
fn signer(offered_in: In) -> Side {
    match offered_in {
        In::CertificateRequest => Side::Client,
        _ => Side::Server,
    }
}

fn unknown(r: &mut FieldReader<'_>) -> Step {
    if r.is_empty() { Ok(()) } else { r.rest("extension_data", shown::hex).map(drop) }
}
