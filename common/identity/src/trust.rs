//! The certificates that peers are measured against.

use std::fmt;
use std::path::{Path, PathBuf};

use rustls::pki_types::{CertificateDer, TrustAnchor, UnixTime};
use rustls::{DistinguishedName, RootCertStore};
use x509_parser::prelude::FromDer;
use x509_parser::x509::X509Name;

use crate::certificate::{Unusable, distinguished_name, parse, parse_strictly};
use crate::error::{IdentityError, Problem, Role, is_pem};
use crate::pem_files::Pem;
use crate::warning::Warning;

/// Authorities and pins: what a certificate must come from, or be, to be believed.
///
/// # Anchors
///
/// A certificate with CA:TRUE in the trust file is an *anchor*: it vouches for every certificate that its key, or the
/// key of an authority below it, has signed. A certificate with CA:FALSE, or without basic constraints, is never one,
/// though X.509 libraries would take it: path validation reads only the name, the key and the name constraints of an
/// anchor (RFC 5280, 6.1.1 (d)), and webpki never looks at its CA flag. As an anchor, the certificate of one server
/// could issue certificates for *any* name: who steals that server's key could then be every server there is.
///
/// # Pins
///
/// Every certificate in the trust file, CA:TRUE or not, is also a *pin*: a peer that presents it, byte for byte, is
/// identified by it. This is safe, and no less than a chain would prove:
/// - whoever put the certificate into the file vouched for all of it, key and name, as one does for an anchor;
/// - a certificate is public, so presenting it proves nothing: what proves possession of its private key is the
///   handshake's signature, which is verified in any case ([`ServerVerifier`](crate::ServerVerifier));
/// - a pin has no power to issue: it identifies itself and nothing else;
/// - it is no way round the other checks: dates, key usage and name must hold for a pin too.
///
/// Pins are what makes the certificate of a plain `openssl req -x509` work. It is CA:TRUE, and a chain that *ends* in a
/// CA certificate is refused by webpki (`CaUsedAsEndEntity`), although here its owner presents exactly the certificate
/// that we were told to trust.
#[derive(Debug)]
pub struct Trust {
    source: Source,
    anchors: RootCertStore,
    pins: Vec<CertificateDer<'static>>,
}

/// Where a [`Trust`] comes from, as reports name it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Source {
    /// A PEM file.
    File(PathBuf),
    /// What the operating system, or `SSL_CERT_FILE`, trusts.
    System,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::System => f.write_str("the system's trust store"),
        }
    }
}

impl Trust {
    /// Reads a PEM file with one or more certificates.
    ///
    /// # Errors
    ///
    /// An [`IdentityError`] that names the file and says what to do, if it is missing, unreadable, empty, not PEM,
    /// without a certificate, or if one of its certificates is damaged: a trust is taken whole or not at all.
    pub fn load(path: &Path) -> Result<Self, IdentityError> {
        let certificates = Pem::read(path, Role::Trust)?.into_certificates()?;
        let mut anchors = RootCertStore::empty();
        for (index, certificate) in certificates.iter().enumerate() {
            add_if_authority(&mut anchors, &certificate.der).map_err(|reason| {
                IdentityError::new(Role::Trust, path, certificate.problem(index + 1, reason, path))
            })?;
        }
        let pins = certificates.into_iter().map(|certificate| certificate.der).collect();
        let source = Source::File(path.to_owned());
        Ok(Self { source, anchors, pins })
    }

    /// The trust store of the operating system: authorities, no pins. `SSL_CERT_FILE` and `SSL_CERT_DIR` replace it,
    /// as they do for OpenSSL. Certificates in it that cannot be read are passed over: it is not ours to mend.
    ///
    /// # Errors
    ///
    /// [`Problem::NoAuthorities`], with what the operating system said, if nothing could be read.
    pub fn system() -> Result<Self, IdentityError> {
        let found = rustls_native_certs::load_native_certs();
        // `RootCertStore::add_parsable_certificates` logs what it cannot parse, and that may be a private key.
        let parsed = found.certs.iter().filter_map(|der| webpki::anchor_from_trusted_cert(der).ok());
        let anchors: RootCertStore = parsed.map(|anchor| anchor.to_owned()).collect();
        if anchors.is_empty() {
            let reason = found.errors.first().map_or("it is empty".to_owned(), store_words);
            let store = Path::new("of the system");
            return Err(IdentityError::new(Role::Trust, store, Problem::NoAuthorities { reason }));
        }
        Ok(Self { source: Source::System, anchors, pins: Vec::new() })
    }

