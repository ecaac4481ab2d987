//! The authorities and pins that we trust.

use std::fmt;
use std::path::{Path, PathBuf};

use rustls::pki_types::{CertificateDer, TrustAnchor, UnixTime};
use rustls::{DistinguishedName, RootCertStore};

use crate::certificate::{Unusable, parse, parse_strictly};
use crate::distinguished_name::distinguished_name;
use crate::error::{IdentityError, IdentityFile, Role};
use crate::key_kind::{SUPPORTED, UnsupportedKey};
use crate::paths::is_pem;
use crate::pem_files::Pem;
use crate::validity::{Outside, Validity};

/// The certificates that we trust, as authorities and as pins.
///
/// # Authorities
///
/// A certificate with CA:TRUE in the trust file is an *authority*, or trust anchor. It vouches for every certificate
/// that its key has signed, or that the key of an authority below it has signed.
///
/// A certificate with CA:FALSE, or without basic constraints, is never an authority. X.509 libraries would accept it as
/// one: path validation reads only the name, the key and the name constraints of an anchor (RFC 5280, 6.1.1 (d)), and
/// webpki never reads its CA flag. If the certificate of one server were an authority, it could issue certificates for
/// *any* name. A thief of that server's key could then pretend to be any server.
///
/// # Pins
///
/// Every certificate in the trust file is also a *pin*, with CA:TRUE or without. A pin identifies a peer that presents
/// exactly the same bytes. This is safe, and it proves as much as a chain:
/// - The user who put the certificate into the file vouches for its key and its name, as for an authority.
/// - A certificate is public, so presenting it proves nothing. The signature of the handshake proves that the peer has
///   the private key. It is verified in any case: [`ServerVerifier`](crate::ServerVerifier).
/// - A pin cannot issue certificates. It identifies itself and nothing else.
/// - A pin does not bypass the other checks: its dates, key usage and name must be right too.
///
/// The certificate of a plain `openssl req -x509` works only as a pin. It has CA:TRUE, and webpki refuses a peer's own
/// certificate that has CA:TRUE (`CaUsedAsEndEntity`), even if we were told to trust exactly this certificate.
#[derive(Clone, Debug)]
pub struct Trust {
    source: Source,
    anchors: RootCertStore,
    pins: Vec<CertificateDer<'static>>,
}

/// Where a [`Trust`] comes from. Its `Display` names it in sentences.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Source {
    /// A PEM file.
    File(PathBuf),
    /// The trust store of the operating system, or of `SSL_CERT_FILE`.
    System,
    /// No certificate is trusted.
    Nothing,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::System => f.write_str("the system's trust store"),
            Self::Nothing => f.write_str("the empty trust store"),
        }
    }
}

impl Trust {
    /// Reads a PEM file with one or more certificates.
    ///
    /// # Errors
    ///
    /// An [`IdentityError`] that names the file and the remedy. The file may be missing, unreadable, empty or not PEM.
    /// It may hold no certificate, or a damaged one: a trust is loaded completely or not at all.
    pub fn load(path: &Path) -> Result<Self, IdentityError> {
        let file = IdentityFile { role: Role::Trust, path };
        let certificates = Pem::read(file)?.into_certificates()?;
        let mut anchors = RootCertStore::empty();
        for certificate in &certificates {
            add_if_authority(&mut anchors, &certificate.der)
                .map_err(|reason| certificate.error(file, &reason, Path::new("key.pem")))?;
        }
        let pins = certificates.into_iter().map(|certificate| certificate.der).collect();
        let source = Source::File(path.to_owned());
        Ok(Self { source, anchors, pins })
    }

    /// Returns a trust that authorizes no peer.
    pub fn nothing() -> Self {
        Self { source: Source::Nothing, anchors: RootCertStore::empty(), pins: Vec::new() }
    }

