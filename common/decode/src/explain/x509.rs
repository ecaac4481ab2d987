//! X.509 certificates. `x509-parser` reads their contents. A few functions here find the place of each field in the DER.

use std::borrow::Cow;

use identity::describe_key;
use tls_session::bytes::{Bytes, Count};
use x509_parser::asn1_rs::Header;
use x509_parser::certificate::X509Certificate;
use x509_parser::error::X509Error;
use x509_parser::extensions::{ExtendedKeyUsage, GeneralName, ParsedExtension, X509Extension};
use x509_parser::objects::{oid_registry, oid2sn};
use x509_parser::oid_registry::Oid;
use x509_parser::prelude::FromDer;
use x509_parser::x509::{AlgorithmIdentifier, X509Name};

use super::field_reader::{About, FieldReader, Meaning, Step, about};
use super::shown;
use super::{Fault, Mark};

pub(super) const SAYS: &str =
    "An X.509 certificate in DER. Its issuer confirms with a signature that a public key belongs to a name.";

/// The longest name that is turned into text. The time for an object identifier grows with the square of its length.
const READABLE: usize = 4096;

/// The longest object identifier that is turned into text. Longer ones are shown in hexadecimal.
const OID: usize = 64;

/// The DER tags of the optional parts of a certificate (RFC 5280, 4.1).
const VERSION: u8 = 0xa0;
const ISSUER_ID: [u8; 2] = [0x81, 0xa1];
const SUBJECT_ID: [u8; 2] = [0x82, 0xa2];
const EXTENSIONS: u8 = 0xa3;

/// Reads one certificate, which ends with its vector. `index` is its place in the message, from 0.
pub(super) fn certificate(r: &mut FieldReader<'_>, index: Option<usize>) -> Step {
    let place = r.known.fault.filter(|place| Some(place.certificate) == index);
    let fault = place.map(|place| place.fault);
    let certificate = match X509Certificate::from_der(r.left()) {
        Ok((_, certificate)) => certificate,
        Err(error) => {
            let reason = X509Error::from(error);
            return Err(r.malformed(format!("This cannot be read as an X.509 certificate: {reason}.")));
        }
    };
    sequence(r, about("Certificate", "", "RFC 5280, 4.1"), |r| {
        sequence(r, "tbsCertificate", |r| to_be_signed(r, &certificate, fault))?;
        let says = "The algorithm of the issuer's signature.";
        element(r, about("signatureAlgorithm", says, "RFC 5280, 4.1.1.2"), || {
            algorithm(&certificate.signature_algorithm)
        })?;
        let says = "The signature of the tbsCertificate, made with the issuer's key.";
        let signature = &certificate.signature_value.data;
        element(r, about("signatureValue", says, "RFC 5280, 4.1.1.3"), || shown::hex(signature))
    })?;
    r.mark_if(fault == Some(Fault::Unnamed), Mark::Refused);
    Ok(())
}

fn to_be_signed(r: &mut FieldReader<'_>, certificate: &X509Certificate<'_>, fault: Option<Fault>) -> Step {
    if next_is(r, &[VERSION]) {
        let version = || format!("{}", certificate.version());
        element(
            r,
            about("version", "The version of X.509. Only V3 has extensions.", "RFC 5280, 4.1.2.1"),
            version,
        )?;
    }
    let says = "A number that is unique among the issuer's certificates.";
    element(r, about("serialNumber", says, "RFC 5280, 4.1.2.2"), || shown::hex(certificate.raw_serial()))?;
    let says = "The algorithm of the issuer's signature. It is repeated after the signed part.";
    element(r, about("signature", says, "RFC 5280, 4.1.2.3"), || algorithm(&certificate.signature))?;
    let says = "The authority that signed this certificate. A self-signed certificate has the same subject and issuer.";
    element(r, about("issuer", says, "RFC 5280, 4.1.2.4"), || name(certificate.issuer()))?;
    r.mark_if(fault == Some(Fault::Issuer), Mark::Fault);
    let (from, until) = (certificate.validity().not_before, certificate.validity().not_after);
    let (from, until) = (shown::moment(from.timestamp()), shown::moment(until.timestamp()));
    let says = "The first and the last moment of the certificate's validity.";
    element(r, about("validity", says, "RFC 5280, 4.1.2.5"), || format!("{from} to {until}"))?;
    r.mark_if(matches!(fault, Some(Fault::Validity | Fault::IssuerValidity(_))), Mark::Fault);
    let says = "The owner of the key. Clients compare the names in subjectAltName instead.";
    element(r, about("subject", says, "RFC 5280, 4.1.2.6"), || name(certificate.subject()))?;
    let has_names = certificate.subject_alternative_name().is_ok_and(|names| names.is_some());
    r.mark_if(fault == Some(Fault::Names) && !has_names, Mark::Fault);
    let says = "The public key of the subject.";
    element(r, about("subjectPublicKeyInfo", says, "RFC 5280, 4.1.2.7"), || {
        describe_key(certificate.public_key())
    })?;
    r.mark_if(fault == Some(Fault::PublicKey), Mark::Fault);
    for (tags, id) in [(ISSUER_ID, "issuerUniqueID"), (SUBJECT_ID, "subjectUniqueID")] {
        if next_is(r, &tags) {
            element(r, about(id, "Not used any more.", "RFC 5280, 4.1.2.8"), String::new)?;
        }
    }
    if next_is(r, &[EXTENSIONS]) {
        let mut extensions = certificate.extensions().iter();
        sequence(r, about("extensions", "", "RFC 5280, 4.2"), |r| {
            sequence(r, "SEQUENCE", |r| r.list(|r| extension(r, extensions.next(), fault)))
        })?;
    }
    Ok(())
}

