//! Our certificate chain and its private key.

use std::path::{Path, PathBuf};

use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use rustls::sign::CertifiedKey;

use crate::certificate::{parse, parse_strictly};
use crate::error::{IdentityError, IdentityFile, Role};
use crate::key_file;
use crate::key_kind::UnsupportedKey;
use crate::paths::quoted;
use crate::pem_files::{Certificate, Pem};
use crate::remedy::wanted_block;
use crate::validity::{Outside, Validity};

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
    exposures: Vec<String>,
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
        let certificate = IdentityFile { role: Role::Certificate, path: certificate_file };
        let key = IdentityFile { role: Role::Key, path: key_file };
        let certificates = Pem::read(certificate)?.into_certificates()?;
        let (private_key, key_metadata) = Pem::read(key)?.into_key()?;

        let validity = check_chain(&certificates, certificate, key_file)?;
        let chain: Vec<_> = certificates.into_iter().map(|certificate| certificate.der).collect();
        check_key(&chain, &private_key, key, certificate_file)?;
        let exposures = key_metadata.map(|metadata| key_file::exposures(key_file, &metadata));
        Ok(Self {
            chain,
            key: private_key,
            certificate_file: certificate_file.to_owned(),
            validity,
            exposures: exposures.unwrap_or_default(),
        })
    }

    /// Returns what a user should know about these files, although a session works with them. Each is a sentence for
    /// the log that says what to do.
    pub fn warnings(&self, now: UnixTime) -> Vec<String> {
        let dates = self.validity.outside(now).map(|outside| {
            let advice = match outside {
                Outside::Before(_) => "is this machine's clock right?",
                Outside::After(_) => "make a new one",
            };
            let file = self.certificate_file.display();
            format!("the certificate in {file} {outside}; peers that check will refuse it: {advice}")
        });
        self.exposures.iter().cloned().chain(dates).collect()
    }
}

/// Checks that every certificate parses, and that a handshake can use the first one. Returns the dates of the first.
fn check_chain(
    chain: &[Certificate],
    file: IdentityFile<'_>,
    key_file: &Path,
) -> Result<Validity, IdentityError> {
    let mut own = None;
    for certificate in chain {
        let unusable = |reason| certificate.error(file, &reason, key_file);
        let parsed = parse(&certificate.der).map_err(unusable)?;
        if own.is_none() {
            parse_strictly(&certificate.der, &parsed).map_err(unusable)?;
            let key = parsed.public_key();
            let kind = UnsupportedKey::of_public(key).or_else(|| UnsupportedKey::compressed_point(key));
            if let Some(kind) = kind {
                return Err(kind.error(file));
            }
            own = Some(Validity::of(&parsed));
        }
    }
    own.ok_or_else(|| file.error("holds no certificate", wanted_block(file.role)))
}

/// Checks that the key can sign, and that it belongs to the first certificate.
fn check_key(
    chain: &[CertificateDer<'static>],
    key: &PrivateKeyDer<'static>,
    file: IdentityFile<'_>,
    certificate_file: &Path,
) -> Result<(), IdentityError> {
    let path = file.quoted();
    match CertifiedKey::from_der(chain.to_vec(), key.clone_key(), &aws_lc_rs::default_provider()) {
        Ok(_) => Ok(()),
        Err(rustls::Error::InconsistentKeys(_)) => Err(file.error(
            format_args!("does not belong to the first certificate in {}", certificate_file.display()),
            format_args!(
                "these two must print the same, \
                 `openssl pkey -in {path} -pubout` and `openssl x509 -in {} -noout -pubkey`",
                quoted(certificate_file)
            ),
        )),
        // rustls' error does not name the kind of the key, and we do not control its text.
        Err(_) => Err(match UnsupportedKey::of_private(key) {
            Some(kind) => kind.error(file),
            None => file.error(
                "holds a key that cannot be used (it is damaged)",
                format_args!("check the key with `openssl pkey -in {path} -noout -check`"),
            ),
        }),
    }
}
