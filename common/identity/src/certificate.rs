//! Parses X.509 certificates, and says why a certificate cannot be used.

use rustls::pki_types::CertificateDer;
use webpki::EndEntityCert;
use x509_parser::certificate::X509Certificate;
use x509_parser::error::X509Error;
use x509_parser::prelude::FromDer;

use tls_session::bytes::Bytes;
use tls_session::escaped::Escaped;

/// Why a certificate cannot be used. It holds no part of the certificate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    /// It is not the DER of an X.509 certificate.
    #[error("malformed certificate: {}", Escaped::new(.0))]
    Damaged(String),
    /// It may be valid, but it needs a feature that is not supported.
    #[error("its certificate is not supported: {}", Escaped::new(.0))]
    Unsupported(String),
    /// It is older than X.509 version 3.
    #[error("its certificate is not supported: it is older than X.509 v3")]
    NotVersion3,
}

/// Parses a certificate. Bytes after its end are an error, as they are for webpki.
pub(super) fn parse<'a>(der: &'a CertificateDer<'_>) -> Result<X509Certificate<'a>, Unusable> {
    match X509Certificate::from_der(der) {
        Ok(([], certificate)) => Ok(certificate),
        Ok((rest, _)) => Err(Unusable::Damaged(format!("extra data behind its end: {}", Bytes(rest.len())))),
        Err(error) => Err(Unusable::Damaged(parser_words(X509Error::from(error)))),
    }
}

/// Returns the text of a parser error. Two errors may quote the certificate, so they get a text of ours.
fn parser_words(error: X509Error) -> String {
    match error {
        X509Error::Der(_) | X509Error::NomError(_) => "it is not DER".to_owned(),
        named => named.to_string(),
    }
}

/// Parses a certificate with webpki, whose rules are strict in other places. `certificate` is the same certificate,
/// parsed by [`parse`].
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
        // webpki has no error of its own for the next two.
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

/// Returns the critical extensions that webpki does not know, by name if they have one here, and by object identifier
/// otherwise.
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
    const NAMES: [(&str, &str); 6] = [
        ("2.5.29.32", "certificatePolicies"),
        ("2.5.29.33", "policyMappings"),
        ("2.5.29.36", "policyConstraints"),
        ("2.5.29.54", "inhibitAnyPolicy"),
        ("1.3.6.1.5.5.7.1.24", "TLS feature, or \"must staple\""),
        ("1.3.6.1.4.1.11129.2.4.3", "precertificate poison"),
    ];
    let critical = certificate.extensions().iter().filter(|extension| extension.critical);
    let identifiers = critical.map(|extension| extension.oid.to_id_string());
    let unknown = identifiers.filter(|identifier| !KNOWN.contains(&identifier.as_str()));
    let named = |identifier: String| match NAMES.iter().find(|(known, _)| *known == identifier) {
        Some((_, name)) => format!("{name} ({identifier})"),
        None => identifier,
    };
    unknown.map(named).collect()
}
