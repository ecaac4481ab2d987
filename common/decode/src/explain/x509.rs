//! Certificates: what is where in the DER, by a few lines of ours; what it means, by `x509-parser`.

use std::borrow::Cow;

use x509_parser::certificate::X509Certificate;
use x509_parser::error::X509Error;
use x509_parser::extensions::{GeneralName, ParsedExtension, X509Extension};
use x509_parser::objects::{oid_registry, oid2sn};
use x509_parser::oid_registry::Oid;
use x509_parser::prelude::FromDer;
use x509_parser::public_key::PublicKey;
use x509_parser::x509::{AlgorithmIdentifier, SubjectPublicKeyInfo, X509Name};

use super::reader::{About, Meaning, Reader, Step, about};
use super::shown;

pub(super) const SAYS: &str =
    "An X.509 certificate in DER: somebody confirms, by a signature, that a public key belongs to a name.";

/// What is longer than this is not turned into text: numbers in object identifiers take time with the square of
/// their length.
const READABLE: usize = 4096;

/// An object identifier longer than this is shown as the bytes it is.
const OID: usize = 64;

/// Tags of DER that tell optional parts of a certificate apart (RFC 5280, 4.1).
const VERSION: u8 = 0xa0;
const ISSUER_ID: [u8; 2] = [0x81, 0xa1];
const SUBJECT_ID: [u8; 2] = [0x82, 0xa2];
const EXTENSIONS: u8 = 0xa3;

/// One certificate, to the end of what encloses it.
pub(super) fn certificate(r: &mut Reader<'_>) -> Step {
    let certificate = match X509Certificate::from_der(r.left()) {
        Ok((_, certificate)) => certificate,
        Err(error) => {
            let reason = X509Error::from(error);
            return Err(r.malformed(format!("This cannot be read as an X.509 certificate: {reason}.")));
        }
    };
    sequence(r, about("Certificate", "", "RFC 5280, 4.1"), |r| {
        sequence(r, "tbsCertificate", |r| to_be_signed(r, &certificate))?;
        let says = "How the authority has signed.";
        element(r, about("signatureAlgorithm", says, "RFC 5280, 4.1.1.2"), || {
            algorithm(&certificate.signature_algorithm)
        })?;
        let says = "Over the tbsCertificate, with the key of the issuer.";
        let signature = &certificate.signature_value.data;
        element(r, about("signatureValue", says, "RFC 5280, 4.1.1.3"), || shown::hex(signature))
    })
}

fn to_be_signed(r: &mut Reader<'_>, certificate: &X509Certificate<'_>) -> Step {
    if next_is(r, &[VERSION]) {
        let version = || format!("{}", certificate.version());
        element(
            r,
            about("version", "The version of X.509; V3 is the one with extensions.", "RFC 5280, 4.1.2.1"),
            version,
        )?;
    }
    let says = "A number that the issuer gives to no other certificate.";
    element(r, about("serialNumber", says, "RFC 5280, 4.1.2.2"), || shown::hex(certificate.raw_serial()))?;
    let says = "How the issuer signs; the same as behind the signed part.";
    element(r, about("signature", says, "RFC 5280, 4.1.2.3"), || algorithm(&certificate.signature))?;
    let says = "Who has signed this; the same as the subject if the certificate is its own authority.";
    element(r, about("issuer", says, "RFC 5280, 4.1.2.4"), || name(certificate.issuer()))?;
    let (from, until) = (certificate.validity().not_before, certificate.validity().not_after);
    let (from, until) = (shown::moment(from.timestamp()), shown::moment(until.timestamp()));
    let says = "From when until when the certificate may be used, both ends included.";
    element(r, about("validity", says, "RFC 5280, 4.1.2.5"), || format!("{from} to {until}"))?;
    let says = "Whom it is about; the names that clients compare are in subjectAltName.";
    element(r, about("subject", says, "RFC 5280, 4.1.2.6"), || name(certificate.subject()))?;
    let says = "The public key that belongs to the subject.";
    element(r, about("subjectPublicKeyInfo", says, "RFC 5280, 4.1.2.7"), || key(certificate.public_key()))?;
    for (tags, id) in [(ISSUER_ID, "issuerUniqueID"), (SUBJECT_ID, "subjectUniqueID")] {
        if next_is(r, &tags) {
            element(r, about(id, "Not used any more.", "RFC 5280, 4.1.2.8"), String::new)?;
        }
    }
    if next_is(r, &[EXTENSIONS]) {
        let mut extensions = certificate.extensions().iter();
        sequence(r, about("extensions", "", "RFC 5280, 4.2"), |r| {
            sequence(r, "SEQUENCE", |r| r.list(|r| extension(r, extensions.next())))
        })?;
    }
    Ok(())
}

