//! Reads PEM files.

use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls_pemfile::Item;

use crate::certificate::Unusable;
use crate::error::IdentityError;
use crate::format::Format;
use crate::pem_label::Label;
use crate::pem_text::{Block, blocks};
use crate::problem::{Problem, Role};

/// The limit of a file's length. The largest bundle of public authorities has about 250 KB. The limit stops us from
/// reading `/dev/zero`, or a disk image that was named by mistake.
const MAX_BYTES: u64 = 4 * 1024 * 1024;

/// The content of one PEM file.
pub(super) struct Pem {
    role: Role,
    file: PathBuf,
    certificates: Vec<Certificate>,
    key: Option<PrivateKeyDer<'static>>,
    encrypted_key: bool,
    /// The label and the line of the first block of a kind that we do not read.
    unread: Option<(Label, usize)>,
    metadata: Option<Metadata>,
}

/// A certificate of a PEM file.
pub(super) struct Certificate {
    /// The number of its BEGIN line, from 1.
    pub(super) line: usize,
    pub(super) der: CertificateDer<'static>,
}

impl Pem {
    /// Reads the PEM blocks of a file.
    pub(super) fn read(file: &Path, role: Role) -> Result<Self, IdentityError> {
        Self::read_blocks(file, role).map_err(|problem| IdentityError::new(role, file, problem))
    }

    fn read_blocks(file: &Path, role: Role) -> Result<Self, Problem> {
        let (text, metadata) = read_bounded(file)?;
        if text.trim_ascii().is_empty() {
            return Err(Problem::Empty);
        }
        let blocks = blocks(&text).map_err(Problem::DamagedPem)?;
        if blocks.is_empty() {
            return Err(Problem::NotPem { format: Format::of(&text) });
        }
        let mut pem = Self {
            role,
            file: file.to_owned(),
            certificates: Vec::new(),
            key: None,
            encrypted_key: false,
            unread: None,
            metadata,
        };
        for block in &blocks {
            pem.keep(block)?;
        }
        Ok(pem)
    }

    fn keep(&mut self, block: &Block<'_>) -> Result<(), Problem> {
        match decode(block)? {
            Content::Certificate(der) => self.certificates.push(Certificate { line: block.line, der }),
            Content::EncryptedKey => self.encrypted_key = true,
            Content::Unread => self.unread = self.unread.or(Some((block.label, block.line))),
            // The first key counts, as for OpenSSL.
            Content::Key(key) => self.key = self.key.take().or(Some(key)),
        }
        Ok(())
    }

    /// The certificates of the file, in their order. There is at least one.
    pub(super) fn into_certificates(self) -> Result<Vec<Certificate>, IdentityError> {
        // Such a block may hold a certificate. Ignoring it would be a silent loss.
        if let Some((label, line)) = self.unread.filter(|(label, _)| label.may_hold_certificates()) {
            return Err(self.error(Problem::UnreadBlock { label, line }));
        }
        if self.certificates.is_empty() {
            let has_key = self.key.is_some() || self.encrypted_key;
            return Err(self.error(match self.unread {
                Some((Label::Request, line)) => Problem::UnreadBlock { label: Label::Request, line },
                _ => Problem::NoCertificate { has_key },
            }));
        }
        Ok(self.certificates)
    }

    /// The private key of the file, and the metadata of the file if it is a regular file.
    pub(super) fn into_key(self) -> Result<(PrivateKeyDer<'static>, Option<Metadata>), IdentityError> {
        let problem = match (self.key, self.unread) {
            (Some(key), _) => return Ok((key, self.metadata)),
            (None, _) if self.encrypted_key => Problem::EncryptedKey,
            (None, Some((label, line))) if label.may_hold_a_key() => Problem::UnreadBlock { label, line },
            (None, _) => Problem::NoKey { has_certificate: !self.certificates.is_empty() },
        };
        Err(IdentityError::new(self.role, &self.file, problem))
    }

    fn error(&self, problem: Problem) -> IdentityError {
        IdentityError::new(self.role, &self.file, problem)
    }
}

impl Certificate {
    /// The problem of this certificate, which has this number in its file.
    pub(super) fn problem(&self, number: usize, reason: Unusable, key_file: &Path) -> Problem {
        let line = self.line;
        match reason {
            Unusable::Damaged(reason) => Problem::DamagedCertificate { number, line, reason },
            Unusable::Unsupported(reason) => Problem::UnsupportedCertificate { number, line, reason },
            Unusable::NotVersion3 => Problem::NotVersion3 { key: key_file.to_owned() },
        }
    }
}

/// The content of one PEM block.
enum Content {
    Certificate(CertificateDer<'static>),
    Key(PrivateKeyDer<'static>),
    EncryptedKey,
    Unread,
}

/// Decodes a block, and checks that its label fits its content.
fn decode(block: &Block<'_>) -> Result<Content, Problem> {
    let content = match block.label {
        Label::EncryptedKey => return Ok(Content::EncryptedKey),
        label if label.is_key() && block.has_encryption_header() => return Ok(Content::EncryptedKey),
        label if label != Label::Certificate && !label.is_key() => return Ok(Content::Unread),
        _ => match read_block(block.text) {
            Some(Item::X509Certificate(certificate)) => Content::Certificate(certificate),
            Some(Item::Pkcs8Key(key)) => Content::Key(key.into()),
            Some(Item::Pkcs1Key(key)) => Content::Key(key.into()),
            Some(Item::Sec1Key(key)) => Content::Key(key.into()),
            _ => return Err(Problem::DamagedPem(block.base64_damage())),
        },
    };
    let holds = match &content {
        Content::Certificate(certificate) => Format::of_der(certificate),
        Content::Key(key) => Format::of_der(key.secret_der()),
        Content::EncryptedKey | Content::Unread => return Ok(content),
    };
    match block.label.is_contradicted_by(holds) {
        true => Err(Problem::WrongLabel { label: block.label, line: block.line, holds }),
        false => Ok(content),
    }
}

/// Decodes the text of one block. `None` if it is not base64.
///
/// rustls-pemfile is archived (RUSTSEC-2025-0134). It is a thin wrapper over `rustls_pki_types::pem`, whose trait
/// `PemObject` would replace this one function. The error is dropped, because its text quotes the file. The caller
/// finds the damaged line itself.
fn read_block(text: &[u8]) -> Option<Item> {
    let (item, _) = rustls_pemfile::read_one_from_slice(text).ok().flatten()?;
    Some(item)
}

/// Reads a file, and its metadata if it is a regular file. Both come from the same open file.
fn read_bounded(path: &Path) -> Result<(Vec<u8>, Option<Metadata>), Problem> {
    let file = File::open(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => Problem::dangling_link(path).unwrap_or(Problem::Missing),
        _ => Problem::Unreadable(error),
    })?;
    let metadata = file.metadata().map_err(Problem::Unreadable)?;
    let mut content = Vec::new();
    file.take(MAX_BYTES + 1).read_to_end(&mut content).map_err(Problem::Unreadable)?;
    if content.len() as u64 > MAX_BYTES {
        return Err(Problem::TooLarge);
    }
    Ok((content, metadata.is_file().then_some(metadata)))
}
