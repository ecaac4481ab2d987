//! What is read out of an X.509 certificate, in the form the rest of the module wants it.

use std::fmt;

use rustls::pki_types::{CertificateDer, UnixTime};
use webpki::EndEntityCert;
use x509_parser::asn1_rs::{Any, Tag};
use x509_parser::certificate::X509Certificate;
use x509_parser::error::X509Error;
use x509_parser::objects::{oid_registry, oid2abbrev};
use x509_parser::prelude::FromDer;
use x509_parser::time::ASN1Time;
use x509_parser::x509::{AttributeTypeAndValue, X509Name};

use tls_session::bytes::Bytes;
use tls_session::escaped::Escaped;

/// Why a certificate cannot be used. It holds no part of the certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unusable {
    /// It is not the DER of an X.509 certificate.
    Damaged(String),
    /// It may be sound, but it needs something that is not supported.
    Unsupported(String),
    /// It is older than X.509 version 3.
    NotVersion3,
}

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Damaged(reason) | Self::Unsupported(reason) => f.write_str(reason),
            Self::NotVersion3 => f.write_str("it is older than X.509 v3"),
        }
    }
}

/// Parses a certificate, all of it: bytes behind its end are an error, as they are for webpki.
pub(super) fn parse<'a>(der: &'a CertificateDer<'_>) -> Result<X509Certificate<'a>, Unusable> {
    match X509Certificate::from_der(der) {
        Ok(([], certificate)) => Ok(certificate),
        Ok((rest, _)) => Err(Unusable::Damaged(format!("extra data behind its end: {}", Bytes(rest.len())))),
        Err(error) => Err(Unusable::Damaged(parser_words(X509Error::from(error)))),
    }
}

/// What the parser says. The texts of two errors may quote the certificate, and are left out.
fn parser_words(error: X509Error) -> String {
    match error {
        X509Error::Der(_) | X509Error::NomError(_) => "it is not DER".to_owned(),
        named => named.to_string(),
    }
}

/// Parses a certificate as webpki does, which is strict in other ways. `certificate` is the same one, parsed.
pub(super) fn parse_strictly<'a>(
    der: &'a CertificateDer<'a>,
    certificate: &X509Certificate<'_>,
) -> Result<EndEntityCert<'a>, Unusable> {
    EndEntityCert::try_from(der).map_err(|error| match error {
        webpki::Error::UnsupportedCertVersion => Unusable::NotVersion3,
        webpki::Error::UnsupportedCriticalExtension => {
            let unsupported = unsupported_extensions(certificate).join(", ");
            Unusable::Unsupported(format!("it has a critical extension that is not supported: {unsupported}"))
        }
        // webpki has no error of their own for these two.
        webpki::Error::BadDer if certificate.issuer_uid.is_some() || certificate.subject_uid.is_some() => {
            Unusable::Unsupported("it has a unique identifier of its issuer or subject".to_owned())
        }
        _ if der.len() > usize::from(u16::MAX) => {
            Unusable::Unsupported("it is larger than 65535 bytes".to_owned())
        }
        webpki::Error::SignatureAlgorithmMismatch => {
            Unusable::Damaged("it names two different signature algorithms".to_owned())
        }
        _ => Unusable::Damaged("it is not DER, or an extension is damaged".to_owned()),
    })
}

/// The critical extensions that webpki does not know, by name where they have one.
fn unsupported_extensions(certificate: &X509Certificate<'_>) -> Vec<String> {
    // Key usage, alternative names, basic constraints, name constraints, CRL distribution points, extended key usage,
    // signed certificate timestamps.
    const KNOWN: [&str; 7] = [
        "2.5.29.15",
        "2.5.29.17",
        "2.5.29.19",
        "2.5.29.30",
        "2.5.29.31",
        "2.5.29.37",
        "1.3.6.1.4.1.11129.2.4.2",
    ];
    let critical = certificate.extensions().iter().filter(|extension| extension.critical);
    let identifiers = critical.map(|extension| extension.oid.to_id_string());
    let unknown = identifiers.filter(|identifier| !KNOWN.contains(&identifier.as_str()));
    unknown.map(|identifier| extension_name(&identifier).map_or(identifier, str::to_owned)).collect()
}

fn extension_name(identifier: &str) -> Option<&'static str> {
    match identifier {
        "2.5.29.32" => Some("certificatePolicies (2.5.29.32)"),
        "2.5.29.33" => Some("policyMappings (2.5.29.33)"),
        "2.5.29.36" => Some("policyConstraints (2.5.29.36)"),
        "2.5.29.54" => Some("inhibitAnyPolicy (2.5.29.54)"),
        "1.3.6.1.5.5.7.1.24" => Some("TLS feature, or \"must staple\" (1.3.6.1.5.5.7.1.24)"),
        "1.3.6.1.4.1.11129.2.4.3" => Some("precertificate poison (1.3.6.1.4.1.11129.2.4.3)"),
        _ => None,
    }
}

/// A distinguished name such as `CN=My CA, O=Me`, escaped and bounded: it comes from a peer.
pub(super) fn distinguished_name(name: &X509Name<'_>) -> String {
    match Escaped::new(&readable(name)).to_string() {
        empty if empty.is_empty() => "(no name)".to_owned(),
        shown => shown,
    }
}

/// A name as text. The `Display` of the parser has no text for some string types.
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

/// The text of a string of any type. A TeletexString is taken for Latin-1 if it is not UTF-8.
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

/// From when until when a certificate is valid, both ends included (RFC 5280, 4.1.2.5).
#[derive(Clone, Copy, Debug)]
pub(super) struct Validity {
    pub(super) not_before: Moment,
    pub(super) not_after: Moment,
}

impl Validity {
    pub(super) fn of(certificate: &X509Certificate<'_>) -> Self {
        let validity = certificate.validity();
        Self {
            not_before: Moment(validity.not_before.timestamp()),
            not_after: Moment(validity.not_after.timestamp()),
        }
    }
}

/// A point in time, to the second; shown as `2026-11-23 14:02:11 UTC`.
///
/// Seconds since 1970, negative before: certificates may begin earlier than [`UnixTime`] can say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(i64);

impl From<UnixTime> for Moment {
    fn from(time: UnixTime) -> Self {
        Self(i64::try_from(time.as_secs()).unwrap_or(i64::MAX))
    }
}

impl Moment {
    /// The same moment in the type for dates of x509-parser, and from there of rcgen; `None` behind the year 9999.
    pub(super) fn to_asn1(self) -> Option<ASN1Time> {
        ASN1Time::from_timestamp(self.0).ok()
    }

    /// This moment, some days later.
    pub(super) fn plus_days(self, days: u32) -> Self {
        Self(self.0.saturating_add(i64::from(days) * 86_400))
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(asn1) = self.to_asn1() else {
            return write!(f, "second {} of the Unix epoch", self.0);
        };
        let time = asn1.to_datetime();
        let (hour, minute, second) = time.to_hms();
        write!(f, "{} {hour:02}:{minute:02}:{second:02} UTC", time.date())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_reads_like_a_date() {
        assert_eq!(Moment(1_795_442_531).to_string(), "2026-11-23 14:02:11 UTC");
        assert_eq!(Moment(-1).to_string(), "1969-12-31 23:59:59 UTC");
        assert_eq!(Moment(0).plus_days(365).to_string(), "1971-01-01 00:00:00 UTC");
        assert_eq!(Moment(i64::MAX).to_string(), "second 9223372036854775807 of the Unix epoch");
    }
}