fn extension(r: &mut Reader<'_>, extension: Option<&X509Extension<'_>>) -> Step {
    let Some(extension) = extension else {
        return Err(r.malformed("An extension that x509-parser did not read."));
    };
    let (says, rfc, value) = extension_value(extension);
    let critical =
        if extension.critical { " (critical: who does not know this refuses the certificate)" } else { "" };
    element(r, about(oid(&extension.oid), says, rfc), || value + critical)
}

/// What an extension is for, where it is specified, and its value.
fn extension_value(extension: &X509Extension<'_>) -> (&'static str, &'static str, String) {
    use ParsedExtension as E;
    match extension.parsed_extension() {
        E::SubjectAlternativeName(names) => (
            "The names that this certificate is for: one of these has to be the one that the client wanted.",
            "RFC 5280, 4.2.1.6",
            alternative_names(&names.general_names),
        ),
        E::BasicConstraints(constraints) => (
            "Whether the key may sign other certificates, and how many may follow below.",
            "RFC 5280, 4.2.1.9",
            match (constraints.ca, constraints.path_len_constraint) {
                (false, _) => "not an authority".to_owned(),
                (true, None) => "an authority".to_owned(),
                (true, Some(length)) => {
                    format!("an authority, with at most {length} more between it and the end")
                }
            },
        ),
        E::KeyUsage(usage) => ("What the key may do.", "RFC 5280, 4.2.1.3", usage.to_string()),
        E::ExtendedKeyUsage(_) => (
            "For what the key may be used: as a server of TLS, as a client, for mail.",
            "RFC 5280, 4.2.1.12",
            extended_key_usage(extension),
        ),
        E::SubjectKeyIdentifier(id) => ("A short name for the key.", "RFC 5280, 4.2.1.2", shown::hex(id.0)),
        E::AuthorityKeyIdentifier(id) => (
            "The short name of the issuer's key.",
            "RFC 5280, 4.2.1.1",
            id.key_identifier.as_ref().map_or_else(|| "none".to_owned(), |id| shown::hex(id.0)),
        ),
        E::ParseError { .. } => (
            "An extension that is damaged, or that x509-parser cannot read.",
            "RFC 5280, 4.2",
            shown::hex(extension.value),
        ),
        _ => ("", "RFC 5280, 4.2", shown::hex(extension.value)),
    }
}

fn extended_key_usage(extension: &X509Extension<'_>) -> String {
    let ParsedExtension::ExtendedKeyUsage(usage) = extension.parsed_extension() else {
        return String::new();
    };
    let known = [
        (usage.any, "anything"),
        (usage.server_auth, "serverAuth"),
        (usage.client_auth, "clientAuth"),
        (usage.code_signing, "codeSigning"),
        (usage.email_protection, "emailProtection"),
        (usage.time_stamping, "timeStamping"),
        (usage.ocsp_signing, "OCSPSigning"),
    ];
    let known = known.iter().filter(|(allowed, _)| *allowed).map(|(_, name)| Cow::Borrowed(*name));
    first(known.chain(usage.other.iter().map(oid)))
}

fn alternative_names(names: &[GeneralName<'_>]) -> String {
    first(names.iter().map(|name| Cow::Owned(general_name(name))))
}

fn general_name(name: &GeneralName<'_>) -> String {
    match name {
        GeneralName::DNSName(host) => shown::text(host.as_bytes()),
        GeneralName::IPAddress([a, b, c, d]) => format!("{a}.{b}.{c}.{d}"),
        GeneralName::IPAddress(bytes) => match <[u8; 16]>::try_from(*bytes) {
            Ok(v6) => std::net::Ipv6Addr::from(v6).to_string(),
            Err(_) => format!("address {}", shown::hex(bytes)),
        },
        GeneralName::RFC822Name(mail) => format!("mail {}", shown::text(mail.as_bytes())),
        GeneralName::URI(uri) => format!("URI {}", shown::text(uri.as_bytes())),
        GeneralName::DirectoryName(name) => format!("directory name {}", self::name(name)),
        _ => "a name of another kind".to_owned(),
    }
}

/// As many of some names as a line has room for.
fn first<'a>(mut names: impl Iterator<Item = Cow<'a, str>>) -> String {
    let mut shown = names.next().unwrap_or_default().into_owned();
    let mut more = 0;
    for name in names {
        if more > 0 || shown.len() + name.len() > shown::CHARACTERS {
            more += 1;
        } else {
            shown = format!("{shown}, {name}");
        }
    }
    if more == 0 { shown } else { format!("{shown}, and {more} more") }
}

