//! Sums up the certificates of a Certificate message.

use identity::describe_key;
use rustls::ProtocolVersion;
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;
use x509_parser::x509::X509Name;

use super::{shown, x509};
use crate::Message;
use crate::reader::Reader;

/// The most names that are listed. A certificate may have thousands.
const MAX_NAMES: usize = 12;

/// The certificates that one end sent.
#[derive(Clone, Debug, Default)]
pub struct Certificates {
    /// The number of certificates. The first one is the sender's own.
    pub count: usize,
    /// The first certificate; `None` if it cannot be read.
    pub first: Option<Certificate>,
}

/// The main contents of a certificate, as escaped text of limited length.
#[derive(Clone, Debug)]
pub struct Certificate {
    /// The subject.
    pub subject: String,
    /// The first names in subjectAltName.
    pub names: Vec<String>,
    /// The number of further names.
    pub more_names: usize,
    /// The issuer.
    pub issuer: String,
    /// The beginning of its validity.
    pub not_before: String,
    /// The end of its validity.
    pub not_after: String,
    /// The type and the size of its key.
    pub key: String,
}

/// Sums up a Certificate message.
pub fn certificates(message: &Message) -> Certificates {
    let chain = chain(message).unwrap_or_default();
    let first = chain.first().and_then(|der| X509Certificate::from_der(der).ok());
    Certificates { count: chain.len(), first: first.map(|(_, certificate)| Certificate::of(&certificate)) }
}

/// Returns the certificates of a Certificate message in DER. TLS 1.3 has a context before them, and extensions after each of
/// them (RFC 8446, 4.4.2; RFC 5246, 7.4.2). `None`: the message is malformed.
pub fn chain(message: &Message) -> Option<Vec<&[u8]>> {
    let is_tls13 = message.version == Some(ProtocolVersion::TLSv1_3);
    let mut reader = Reader::new(message.body());
    if is_tls13 {
        reader.vector(1)?;
    }
    let mut list = reader.vector(3)?;
    let mut chain = Vec::new();
    while !list.rest().is_empty() {
        chain.push(list.vector(3)?.rest());
        if is_tls13 {
            list.vector(2)?;
        }
    }
    Some(chain)
}

impl Certificate {
    fn of(certificate: &X509Certificate<'_>) -> Self {
        let extension = certificate.subject_alternative_name().ok().flatten();
        let names = extension.map(|extension| extension.value.general_names.as_slice()).unwrap_or_default();
        let validity = certificate.validity();
        Self {
            subject: name(certificate.subject()),
            names: names.iter().take(MAX_NAMES).map(x509::general_name).collect(),
            more_names: names.len().saturating_sub(MAX_NAMES),
            issuer: name(certificate.issuer()),
            not_before: shown::moment(validity.not_before.timestamp()),
            not_after: shown::moment(validity.not_after.timestamp()),
            key: describe_key(certificate.public_key()),
        }
    }

    /// Returns about how many bytes the texts have.
    pub fn size(&self) -> usize {
        let names: usize = self.names.iter().map(String::len).sum();
        names + self.subject.len() + self.issuer.len() + self.key.len()
    }
}

fn name(name: &X509Name<'_>) -> String {
    if name.iter().next().is_none() { "(no name)".to_owned() } else { x509::name(name) }
}