    /// The names of all certificates in it, authorities and pins, each once.
    pub fn subjects(&self) -> Vec<DistinguishedName> {
        let of_pins = self.pins.iter().filter_map(|der| {
            parse(der)
                .ok()
                .map(|certificate| DistinguishedName::from(certificate.subject().as_raw().to_vec()))
        });
        let mut subjects: Vec<_> = self.anchors.subjects().into_iter().chain(of_pins).collect();
        subjects.sort_unstable_by(|one, other| one.as_ref().cmp(other.as_ref()));
        subjects.dedup_by(|one, other| one.as_ref() == other.as_ref());
        subjects
    }

    /// What a person should know about the authorities of a file: those that are out of their time, and those whose
    /// key cannot verify anything.
    ///
    /// Neither is an error. Path validation does not look at the dates of an authority (RFC 5280, 6.1.1 (d)).
    pub fn warnings(&self, now: UnixTime) -> Vec<Warning> {
        let Source::File(file) = &self.source else { return Vec::new() };
        let certificates = self.pins.iter().filter_map(|der| parse(der).ok());
        let authorities = certificates.filter(|certificate| certificate.is_ca());
        authorities.flat_map(|authority| Warning::authority(file, &authority, now)).collect()
    }

    /// Where these certificates come from.
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// The authorities, possibly none.
    pub fn anchors(&self) -> &RootCertStore {
        &self.anchors
    }

    /// Whether this is one of our certificates, byte for byte.
    pub fn is_pinned(&self, certificate: &CertificateDer<'_>) -> bool {
        self.pins.iter().any(|pin| pin == certificate)
    }
}

/// What was wrong with the system's store. The texts of errors about PEM quote the file, which SSL_CERT_FILE names, and
/// which may hold a private key.
fn store_words(error: &rustls_native_certs::Error) -> String {
    match &error.kind {
        rustls_native_certs::ErrorKind::Io { path, .. } if is_pem(path) => {
            format!("{}: PEM text is where the name of a file belongs", error.context)
        }
        rustls_native_certs::ErrorKind::Io { .. } | rustls_native_certs::ErrorKind::Os(_) => {
            error.to_string()
        }
        _ => format!("{}: a PEM block is damaged", error.context),
    }
}

fn add_if_authority(anchors: &mut RootCertStore, der: &CertificateDer<'_>) -> Result<(), Unusable> {
    let certificate = parse(der)?;
    if !certificate.is_ca() {
        return Ok(());
    }
    // The text of the error is not ours. webpki overlooks a critical extension of an authority, so what is left is
    // damage that the other parser overlooks.
    anchors.add(der.clone()).map_err(|_| match parse_strictly(der, &certificate) {
        Err(reason) => reason,
        Ok(_) => Unusable::Damaged("it is not DER, or an extension is damaged".to_owned()),
    })
}

/// The name of an anchor, escaped and bounded.
pub(super) fn anchor_name(anchor: &TrustAnchor<'_>) -> String {
    // An anchor keeps its name without the SEQUENCE around it.
    name(&DistinguishedName::in_sequence(&anchor.subject))
}

/// A name in DER, escaped and bounded.
pub(super) fn name(der: &DistinguishedName) -> String {
    match X509Name::from_der(der.as_ref()) {
        Ok((_, name)) => distinguished_name(&name),
        Err(_) => "(unreadable name)".to_owned(),
    }
}

/// The issuer's name in a certificate, escaped and bounded.
pub(super) fn issuer(der: &CertificateDer<'_>) -> String {
    match parse(der) {
        Ok(certificate) => distinguished_name(certificate.issuer()),
        Err(_) => "(unreadable certificate)".to_owned(),
    }
}

/// The name in a peer's certificate, escaped and bounded.
pub fn subject(der: &CertificateDer<'_>) -> String {
    match parse(der) {
        Ok(certificate) => distinguished_name(certificate.subject()),
        Err(_) => "(unreadable certificate)".to_owned(),
    }
}
