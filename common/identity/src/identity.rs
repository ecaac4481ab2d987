//! Our certificate chain and its private key.

use std::path::{Path, PathBuf};

use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use rustls::sign::CertifiedKey;

use crate::certificate::{parse, parse_strictly};
use crate::error::IdentityError;
use crate::key_file;
use crate::key_kind::UnsupportedKey;
use crate::pem_files::{Certificate, Pem};
use crate::problem::{Problem, Role};
use crate::validity::Validity;
use crate::warning::Warning;

/// A certificate chain and the private key of its first certificate. The two are known to belong together.
///
/// rustls takes both as they are: `ServerConfig::with_single_cert(identity.chain, identity.key)`.
#[derive(Debug)]
pub struct Identity {
    /// Our own certificate first, then the certificates that lead towards an authority.
    pub chain: Vec<CertificateDer<'static>>,
    /// The private key: PKCS#8, PKCS#1 or SEC1. Its `Debug` shows nothing of it.
    pub key: PrivateKeyDer<'static>,
    certificate_file: PathBuf,
    validity: Validity,
    /// Warnings about other users' access to the key file.
    exposures: Vec<Warning>,
}

impl Identity {
    /// Reads a certificate chain and its private key, and checks that they can sign a handshake.
    ///
    /// An expired certificate is not an error, because the peer decides about it. See [`Identity::warnings`].
    ///
    /// # Errors
    ///
    /// An [`IdentityError`] that names the file and the remedy. A file may be missing, unreadable, empty or not PEM.
    /// The two files may be swapped. The key may be encrypted or damaged. A certificate may be damaged or older than
    /// X.509 v3. A key or a certificate may be of a kind that is not supported. The two may not match. No error quotes
    /// a part of a file.
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

    /// Returns what a user should know about these files, although a session works with them.
    pub fn warnings(&self, now: UnixTime) -> Vec<Warning> {
        let dates = Warning::dates(&self.certificate_file, &self.validity, now);
        self.exposures.iter().cloned().chain(dates).collect()
    }
}

/// Checks that every certificate parses, and that a handshake can use the first one. Returns the dates of the first.
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

/// Checks that the key can sign, and that it belongs to the first certificate.
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
        // rustls' error does not name the kind of the key, and we do not control its text.
        Err(_) => Err(UnsupportedKey::of_private(key).map_or(Problem::DamagedKey, Problem::UnsupportedKey)),
    }
}
