//! Who we are, whom we trust, and whether a peer is who it claims to be.
//!
//! - [`Identity`]: our own certificate chain and private key, read from two PEM files.
//! - [`development_certificate`]: makes those files on the first start.
//! - [`Trust`]: the certificates a peer is measured against, as authorities and as pins.
//! - [`authorize`]: the one verdict on a peer, a pure function of certificates, trust, role and time.
//! - [`ServerVerifier`], [`ClientVerifier`]: that verdict where rustls asks for it, in the middle of a handshake.
//!
//! Nothing here reads a clock or writes a log. Time comes in as an argument, what is worth a log line goes out as
//! data: [`Warning`], [`FirstRun`], [`Authorized`], [`Unauthorized`].

mod authorization;
mod authorizer;
mod certificate;
mod chain;
mod client_certificate;
mod distrust;
mod error;
mod first_run;
mod format;
mod host_name;
mod key_file;
mod key_kind;
mod listed;
mod names;
mod near_miss;
mod pem_files;
mod pem_label;
mod pem_text;
mod remedy;
mod trust;
mod unauthorized;
mod verifier;
mod warning;

use std::path::{Path, PathBuf};

use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use rustls::sign::CertifiedKey;

pub use authorization::{Authorized, Peer, authorize};
pub use authorizer::{AnyClient, AuthorizeClients, AuthorizeServer};
pub use certificate::{Moment, Unusable};
pub use client_certificate::{CertificateRequest, ClientCertificate};
pub use distrust::{Distrust, Issuer, Link};
pub use error::{IdentityError, Problem, Role};
pub use first_run::{FirstRun, development_certificate};
pub use format::Format;
pub use host_name::to_ascii;
pub use key_kind::UnsupportedKey;
pub use names::Names;
pub use near_miss::{NearMiss, WildcardRule};
pub use pem_label::Label;
pub use pem_text::Damage;
pub use trust::{Source, Trust, subject};
pub use unauthorized::{Unauthorized, Use};
pub use verifier::{ClientAuth, ClientVerifier, Policy, ServerVerifier};
pub use warning::Warning;

use certificate::{Validity, parse, parse_strictly};
use pem_files::{Certificate, Pem};

/// A certificate chain and the private key of its first certificate, known to belong together.
///
/// Both are in the form that rustls takes: `ServerConfig::with_single_cert(identity.chain, identity.key)`.
#[derive(Debug)]
pub struct Identity {
    /// Our own certificate first, then those that lead towards an authority.
    pub chain: Vec<CertificateDer<'static>>,
    /// The private key: PKCS#8, PKCS#1 or SEC1. Its `Debug` shows nothing of it.
    pub key: PrivateKeyDer<'static>,
    certificate_file: PathBuf,
    validity: Validity,
    /// What others can do to the key file.
    exposures: Vec<Warning>,
}

impl Identity {
    /// Reads a certificate chain and its private key, and makes sure that a handshake could be signed with them.
    ///
    /// # Errors
    ///
    /// An [`IdentityError`] that names the file and says what to do: a file that is missing, unreadable, empty or not
    /// PEM, swapped files, an encrypted or damaged key, a damaged or X.509 v1 certificate, a key or a certificate of a
    /// kind that is not supported, or two that do not match. No error quotes a part of a file.
    ///
    /// An expired certificate is no error: the peer decides whether it minds. See [`Identity::warnings`].
    pub fn load(certificate_file: &Path, key_file: &Path) -> Result<Self, IdentityError> {
        let certificates = Pem::read(certificate_file, Role::Certificate)?.into_certificates()?;
        let (key, key_metadata) = Pem::read(key_file, Role::Key)?.into_key()?;

        let validity = check_chain(&certificates, key_file)
            .map_err(|problem| IdentityError::new(Role::Certificate, certificate_file, problem))?;
        let chain: Vec<_> = certificates.into_iter().map(|certificate| certificate.der).collect();
        check_key(&chain, &key, certificate_file)
            .map_err(|problem| IdentityError::new(Role::Key, key_file, problem))?;
        let exposures = key_metadata.map(|metadata| key_file::exposures(key_file, &metadata));
        Ok(Self {
            chain,
            key,
            certificate_file: certificate_file.to_owned(),
            validity,
            exposures: exposures.unwrap_or_default(),
        })
    }

    /// What a person should know about these files, though a session works with them.
    pub fn warnings(&self, now: UnixTime) -> Vec<Warning> {
        let dates = Warning::dates(&self.certificate_file, &self.validity, now);
        self.exposures.iter().cloned().chain(dates).collect()
    }
}

/// Finds out whether every certificate parses, and whether the first can be used in a handshake.
fn check_chain(chain: &[Certificate], key_file: &Path) -> Result<Validity, Problem> {
    let mut own = None;
    for (index, certificate) in chain.iter().enumerate() {
        let unusable = |reason| certificate.problem(index + 1, reason, key_file);
        let parsed = parse(&certificate.der).map_err(unusable)?;
        if index == 0 {
            parse_strictly(&certificate.der, &parsed).map_err(unusable)?;
            let key = parsed.public_key();
            let kind = UnsupportedKey::of_public(key).or_else(|| UnsupportedKey::compressed_point(key));
            if let Some(kind) = kind {
                return Err(Problem::UnsupportedKey(kind));
            }
            own = Some(Validity::of(&parsed));
        }
    }
    own.ok_or(Problem::NoCertificate { has_key: false })
}

/// Finds out whether the key can be used, and whether it is the one that the first certificate speaks of.
fn check_key(
    chain: &[CertificateDer<'static>],
    key: &PrivateKeyDer<'static>,
    certificate_file: &Path,
) -> Result<(), Problem> {
    match CertifiedKey::from_der(chain.to_vec(), key.clone_key(), &aws_lc_rs::default_provider()) {
        Ok(_) => Ok(()),
        Err(rustls::Error::InconsistentKeys(_)) => {
            Err(Problem::Mismatch { certificate: certificate_file.to_owned() })
        }
        // The text of the error is not ours, and does not name the kind of the key.
        Err(_) => Err(UnsupportedKey::of_private(key).map_or(Problem::DamagedKey, Problem::UnsupportedKey)),
    }
}
