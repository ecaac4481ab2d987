//! Extensions about names and protocols: server_name, ALPN, supported_versions.

use rustls::Side;

use super::In;
use crate::explain::field_reader::{FieldReader, Meaning, Step, about};
use crate::explain::names;
use crate::explain::shown;
use crate::is_grease;

pub(super) fn server_name(r: &mut FieldReader<'_>) -> Step {
    r.vector(2, about("server_name_list", "In practice it has one name.", "RFC 6066, 3"), |r| {
        r.list(|r| {
            r.group("ServerName", |r| {
                r.u8("name_type", names::name_type)?;
                let says = "A DNS name without a final dot. It is never an IP address.";
                r.opaque(2, about("host_name", says, ""), shown::text)
            })
        })
    })
}

/// Explains a list of protocols. If it is the `offer` of ALPN, the server chooses from it.
pub(super) fn protocols(r: &mut FieldReader<'_>, offer: bool) -> Step {
    let chosen = r.known.choices.protocol.as_deref().filter(|_| offer);
    r.offered(2, "protocol_name_list", protocol, (Side::Server, chosen))
}

pub(super) fn protocol<'a>(r: &mut FieldReader<'a>) -> Step<&'a [u8]> {
    r.opaque(1, "protocol_name", protocol_name)
}

fn protocol_name(name: &[u8]) -> Meaning {
    if let Ok(bytes) = <[u8; 2]>::try_from(name)
        && is_grease(u16::from_be_bytes(bytes))
    {
        return names::grease(format!("GREASE (0x{:04x})", u16::from_be_bytes(bytes)));
    }
    let says = match name {
        b"h2" => "HTTP/2.",
        b"http/1.1" => "HTTP/1.1.",
        b"http/1.0" => "HTTP/1.0.",
        b"h3" => "HTTP/3, over QUIC.",
        b"acme-tls/1" => "An authority checks that the server owns this name.",
        _ => "",
    };
    Meaning { value: shown::text(name), says: says.into(), rfc: "" }
}

pub(super) fn supported_versions(r: &mut FieldReader<'_>, place: In) -> Step {
    if place != In::ClientHello {
        r.u16("selected_version", names::version)?;
        return Ok(());
    }
    let says = "The versions that the client supports, in order of preference.";
    let chosen = (Side::Server, r.known.choices.version);
    r.offered(1, about("versions", says, ""), |r| r.u16("version", names::version), chosen)
}