/// A distinguished name in DER, as certificate_authorities has them.
pub(super) fn distinguished_name(der: &[u8]) -> Meaning {
    match X509Name::from_der(der) {
        Ok(([], parsed)) => name(&parsed).into(),
        _ => format!("not a name: {}", shown::hex(der)).into(),
    }
}

fn name(name: &X509Name<'_>) -> String {
    match name.as_raw() {
        raw if raw.len() > READABLE => shown::hex(raw),
        _ => shown::text(name.to_string().as_bytes()),
    }
}

fn oid(oid: &Oid<'_>) -> Cow<'static, str> {
    match oid2sn(oid, oid_registry()) {
        Ok(name) => name.to_owned().into(),
        Err(_) if oid.as_bytes().len() > OID => format!("OID {}", shown::hex(oid.as_bytes())).into(),
        Err(_) => oid.to_id_string().into(),
    }
}

fn algorithm(algorithm: &AlgorithmIdentifier<'_>) -> String {
    oid(&algorithm.algorithm).into_owned()
}

/// The type and the size of a key: the size of the curve where the algorithm does not say it.
fn key(info: &SubjectPublicKeyInfo<'_>) -> String {
    let kind = algorithm(&info.algorithm);
    match info.parsed() {
        Ok(PublicKey::RSA(rsa)) => {
            let zeros = rsa.modulus.iter().take_while(|byte| **byte == 0).count();
            let bits = rsa.modulus.get(zeros).map_or(0, |first| {
                (rsa.modulus.len() - zeros) * 8 - usize::try_from(first.leading_zeros()).unwrap_or(0)
            });
            format!("{kind}, {bits} bits")
        }
        Ok(PublicKey::EC(_)) => {
            let curve = info.algorithm.parameters.as_ref().and_then(|parameters| parameters.as_oid().ok());
            format!("{kind}, {}", curve.map_or_else(|| "unknown curve".into(), |curve| self::oid(&curve)))
        }
        _ => format!("{kind}, {}", shown::count(info.subject_public_key.data.len(), "byte")),
    }
}

// ---- the places in DER -------------------------------------------------------------------------------------

/// The lengths of the header and of the content of the element here. Tags of more than a byte do not occur in
/// certificates.
fn lengths(r: &Reader<'_>) -> Option<(usize, usize)> {
    let (_tag, rest) = r.left().split_first()?;
    let (first, rest) = rest.split_first()?;
    if *first < 0x80 {
        return Some((2, usize::from(*first)));
    }
    let bytes = rest.get(..usize::from(first & 0x7f)).filter(|bytes| matches!(bytes.len(), 1..=4))?;
    Some((2 + bytes.len(), bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte))))
}

fn next_is(r: &Reader<'_>, tags: &[u8]) -> bool {
    r.left().first().is_some_and(|tag| tags.contains(tag))
}

/// An element that is shown as one thing.
fn element<M: Into<Meaning>>(
    r: &mut Reader<'_>,
    about: impl Into<About>,
    meaning: impl FnOnce() -> M,
) -> Step {
    match lengths(r) {
        Some((header, content)) => r.bytes(header.saturating_add(content), about, |_| meaning()).map(drop),
        None => Err(r.malformed("An element of DER without a length that can be read.")),
    }
}

/// An element with others inside.
fn sequence(
    r: &mut Reader<'_>,
    about: impl Into<About>,
    inside: impl FnOnce(&mut Reader<'_>) -> Step,
) -> Step {
    let Some((header, content)) = lengths(r) else {
        return Err(r.malformed("An element of DER without a length that can be read."));
    };
    r.group(about, |r| {
        r.bytes(header, "tag and length", |_| shown::count(content, "byte"))?;
        r.within(content, inside)
    })
}
