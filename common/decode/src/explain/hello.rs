//! ClientHello, ServerHello and HelloRetryRequest.

use super::extensions::{self, In};
use super::field_reader::{About, FieldReader, Meaning, Prefix, Step, about};
use super::handshake::Layout;
use super::{names, shown};

/// How the random of a server that knows TLS 1.3 ends when it agrees on TLS 1.2, and on anything older.
const DOWNGRADE_TO_12: &[u8] = b"DOWNGRD\x01";
const DOWNGRADE_TO_11: &[u8] = b"DOWNGRD\x00";

/// A field of a hello: its name, what it says, and where that is specified, by the version that it is for.
fn in_version(
    layout: Layout,
    tls13: [&'static str; 2],
    tls12: [&'static str; 2],
    rfcs: [&'static str; 2],
) -> About {
    let ([name, says], rfc) = match layout {
        Layout::Tls13 => (tls13, rfcs[0]),
        Layout::Tls12 => (tls12, rfcs[1]),
    };
    about(name, says, rfc)
}

/// A ClientHello of the layout of TLS 1.3 offers TLS 1.3, and often TLS 1.2 as well.
pub(super) fn client(r: &mut FieldReader<'_>, layout: Layout) -> Step {
    const RFCS: [&str; 2] = ["RFC 8446, 4.1.2", "RFC 5246, 7.4.1.2"];
    let version = in_version(
        layout,
        [
            "legacy_version",
            "TLS 1.3 pretends to be TLS 1.2 here, because middleboxes break on numbers they do not know; the real \
             offer is in supported_versions.",
        ],
        ["client_version", "The newest version that the client can speak."],
        RFCS,
    );
    r.u16(version, names::version)?;
    let says = "Makes this handshake unlike any other: the keys depend on it.";
    r.bytes(32, in_version(layout, ["random", says], ["random", says], RFCS), shown::hex)?;
    let session = in_version(
        layout,
        [
            "legacy_session_id",
            "In TLS 1.2 the name of the session to resume. TLS 1.3 resumes with tickets; what is here then is made \
             up, to look like TLS 1.2 to middleboxes.",
        ],
        ["session_id", "The name of the session to resume; empty if the client resumes none."],
        RFCS,
    );
    r.opaque(Prefix::One, session, shown::hex)?;
    let suites = in_version(
        layout,
        [
            "cipher_suites",
            "The ciphers that the client can use, the one it likes best first; those of TLS 1.3 name a cipher and a \
             hash, those of TLS 1.2 the key exchange and the signature as well.",
        ],
        [
            "cipher_suites",
            "The ciphers that the client can use, the one it likes best first, each with a key exchange, a \
             signature and a hash.",
        ],
        RFCS,
    );
    r.codes(Prefix::Two, suites, "cipher_suite", names::suite)?;
    let says =
        "Compression before encryption gives secrets away (CRIME): null is all that anybody should offer.";
    let compression =
        in_version(layout, ["legacy_compression_methods", says], ["compression_methods", says], RFCS);
    r.vector(Prefix::One, compression, |r| r.list(|r| r.u8("compression_method", names::compression)))?;
    optional_extensions(r, In::ClientHello)
}

pub(super) fn server(r: &mut FieldReader<'_>, place: In, layout: Layout) -> Step {
    const RFCS: [&str; 2] = ["RFC 8446, 4.1.3", "RFC 5246, 7.4.1.3"];
    let version = in_version(
        layout,
        [
            "legacy_version",
            "TLS 1.3 calls itself TLS 1.2 here, for the sake of middleboxes; what was chosen is in \
             supported_versions.",
        ],
        ["server_version", "The version that the server has chosen."],
        RFCS,
    );
    r.u16(version, names::version)?;
    let says = "The server's part of what makes this handshake unlike any other.";
    let random = in_version(layout, ["random", says], ["random", says], RFCS);
    r.bytes(32, random, |random| server_random(random, place))?;
    let session = in_version(
        layout,
        ["legacy_session_id_echo", "TLS 1.3 gives back what the client sent."],
        ["session_id", "The name of the session: the client's own if it is resumed."],
        RFCS,
    );
    r.opaque(Prefix::One, session, shown::hex)?;
    let says = "The one that the server has chosen among those that the client offered.";
    r.u16(in_version(layout, ["cipher_suite", says], ["cipher_suite", says], RFCS), names::suite)?;
    let says = "None, as the client wanted.";
    let compression =
        in_version(layout, ["legacy_compression_method", says], ["compression_method", says], RFCS);
    r.u8(compression, names::compression)?;
    optional_extensions(r, place)
}

/// Before TLS 1.3 a hello may end without any.
fn optional_extensions(r: &mut FieldReader<'_>, place: In) -> Step {
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
