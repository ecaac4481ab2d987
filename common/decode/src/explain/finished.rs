//! Explains the short messages at the end of a handshake, and after it: CertificateVerify, Finished, KeyUpdate.

use super::field_reader::{FieldReader, Step, about};
use super::handshake::Layout;
use super::{Mark, names, shown};

pub(super) fn certificate_verify(r: &mut FieldReader<'_>, layout: Layout) -> Step {
    let (rfc, signed) = layout.choose(
        (
            "RFC 8446, 4.4.3",
            "It signs 64 spaces, a sentence that names the signer, and a hash of all messages so far. So an attacker cannot use a \
             signature that was made for another purpose.",
        ),
        ("RFC 5246, 7.4.8", "It signs all messages so far."),
    );
    let says = "The algorithm of the signature. The peer has offered it.";
    r.u16(about("algorithm", says, rfc), names::scheme)?;
    r.opaque(2, about("signature", signed, rfc), shown::hex)?;
    r.mark_if(r.known.is_wrong_signature, Mark::WrongSignature);
    Ok(())
}

/// Explains a Finished. It has the length of a hash in TLS 1.3, and twelve bytes in TLS 1.2.
pub(super) fn finished(r: &mut FieldReader<'_>, layout: Layout) -> Step {
    let rfc = layout.choose("RFC 8446, 4.4.4", "RFC 5246, 7.4.9");
    let says = "Computed from a hash of all messages so far and a key that only both ends know. If a message was \
                changed on the way, the other end computes another value.";
    r.rest(about("verify_data", says, rfc), shown::hex).map(drop)
}

pub(super) fn key_update(r: &mut FieldReader<'_>) -> Step {
    let says = "Says whether the peer has to change its keys, too.";
    r.u8(about("request_update", says, "RFC 8446, 4.6.3"), names::key_update).map(drop)
}
