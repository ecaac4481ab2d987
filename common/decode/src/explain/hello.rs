//! Explains ClientHello, ServerHello and HelloRetryRequest.

use rustls::Side;

use super::extensions::{self, In};
use super::field_reader::{FieldReader, Meaning, Step, about};
use super::handshake::Layout;
use super::{names, shown};

/// The last bytes of a server's random, if it could have agreed on a newer version (RFC 8446, 4.1.3).
const DOWNGRADE_TO_12: &[u8] = b"DOWNGRD\x01";
const DOWNGRADE_TO_11: &[u8] = b"DOWNGRD\x00";

/// The sentence about a random.
const RANDOM: &str = "Makes this handshake different from all others, because the keys depend on it.";

/// Explains a ClientHello. With the layout of TLS 1.3 it offers TLS 1.3, and often TLS 1.2 as well.
pub(super) fn client(r: &mut FieldReader<'_>, layout: Layout) -> Step {
    let rfc = layout.choose("RFC 8446, 4.1.2", "RFC 5246, 7.4.1.2");
    let (name, says) = layout.choose(
        (
            "legacy_version",
            "Always TLS 1.2, because some middleboxes fail on newer numbers. The real versions are in \
             supported_versions.",
        ),
        ("client_version", "The newest version that the client supports."),
    );
    r.u16(about(name, says, rfc), names::version)?;
    r.bytes(32, about("random", RANDOM, rfc), shown::hex)?;
    let (name, says) = layout.choose(
        (
            "legacy_session_id",
            "The session to resume in TLS 1.2. TLS 1.3 uses tickets instead. It sends random bytes here, to look like \
             TLS 1.2 to middleboxes.",
        ),
        ("session_id", "The session to resume. Empty if the client does not resume one by its ID."),
    );
    r.opaque(1, about(name, says, rfc), shown::hex)?;
    let says = layout.choose(
        "The cipher suites that the client supports, in order of preference. A suite of TLS 1.3 has a cipher and a hash. \
         A suite of TLS 1.2 has a key exchange and a signature, too.",
        "The cipher suites that the client supports, in order of preference. Each has a key exchange, a signature, a \
         cipher and a hash.",
    );
    let chosen = (Side::Server, r.known.choices.suite);
    r.offered(2, about("cipher_suites", says, rfc), |r| r.u16("cipher_suite", names::suite), chosen)?;
    let name = layout.choose("legacy_compression_methods", "compression_methods");
    let says =
        "Compression before encryption reveals secrets (the CRIME attack). Clients should offer only null.";
    r.vector(1, about(name, says, rfc), |r| r.list(|r| r.u8("compression_method", names::compression)))?;
    optional_extensions(r, In::ClientHello)
}

/// Explains a ServerHello or a HelloRetryRequest.
pub(super) fn server(r: &mut FieldReader<'_>, place: In, layout: Layout) -> Step {
    let rfc = layout.choose("RFC 8446, 4.1.3", "RFC 5246, 7.4.1.3");
    let (name, says) = layout.choose(
        (
            "legacy_version",
            "Always TLS 1.2, because some middleboxes fail on newer numbers. The chosen version is in \
             supported_versions.",
        ),
        ("server_version", "The version that the server has chosen."),
    );
    r.u16(about(name, says, rfc), names::version)?;
    r.bytes(32, about("random", RANDOM, rfc), |random| server_random(random, place))?;
    let (name, says) = layout.choose(
        ("legacy_session_id_echo", "The session ID of the client. TLS 1.3 repeats it."),
        ("session_id", "The ID of the session. A resumed session has the client's ID."),
    );
    r.opaque(1, about(name, says, rfc), shown::hex)?;
    let says = "The suite that the server has chosen among those of the client.";
    r.u16(about("cipher_suite", says, rfc), names::suite)?;
    let name = layout.choose("legacy_compression_method", "compression_method");
    r.u8(about(name, "No compression.", rfc), names::compression)?;
    optional_extensions(r, place)
}

/// Explains the extensions. Before TLS 1.3 a hello may end without them.
fn optional_extensions(r: &mut FieldReader<'_>, place: In) -> Step {
    if r.is_empty() { Ok(()) } else { extensions::all(r, place) }
}

/// Explains the random of a server, which may contain a message.
fn server_random(random: &[u8], place: In) -> Meaning {
    let value = shown::hex(random);
    if place == In::HelloRetryRequest {
        let says = "Not random: the SHA-256 of the word HelloRetryRequest. It tells this message from a \
                    ServerHello.";
        return Meaning { value, says: says.into(), rfc: "RFC 8446, 4.1.3" };
    }
    let says = if random.ends_with(DOWNGRADE_TO_12) {
        "Random, except for DOWNGRD and 1 at the end. A server that supports TLS 1.3 writes this when it has \
         agreed on TLS 1.2. A client that has offered TLS 1.3 then knows that an attacker has changed its offer."
    } else if random.ends_with(DOWNGRADE_TO_11) {
        "Random, except for DOWNGRD and 0 at the end. A server that supports TLS 1.2 writes this when it has \
         agreed on something older. A client that has offered TLS 1.2 then knows that an attacker has changed its offer."
    } else {
        ""
    };
    Meaning { value, says: says.into(), rfc: "" }
}
