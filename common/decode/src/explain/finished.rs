//! The short messages at the end of a handshake and behind it: CertificateVerify, Finished, KeyUpdate.

use super::field_reader::{FieldReader, Prefix, Step, about};
use super::handshake::Layout;
use super::{names, shown};

pub(super) fn certificate_verify(r: &mut FieldReader<'_>, layout: Layout) -> Step {
    let (rfc, signed) = match layout {
        Layout::Tls13 => (
            "RFC 8446, 4.4.3",
            "Over a hash of all messages so far, behind 64 spaces and a sentence that says who signs: no \
             signature made for another purpose can be taken for this one.",
        ),
        Layout::Tls12 => ("RFC 5246, 7.4.8", "Over all messages so far."),
    };
    let says = "How the signature was made: one of those that the peer said it can verify.";
    r.u16(about("algorithm", says, rfc), names::scheme)?;
    r.opaque(Prefix::Two, about("signature", signed, rfc), shown::hex)?;
    Ok(())
}

/// As long as a hash in TLS 1.3, twelve bytes in TLS 1.2.
pub(super) fn finished(r: &mut FieldReader<'_>, layout: Layout) -> Step {
    let says = "Made from a hash of all messages so far and a key that only the two know: if anything had \
                been changed on the way, the other end would compute something else.";
    let rfc = match layout {
        Layout::Tls13 => "RFC 8446, 4.4.4",
        Layout::Tls12 => "RFC 5246, 7.4.9",
    };
    r.rest(about("verify_data", says, rfc), shown::hex)?;
    Ok(())
}

pub(super) fn key_update(r: &mut FieldReader<'_>) -> Step {
    let says = "Whether the peer is to change its keys as well.";
    r.u8(about("request_update", says, "RFC 8446, 4.6.3"), names::key_update)?;
    Ok(())
}
