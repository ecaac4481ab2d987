//! Reading PEM files: the only place that knows the format.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls_pemfile::Item;

use super::error::{IdentityError, Problem, Role};

/// Far above the largest bundle of public authorities (about 250 KB), and nothing to a machine: `/dev/zero` and a disk
/// image named by mistake end here.
const MAX_BYTES: u64 = 4 * 1024 * 1024;

/// What was found in one PEM file.
pub(super) struct Pem {
    role: Role,
    file: PathBuf,
    certificates: Vec<CertificateDer<'static>>,
    key: Option<PrivateKeyDer<'static>>,
    encrypted_key: bool,
    mode: Option<u32>,
}

impl Pem {
    /// Reads all PEM blocks of a file that we know what to do with.
    pub(super) fn read(file: &Path, role: Role) -> Result<Self, IdentityError> {
        Self::read_blocks(file, role).map_err(|problem| IdentityError::new(role, file, problem))
    }

    fn read_blocks(file: &Path, role: Role) -> Result<Self, Problem> {
        let (text, mode) = read_bounded(file)?;
        if text.trim_ascii().is_empty() {
            return Err(Problem::Empty);
        }
        if !text.split(|byte| b"\r\n".contains(byte)).any(|line| line.starts_with(b"-----BEGIN ")) {
            return Err(Problem::NotPem);
        }
        let mut pem = Self {
            role,
            file: file.to_owned(),
            certificates: Vec::new(),
            key: None,
            encrypted_key: is_encrypted(&text),
            mode,
        };
        for item in blocks(&text) {
            match item {
                Ok(item) => pem.keep(item),
                // The headers of a legacy encrypted key are no base64; what it is has a better name.
                Err(_) if pem.encrypted_key => {}
                Err(error) => {
                    let reason = error.to_string();
                    return Err(Problem::DamagedPem { reason });
                }
            }
        }
        Ok(pem)
    }

    fn keep(&mut self, item: Item) {
        let key = match item {
            Item::X509Certificate(certificate) => return self.certificates.push(certificate),
            Item::Pkcs8Key(key) => PrivateKeyDer::from(key),
            Item::Pkcs1Key(key) => PrivateKeyDer::from(key),
            Item::Sec1Key(key) => PrivateKeyDer::from(key),
            _ => return,
        };
        // The first one counts, as for OpenSSL.
        self.key.get_or_insert(key);
    }

    /// The certificates of the file, in their order, at least one.
    pub(super) fn into_certificates(self) -> Result<Vec<CertificateDer<'static>>, IdentityError> {
        if self.certificates.is_empty() {
            let has_key = self.key.is_some() || self.encrypted_key;
            return Err(self.error(Problem::NoCertificate { has_key }));
        }
        Ok(self.certificates)
    }

    /// The private key of the file, and the file's permission bits if it is a regular file.
    pub(super) fn into_key(self) -> Result<(PrivateKeyDer<'static>, Option<u32>), IdentityError> {
        let has_certificate = !self.certificates.is_empty();
        let problem = match self.key {
            Some(key) => return Ok((key, self.mode)),
            None if self.encrypted_key => Problem::EncryptedKey,
            None => Problem::NoKey { has_certificate },
        };
        Err(IdentityError::new(self.role, &self.file, problem))
    }

    fn error(&self, problem: Problem) -> IdentityError {
        IdentityError::new(self.role, &self.file, problem)
    }
}

/// The PEM blocks of a text.
///
/// rustls-pemfile is archived (RUSTSEC-2025-0134). It is a thin wrapper over `rustls_pki_types::pem`, whose trait
/// `PemObject` would replace this one function.
fn blocks(text: &[u8]) -> impl Iterator<Item = io::Result<Item>> {
    let mut rest = text;
    std::iter::from_fn(move || rustls_pemfile::read_one(&mut rest).transpose())
}

/// Whether a private key in this text is encrypted: PKCS#8 says so in its label, OpenSSL's older form in a header.
/// The PEM reader skips the one without a word and finds broken base64 in the other.
fn is_encrypted(text: &[u8]) -> bool {
    text.split(|byte| b"\r\n".contains(byte)).any(|line| {
        line.starts_with(b"-----BEGIN ENCRYPTED PRIVATE KEY-----")
            || line.starts_with(b"Proc-Type: 4,ENCRYPTED")
    })
}

/// The content of a file, and its permission bits if it is a regular file; both of the same open file.
fn read_bounded(path: &Path) -> Result<(Vec<u8>, Option<u32>), Problem> {
    let unreadable = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => Problem::Missing,
        _ => Problem::Unreadable(error),
    };
    let file = File::open(path).map_err(unreadable)?;
    let metadata = file.metadata().map_err(unreadable)?;
    let mut content = Vec::new();
    file.take(MAX_BYTES + 1).read_to_end(&mut content).map_err(unreadable)?;
    if content.len() as u64 > MAX_BYTES {
        return Err(Problem::TooLarge);
    }
    let mode = metadata.is_file().then(|| metadata.permissions().mode() & 0o7777);
    Ok((content, mode))
}
