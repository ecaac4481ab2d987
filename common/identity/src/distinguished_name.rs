//! The names of subjects and issuers, as text. A peer can choose them, so every text is escaped and has a limited
//! length.

use rustls::DistinguishedName;
use rustls::pki_types::{CertificateDer, TrustAnchor};
use tls_session::escaped::Escaped;
use x509_parser::asn1_rs::{Any, Tag};
use x509_parser::certificate::X509Certificate;
use x509_parser::objects::{oid_registry, oid2abbrev};
use x509_parser::prelude::FromDer;
use x509_parser::x509::{AttributeTypeAndValue, X509Name};

use crate::certificate::parse;

/// Stands for the name in a certificate that does not parse.
pub(super) const UNREADABLE: &str = "(unreadable certificate)";

/// Returns a distinguished name such as `CN=My CA, O=Me`.
pub(super) fn distinguished_name(name: &X509Name<'_>) -> String {
    match Escaped::new(&readable(name)).to_string() {
        empty if empty.is_empty() => "(no name)".to_owned(),
        text => text,
    }
}

/// Returns a name as text, not escaped. The parser's own `Display` has no text for some string types.
fn readable(name: &X509Name<'_>) -> String {
    let joined = |parts: Vec<String>, separator| parts.join(separator);
    let sets = name.iter().map(|set| joined(set.iter().map(attribute).collect(), " + "));
    joined(sets.collect(), ", ")
}

fn attribute(attribute: &AttributeTypeAndValue<'_>) -> String {
    let kind = attribute.attr_type();
    let kind = oid2abbrev(kind, oid_registry()).map_or_else(|_| kind.to_id_string(), str::to_owned);
    format!("{kind}={}", text(attribute.attr_value()))
}

/// Returns the text of a string of any type. A TeletexString that is not UTF-8 is read as Latin-1.
fn text(value: &Any<'_>) -> String {
    match value.tag() {
        Tag::BmpString => {
            let units: Vec<u16> =
                value.data.chunks_exact(2).map(|unit| u16::from_be_bytes([unit[0], unit[1]])).collect();
            String::from_utf16_lossy(&units)
        }
        Tag::UniversalString => {
            let numbers = value.data.chunks_exact(4).map(|c| u32::from_be_bytes([c[0], c[1], c[2], c[3]]));
            numbers.map(|number| char::from_u32(number).unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
        }
        _ => match str::from_utf8(value.data) {
            Ok(text) => text.to_owned(),
            Err(_) => value.data.iter().copied().map(char::from).collect(),
        },
    }
}

/// Returns the name of a trust anchor.
pub(super) fn anchor_name(anchor: &TrustAnchor<'_>) -> String {
    // `TrustAnchor` has the name without its SEQUENCE.
    name(&DistinguishedName::in_sequence(&anchor.subject))
}

/// Returns the text of a name in DER.
pub(super) fn name(der: &DistinguishedName) -> String {
    match X509Name::from_der(der.as_ref()) {
        Ok((_, name)) => distinguished_name(&name),
        Err(_) => "(unreadable name)".to_owned(),
    }
}

/// Returns the issuer's name in a certificate.
pub(super) fn issuer(der: &CertificateDer<'_>) -> String {
    name_in(der, |certificate| distinguished_name(certificate.issuer()))
}

/// Returns the subject's name in a certificate, escaped and with a limited length.
pub fn subject(der: &CertificateDer<'_>) -> String {
    name_in(der, |certificate| distinguished_name(certificate.subject()))
}

fn name_in(der: &CertificateDer<'_>, name: impl FnOnce(&X509Certificate<'_>) -> String) -> String {
    parse(der).map_or_else(|_| UNREADABLE.to_owned(), |certificate| name(&certificate))
}