    /// Reads the trust store of the operating system, which holds authorities and no pins.
    ///
    /// `SSL_CERT_FILE` and `SSL_CERT_DIR` replace the store, as for OpenSSL. A certificate that cannot be read is
    /// skipped, because the user cannot repair the system's store.
    ///
    /// # Errors
    ///
    /// An [`IdentityError`] with the error of the operating system, if no certificate could be read.
    pub fn system() -> Result<Self, IdentityError> {
        let found = rustls_native_certs::load_native_certs();
        // `RootCertStore::add_parsable_certificates` logs bytes that it cannot parse. They may be a private key.
        let parsed = found.certs.iter().filter_map(|der| webpki::anchor_from_trusted_cert(der).ok());
        let anchors: RootCertStore = parsed.map(|anchor| anchor.to_owned()).collect();
        if anchors.is_empty() {
            let reason = found.errors.first().map_or("it is empty".to_owned(), store_error);
            let store = IdentityFile { role: Role::Trust, path: Path::new("of the system") };
            let remedy = "install the package `ca-certificates`, or let SSL_CERT_FILE name a PEM file";
            return Err(store.error(format_args!("holds no authority ({reason})"), remedy));
        }
        Ok(Self { source: Source::System, anchors, pins: Vec::new() })
    }

    /// Returns the subjects of all authorities and pins, each once.
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

    /// Returns warnings about the authorities of a file: those that are not valid now, and those with a key of a kind
    /// that is not supported. Each is a sentence for the log that says what to do.
    ///
    /// Neither is an error. Path validation ignores the dates of an authority (RFC 5280, 6.1.1 (d)).
    pub fn warnings(&self, now: UnixTime) -> Vec<String> {
        let Source::File(file) = &self.source else { return Vec::new() };
        let certificates = self.pins.iter().filter_map(|der| parse(der).ok());
        let mut warnings = Vec::new();
        for authority in certificates.filter(|certificate| certificate.is_ca()) {
            let name = distinguished_name(authority.subject());
            let authority_in = format!("the authority {name} in {}", file.display());
            if let Some(kind) = UnsupportedKey::of_public(authority.public_key()) {
                warnings.push(format!(
                    "{authority_in} has a key of a kind that is not supported, {kind}; certificates that it issued \
                     cannot be verified (supported: {SUPPORTED})"
                ));
            }
            if let Some(outside) = Validity::of(&authority).outside(now) {
                let advice = match outside {
                    Outside::Before(_) => "accepted already: is this machine's clock right?",
                    Outside::After(_) => "still accepted: remove it, or replace it by its successor",
                };
                warnings.push(format!("{authority_in} {outside}; certificates that it issued are {advice}"));
            }
        }
        warnings
    }

    /// Returns the file or the store that these certificates come from.
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// Returns the authorities. There may be none.
    pub fn anchors(&self) -> &RootCertStore {
        &self.anchors
    }

    /// Returns the authorities with this name in DER.
    pub(super) fn authorities_named<'a>(
        &'a self,
        name: &'a [u8],
    ) -> impl Iterator<Item = &'a TrustAnchor<'static>> {
        // `TrustAnchor` has the name without its SEQUENCE.
        let has_name =
            move |anchor: &&TrustAnchor<'_>| DistinguishedName::in_sequence(&anchor.subject).as_ref() == name;
        self.anchors.roots.iter().filter(has_name)
    }

    /// Returns whether this certificate is one of our pins, with exactly the same bytes.
    pub fn is_pinned(&self, certificate: &CertificateDer<'_>) -> bool {
        self.pins.iter().any(|pin| pin == certificate)
    }
}

/// Returns the text of an error about the system's store. `SSL_CERT_FILE` can name a file with a private key, and the
/// texts of errors about PEM quote the file. So these errors get a text of ours.
fn store_error(error: &rustls_native_certs::Error) -> String {
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
    // The error's text is dropped, because we do not control it. webpki ignores critical extensions of an authority. So
    // an error here is damage that `parse` has not noticed.
    anchors.add(der.clone()).map_err(|_| match parse_strictly(der, &certificate) {
        Err(reason) => reason,
        Ok(_) => Unusable::Damaged("it is not DER, or an extension is damaged".to_owned()),
    })
}
