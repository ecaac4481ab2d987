//! ClientHello, ServerHello and HelloRetryRequest.

use super::extensions::{self, In};
use super::reader::{Meaning, Prefix, Reader, Step, about};
use super::{names, shown};

/// How the random of a server that knows TLS 1.3 ends when it agrees on TLS 1.2, and on anything older.
const DOWNGRADE_TO_12: &[u8] = b"DOWNGRD\x01";
const DOWNGRADE_TO_11: &[u8] = b"DOWNGRD\x00";

pub(super) fn client(r: &mut Reader<'_>) -> Step {
    const RFC: &str = "RFC 8446, 4.1.2";
    let says = "TLS 1.3 pretends to be TLS 1.2 here, because middleboxes break on numbers they do not know; \
                the real offer is in supported_versions, and where there is none this is it.";
    r.u16(about("legacy_version", says, RFC), names::version)?;
    let says = "Makes this handshake unlike any other: the keys depend on it.";
    r.bytes(32, about("random", says, RFC), shown::hex)?;
    let says = "In TLS 1.2 the name of the session to resume. TLS 1.3 resumes with tickets; what is here \
                then is made up, to look like TLS 1.2 to middleboxes.";
    r.opaque(Prefix::One, about("legacy_session_id", says, RFC), shown::hex)?;
    let says = "The ciphers that the client can use, the one it likes best first; those of TLS 1.3 name a \
                cipher and a hash, those of TLS 1.2 the key exchange and the signature as well.";
    r.codes(Prefix::Two, about("cipher_suites", says, RFC), "cipher_suite", names::suite)?;
    let says =
        "Compression before encryption gives secrets away (CRIME): null is all that anybody should offer.";
    r.vector(Prefix::One, about("legacy_compression_methods", says, RFC), |r| {
        r.list(|r| r.u8("compression_method", names::compression))
    })?;
    optional_extensions(r, In::ClientHello)
}

pub(super) fn server(r: &mut Reader<'_>, place: In) -> Step {
    const RFC: &str = "RFC 8446, 4.1.3";
    let says = "TLS 1.2 for 1.2 and 1.3 alike, for the sake of middleboxes; what was chosen is in \
                supported_versions, and where there is none this is it.";
    r.u16(about("legacy_version", says, RFC), names::version)?;
    let says = "The server's part of what makes this handshake unlike any other.";
    r.bytes(32, about("random", says, RFC), |random| server_random(random, place))?;
    let says = "TLS 1.3 gives back what the client sent. In TLS 1.2 this is the name of the session: the \
                client's own if it is resumed.";
    r.opaque(Prefix::One, about("legacy_session_id_echo", says, RFC), shown::hex)?;
    let says = "The one that the server has chosen among those that the client offered.";
    r.u16(about("cipher_suite", says, RFC), names::suite)?;
    r.u8(about("legacy_compression_method", "None, as the client wanted.", RFC), names::compression)?;
    optional_extensions(r, place)
}

/// Before TLS 1.3 a hello may end without any.
fn optional_extensions(r: &mut Reader<'_>, place: In) -> Step {
    if r.is_empty() { Ok(()) } else { extensions::all(r, place) }
}

/// What the random of a server says beside being random.
fn server_random(random: &[u8], place: In) -> Meaning {
    let value = shown::hex(random);
    if place == In::HelloRetryRequest {
        let says = "Not random: the SHA-256 of the word HelloRetryRequest, which tells this message from a \
                    ServerHello.";
        return Meaning { value, says: says.into(), rfc: "RFC 8446, 4.1.3" };
    }
    let says = if random.ends_with(DOWNGRADE_TO_12) {
        "Random, but for the end: it spells DOWNGRD and 1, by which a server that knows TLS 1.3 says that it \
         agreed on TLS 1.2; a client that had offered 1.3 knows that somebody has meddled with that."
    } else if random.ends_with(DOWNGRADE_TO_11) {
        "Random, but for the end: it spells DOWNGRD and 0, by which a server that knows TLS 1.2 says that it \
         agreed on something older; a client that had offered more knows that somebody has meddled with that."
    } else {
        ""
    };
    Meaning { value, says: says.into(), rfc: "" }
}
