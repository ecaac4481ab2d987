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
mod certificate;
mod chain;
mod client_certificate;
mod distrust;
mod error;
mod first_run;
mod listed;
mod names;
mod notes;
mod pem_files;
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
pub use certificate::Moment;
pub use client_certificate::{CertificateRequest, ClientCertificate};
pub use distrust::{Distrust, Issuer, Link};
pub use error::{IdentityError, Problem, Role};
pub use first_run::{FirstRun, development_certificate};
pub use names::Names;
pub use notes::{Notes, NotesSlot};
pub use trust::{Source, Trust, subject};
pub use unauthorized::{Unauthorized, Use, Which};
pub use verifier::{ClientAuth, ClientVerifier, Policy, ServerVerifier};
pub use warning::Warning;

use certificate::{Validity, parse};
use pem_files::Pem;

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
    key_file: PathBuf,
    key_mode: Option<u32>,
    validity: Validity,
}

impl Identity {
    /// Reads a certificate chain and its private key, and makes sure that a handshake could be signed with them.
    ///
    /// # Errors
    ///
    /// An [`IdentityError`] that names the file and says what to do: a file that is missing, unreadable, empty or not
    /// PEM, swapped files, an encrypted or damaged key, a damaged or X.509 v1 certificate, or two that do not match.
    ///
    /// An expired certificate is no error: the peer decides whether it minds. See [`Identity::warnings`].
    pub fn load(certificate_file: &Path, key_file: &Path) -> Result<Self, IdentityError> {
        let chain = Pem::read(certificate_file, Role::Certificate)?.into_certificates()?;
        let (key, key_mode) = Pem::read(key_file, Role::Key)?.into_key()?;

        let fail = |problem| IdentityError::new(Role::Certificate, certificate_file, problem);
        let validity = check_chain(&chain, key_file).map_err(fail)?;
        check_key(&chain, &key, certificate_file)
            .map_err(|problem| IdentityError::new(Role::Key, key_file, problem))?;
        Ok(Self {
            chain,
            key,
            certificate_file: certificate_file.to_owned(),
            key_file: key_file.to_owned(),
            key_mode,
            validity,
        })
    }

    /// What a person should know about these files, though a session works with them.
    pub fn warnings(&self, now: UnixTime) -> Vec<Warning> {
        let exposed = Warning::exposed_key(&self.key_file, self.key_mode);
        let dates = Warning::dates(&self.certificate_file, &self.validity, now);
        exposed.into_iter().chain(dates).collect()
    }
}

/// Finds out whether every certificate parses, and whether the first is of a version that TLS peers accept.
fn check_chain(chain: &[CertificateDer<'_>], key_file: &Path) -> Result<Validity, Problem> {
    let mut own = None;
    for (position, der) in chain.iter().enumerate() {
        let damaged = |reason: String| Problem::DamagedCertificate { number: position + 1, reason };
        let parsed = parse(der).map_err(damaged)?;
        if position == 0 {
            own = Some(Validity::of(&parsed));
            match webpki::EndEntityCert::try_from(der) {
                Ok(_) => {}
                Err(webpki::Error::UnsupportedCertVersion) => {
                    return Err(Problem::NotVersion3 { key: key_file.to_owned() });
                }
                Err(other) => return Err(damaged(other.to_string())),
            }
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
        Err(other) => Err(Problem::DamagedKey { reason: other.to_string() }),
    }
}
