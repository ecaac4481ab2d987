//! Reads the certificates of a handshake for the summary.

use std::time::Duration;

use identity::Moment;
use rustls::ProtocolVersion;
use rustls::pki_types::UnixTime;
use tls_session::escaped::Escaped;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::oid_registry::Oid;
use x509_parser::prelude::FromDer;
use x509_parser::time::ASN1Time;
use x509_parser::x509::X509Name;

use decode::Message;

/// The most names that are shown. A certificate may have thousands.
const NAMES: usize = 12;

/// The longest name or object identifier that is turned into text. The time for an object identifier grows with the square
/// of its length.
const READABLE: usize = 2048;

/// The certificates that one end sent.
#[derive(Clone, Debug, Default)]
pub(super) struct Shown {
    /// The number of certificates. The first one is the sender's own.
    pub(super) chain: usize,
    /// The contents of the first one; `None` if it cannot be read.
    pub(super) leaf: Option<Leaf>,
}

impl Shown {
    /// Returns about how many bytes it keeps.
    pub(super) fn size(&self) -> usize {
        self.leaf.as_ref().map_or(0, |leaf| {
            let names: usize = leaf.names.iter().map(String::len).sum();
            names + leaf.subject.len() + leaf.issuer.len() + leaf.key.len()
        })
    }
}

/// The contents of a certificate. All texts are escaped already.
#[derive(Clone, Debug)]
pub(super) struct Leaf {
    pub(super) subject: String,
    pub(super) names: Vec<String>,
    pub(super) more_names: usize,
    pub(super) issuer: String,
    pub(super) not_before: String,
    pub(super) not_after: String,
    pub(super) key: String,
}

/// Reads a Certificate message.
pub(super) fn read(message: &Message) -> Shown {
    let chain = chain(message).unwrap_or_default();
    let leaf = chain.first().and_then(|der| X509Certificate::from_der(der).ok());
    Shown { chain: chain.len(), leaf: leaf.map(|(_, certificate)| Leaf::of(&certificate)) }
}

/// Returns the certificates in a Certificate message. TLS 1.3 has a context before them, and extensions after each of them
/// (RFC 8446, 4.4.2; RFC 5246, 7.4.2).
fn chain(message: &Message) -> Option<Vec<&[u8]>> {
    let is_tls13 = message.version == Some(ProtocolVersion::TLSv1_3);
    let mut rest = message.bytes.get(4..)?;
    if is_tls13 {
        take(&mut rest, 1)?;
    }
    let mut list = take(&mut rest, 3)?;
    let mut chain = Vec::new();
    while !list.is_empty() {
        chain.push(take(&mut list, 3)?);
        if is_tls13 {
            take(&mut list, 2)?;
        }
    }
    Some(chain)
}

/// Takes a vector whose length has `width` bytes.
fn take<'a>(bytes: &mut &'a [u8], width: usize) -> Option<&'a [u8]> {
    let (length, rest) = bytes.split_at_checked(width)?;
    let length = length.iter().fold(0, |length, byte| length << 8 | usize::from(*byte));
    let (taken, rest) = rest.split_at_checked(length)?;
    *bytes = rest;
    Some(taken)
}

impl Leaf {
    fn of(certificate: &X509Certificate<'_>) -> Self {
        let extension = certificate.subject_alternative_name().ok().flatten();
        let names = extension.map(|extension| extension.value.general_names.as_slice()).unwrap_or_default();
        let validity = certificate.validity();
        Self {
            subject: distinguished_name(certificate.subject()),
            names: names.iter().take(NAMES).map(general_name).collect(),
            more_names: names.len().saturating_sub(NAMES),
            issuer: distinguished_name(certificate.issuer()),
            not_before: moment(&validity.not_before),
            not_after: moment(&validity.not_after),
            key: key(certificate),
        }
    }
}

fn distinguished_name(name: &X509Name<'_>) -> String {
    if name.as_raw().len() > READABLE {
        return "(a name too long to be shown)".to_owned();
    }
    match Escaped::new(&name.to_string()).to_string() {
        empty if empty.is_empty() => "(no name)".to_owned(),
        shown => shown,
    }
}

fn general_name(name: &GeneralName<'_>) -> String {
    match name {
        GeneralName::DNSName(name) => Escaped::new(name).to_string(),
        GeneralName::IPAddress(bytes) => address(bytes),
        GeneralName::DirectoryName(name) => distinguished_name(name),
        GeneralName::RegisteredID(oid) => identifier(oid),
        GeneralName::OtherName(oid, _) => format!("otherName {}", identifier(oid)),
        other => Escaped::new(&other.to_string()).to_string(),
    }
}

fn address(bytes: &[u8]) -> String {
    use std::net::IpAddr;
    let v4 = <[u8; 4]>::try_from(bytes).map(IpAddr::from);
    let address = v4.or_else(|_| <[u8; 16]>::try_from(bytes).map(IpAddr::from));
    address.map_or_else(|_| "a malformed address".to_owned(), |address| address.to_string())
}

/// Formats a date. Dates before 1970 have the form of the library.
fn moment(time: &ASN1Time) -> String {
    match u64::try_from(time.timestamp()) {
        Ok(seconds) => Moment::from(UnixTime::since_unix_epoch(Duration::from_secs(seconds))).to_string(),
        Err(_) => Escaped::new(&time.to_string()).to_string(),
    }
}

fn key(certificate: &X509Certificate<'_>) -> String {
    use x509_parser::public_key::PublicKey;
    const ED25519: &str = "1.3.101.112";
    let key = certificate.public_key();
    let algorithm = identifier(&key.algorithm.algorithm);
    match key.parsed() {
        Ok(PublicKey::RSA(rsa)) => format!("RSA, {} bits", rsa.key_size()),
        Ok(PublicKey::EC(point)) => format!("EC, {} bits", point.key_size()),
        _ if algorithm == ED25519 => "Ed25519".to_owned(),
        _ => format!("algorithm {algorithm}"),
    }
}

fn identifier(oid: &Oid<'_>) -> String {
    if oid.as_bytes().len() > READABLE { "(too long to be shown)".to_owned() } else { oid.to_id_string() }
}