fn extension(r: &mut FieldReader<'_>, extension: Option<&X509Extension<'_>>, fault: Option<Fault>) -> Step {
    let Some(extension) = extension else {
        return Err(r.malformed("x509-parser did not read this extension."));
    };
    let (says, rfc, value) = extension_value(extension);
    let critical = if extension.critical {
        " (critical: a program that does not know it refuses the certificate)"
    } else {
        ""
    };
    element(r, about(oid(&extension.oid), says, rfc), || value + critical)?;
    let is_why = match extension.parsed_extension() {
        ParsedExtension::SubjectAlternativeName(_) => fault == Some(Fault::Names),
        ParsedExtension::KeyUsage(_) => fault == Some(Fault::KeyUsage),
        ParsedExtension::ExtendedKeyUsage(_) => fault == Some(Fault::ExtendedKeyUsage),
        _ => false,
    };
    r.mark_if(is_why, Mark::Fault);
    Ok(())
}

/// Returns the purpose of an extension, its RFC section, and its value.
fn extension_value(extension: &X509Extension<'_>) -> (&'static str, &'static str, String) {
    use ParsedExtension as E;
    match extension.parsed_extension() {
        E::SubjectAlternativeName(names) => (
            "The names of the certificate's owner. One of them must be the name that the client wants.",
            "RFC 5280, 4.2.1.6",
            first(names.general_names.iter().map(|name| Cow::Owned(general_name(name)))),
        ),
        E::BasicConstraints(constraints) => (
            "Says whether the key may sign other certificates, and how many authorities may follow in a chain.",
            "RFC 5280, 4.2.1.9",
            match (constraints.ca, constraints.path_len_constraint) {
                (false, _) => "not an authority".to_owned(),
                (true, None) => "an authority".to_owned(),
                (true, Some(length)) => {
                    format!("an authority, with at most {} of authorities below it", Count(length, "level"))
                }
            },
        ),
        E::KeyUsage(usage) => ("The allowed uses of the key.", "RFC 5280, 4.2.1.3", usage.to_string()),
        E::ExtendedKeyUsage(usage) => (
            "The allowed purposes of the key: TLS server, TLS client, mail and others.",
            "RFC 5280, 4.2.1.12",
            extended_key_usage(usage),
        ),
        E::SubjectKeyIdentifier(id) => ("A short name of the key.", "RFC 5280, 4.2.1.2", shown::hex(id.0)),
        E::AuthorityKeyIdentifier(id) => (
            "The short name of the issuer's key.",
            "RFC 5280, 4.2.1.1",
            id.key_identifier.as_ref().map_or_else(|| "none".to_owned(), |id| shown::hex(id.0)),
        ),
        E::ParseError { .. } => (
            "This extension is damaged, or x509-parser cannot read it.",
            "RFC 5280, 4.2",
            shown::hex(extension.value),
        ),
        _ => ("", "RFC 5280, 4.2", shown::hex(extension.value)),
    }
}

fn extended_key_usage(usage: &ExtendedKeyUsage<'_>) -> String {
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

pub(super) fn general_name(name: &GeneralName<'_>) -> String {
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

/// Joins names to a text of limited length.
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

/// Formats a distinguished name in DER, as in certificate_authorities.
pub(super) fn distinguished_name(der: &[u8]) -> Meaning {
    match X509Name::from_der(der) {
        Ok(([], parsed)) => name(&parsed).into(),
        _ => format!("not a name: {}", shown::hex(der)).into(),
    }
}

pub(super) fn name(name: &X509Name<'_>) -> String {
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

// ---- places in DER -------------------------------------------------------------------------------------

/// Returns the lengths of the header and of the content of the next element.
fn lengths(r: &FieldReader<'_>) -> Option<(usize, usize)> {
    let (content, header) = Header::from_der(r.left()).ok()?;
    Some((r.left().len() - content.len(), header.length().definite().ok()?))
}

fn next_is(r: &FieldReader<'_>, tags: &[u8]) -> bool {
    r.left().first().is_some_and(|tag| tags.contains(tag))
}

/// Reads an element that is shown as one field.
fn element<M: Into<Meaning>>(
    r: &mut FieldReader<'_>,
    about: impl Into<About>,
    meaning: impl FnOnce() -> M,
) -> Step {
    match lengths(r) {
        Some((header, content)) => r.bytes(header.saturating_add(content), about, |_| meaning()).map(drop),
        None => Err(r.malformed("This DER element has no valid length.")),
    }
}

/// Reads an element that has other elements inside.
fn sequence(
    r: &mut FieldReader<'_>,
    about: impl Into<About>,
    inside: impl FnOnce(&mut FieldReader<'_>) -> Step,
) -> Step {
    let Some((header, content)) = lengths(r) else {
        return Err(r.malformed("This DER element has no valid length."));
    };
    r.group(about, |r| {
        r.bytes(header, "tag and length", |_| Bytes(content).to_string())?;
        r.within(content, inside)
    })
}
