//! Reads the parts of DER.

use x509_parser::asn1_rs::{Any, FromDer as _, Tag};

/// Returns the content of a SEQUENCE that takes all of `der`.
pub(super) fn sequence(der: &[u8]) -> Option<&[u8]> {
    match Any::from_der(der) {
        Ok(([], any)) if any.tag() == Tag::Sequence => Some(any.data),
        _ => None,
    }
}

/// Returns the fields in the content of a SEQUENCE, up to the first one that does not parse.
pub(super) fn fields(mut rest: &[u8]) -> impl Iterator<Item = Any<'_>> {
    std::iter::from_fn(move || {
        let (after, field) = Any::from_der(rest).ok()?;
        rest = after;
        Some(field)
    })
}
