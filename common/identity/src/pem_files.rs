//! Reads PEM files.

use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::path::Path;

use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls_pemfile::Item;

use crate::certificate::Unusable;
use crate::error::{IdentityError, IdentityFile};
use crate::format::Format;
use crate::paths::quoted;
use crate::pem_text::{Block, Damage, blocks};
use crate::remedy;

/// The limit of a file's length. The largest bundle of public authorities has about 250 KB. The limit stops us from
/// reading `/dev/zero`, or a disk image that was named by mistake.
const MAX_BYTES: u64 = 4 * 1024 * 1024;

/// The content of one PEM file.
pub(super) struct Pem<'a> {
    file: IdentityFile<'a>,
    certificates: Vec<Certificate>,
    key: Option<PrivateKeyDer<'static>>,
    encrypted_key: bool,
    /// The label and the line of the first block of a kind that we do not read.
    unread: Option<(String, usize)>,
    metadata: Option<Metadata>,
}

/// A certificate of a PEM file.
pub(super) struct Certificate {
    /// Its number in the file, from 1.
    number: usize,
    /// The number of its BEGIN line, from 1.
    line: usize,
    pub(super) der: CertificateDer<'static>,
}

impl<'a> Pem<'a> {
    /// Reads the PEM blocks of a file.
    pub(super) fn read(file: IdentityFile<'a>) -> Result<Self, IdentityError> {
        let (text, metadata) = read_bounded(file)?;
        if text.trim_ascii().is_empty() {
            return Err(file.error("is empty", "restore it from a copy, or make a new one"));
        }
        let blocks = blocks(&text).map_err(|damage| damaged(file, &damage))?;
        if blocks.is_empty() {
            return Err(match Format::of(&text) {
                Some(format) => {
                    file.error(format_args!("is {format}, not PEM"), remedy::convert(file, format))
                }
                None => {
                    file.error("is not PEM (no line begins with -----BEGIN)", remedy::wanted_block(file.role))
                }
            });
        }
        let (certificates, key, unread) = (Vec::new(), None, None);
        let mut pem = Self { file, certificates, key, encrypted_key: false, unread, metadata };
        for block in &blocks {
            pem.keep(block)?;
        }
        Ok(pem)
    }

    /// Decodes a block, and checks that its label fits its content.
    fn keep(&mut self, block: &Block<'_>) -> Result<(), IdentityError> {
        let is_key = matches!(block.label, "PRIVATE KEY" | "RSA PRIVATE KEY" | "EC PRIVATE KEY");
        if block.label == "ENCRYPTED PRIVATE KEY" || is_key && block.has_encryption_header() {
            self.encrypted_key = true;
            return Ok(());
        }
        if block.label != "CERTIFICATE" && !is_key {
            self.unread.get_or_insert_with(|| (block.label.to_owned(), block.line));
            return Ok(());
        }
        let key = match decode(block.text) {
            Some(Item::X509Certificate(der)) => {
                self.check_label(block, &der)?;
                let number = self.certificates.len() + 1;
                self.certificates.push(Certificate { number, line: block.line, der });
                return Ok(());
            }
            Some(Item::Pkcs8Key(key)) => PrivateKeyDer::from(key),
            Some(Item::Pkcs1Key(key)) => key.into(),
            Some(Item::Sec1Key(key)) => key.into(),
            _ => return Err(damaged(self.file, &block.base64_damage())),
        };
        self.check_label(block, key.secret_der())?;
        self.key.get_or_insert(key); // the first key counts, as for OpenSSL
        Ok(())
    }

    fn check_label(&self, block: &Block<'_>, content: &[u8]) -> Result<(), IdentityError> {
        let (Block { label, line, .. }, holds) = (block, Format::of_der(content));
        if holds == Format::OtherDer || holds.label() == Some(label) {
            return Ok(());
        }
        let problem = format_args!("has a block with the label {label} in line {line} that holds {holds}");
        Err(match holds.label() {
            Some(right) => {
                self.file.error(problem, format_args!("the label of its BEGIN and END lines must be {right}"))
            }
            None => self.file.error(problem, "replace it with the right file"),
        })
    }

    /// Returns the certificates of the file, in their order. There is at least one.
    pub(super) fn into_certificates(self) -> Result<Vec<Certificate>, IdentityError> {
        match self.unread.as_ref().map(|(label, line)| (label.as_str(), line)) {
            // Such a block may hold a certificate. Ignoring it would be a silent loss.
            Some((label @ ("TRUSTED CERTIFICATE" | "X509 CERTIFICATE" | "PKCS7" | "CMS"), line)) => {
                Err(unread_block(self.file, label, *line))
            }
            _ if !self.certificates.is_empty() => Ok(self.certificates),
            Some((label @ ("CERTIFICATE REQUEST" | "NEW CERTIFICATE REQUEST"), line)) => {
                Err(unread_block(self.file, label, *line))
            }
            _ if self.key.is_some() || self.encrypted_key => {
                Err(self.file.error("holds a private key and no certificate", remedy::SWAPPED))
            }
            _ => Err(self.file.error("holds no certificate", remedy::wanted_block(self.file.role))),
        }
    }

    /// Returns the private key of the file, and the metadata of the file if it is a regular file.
    pub(super) fn into_key(self) -> Result<(PrivateKeyDer<'static>, Option<Metadata>), IdentityError> {
        let file = self.file;
        match (self.key, &self.unread) {
            (Some(key), _) => Ok((key, self.metadata)),
            _ if self.encrypted_key => {
                let command = format!("openssl pkey -in {} -out key-plain.pem", file.quoted());
                let remedy = format_args!("decrypt it with `{command}`, and use that file instead");
                Err(file.error("is protected by a passphrase", remedy))
            }
            (None, Some((label, line))) if matches!(&**label, "OPENSSH PRIVATE KEY" | "DSA PRIVATE KEY") => {
                Err(unread_block(file, label, *line))
            }
            _ if !self.certificates.is_empty() => {
                Err(file.error("holds a certificate and no private key", remedy::SWAPPED))
            }
            _ => Err(file.error("holds no private key", remedy::wanted_block(file.role))),
        }
    }
}

impl Certificate {
    /// Returns the error about this certificate of `file`. `key` is the file with its private key, or the usual name of
    /// such a file.
    pub(super) fn error(&self, file: IdentityFile<'_>, reason: &Unusable, key: &Path) -> IdentityError {
        let Self { number, line, .. } = self;
        let problem = match reason {
            Unusable::Damaged(reason) => {
                format!("has a damaged certificate, number {number} in line {line} ({reason})")
            }
            Unusable::Unsupported(reason) => {
                format!("has a certificate that is not supported, number {number} in line {line} ({reason})")
            }
            Unusable::NotVersion3 => {
                let key = quoted(key);
                let command = format!("openssl req -x509 -new -key {key} -days 365 -out certificate-v3.pem");
                let problem = "holds a certificate older than X.509 v3, which peers refuse";
                return file.error(problem, format_args!("make a v3 one for the same key with `{command}`"));
            }
        };
        let path = file.quoted();
        file.error(problem, format_args!("check the file with `openssl x509 -in {path} -noout -text`"))
    }
}

fn damaged(file: IdentityFile<'_>, damage: &Damage) -> IdentityError {
    let problem = format_args!("has a damaged PEM block ({})", damage.sentence);
    file.error(problem, remedy::repair(file, damage.script))
}

fn unread_block(file: IdentityFile<'_>, label: &str, line: usize) -> IdentityError {
    let problem = format_args!("has a block {label} in line {line}, which we do not read");
    file.error(problem, remedy::block(file, label))
}

/// Decodes the text of one block. `None` if it is not base64.
///
/// rustls-pemfile is archived (RUSTSEC-2025-0134). It is a thin wrapper over `rustls_pki_types::pem`, whose trait
/// `PemObject` would replace this one function. The error is dropped, because its text quotes the file. The caller
/// finds the damaged line itself.
fn decode(text: &[u8]) -> Option<Item> {
    let (item, _) = rustls_pemfile::read_one_from_slice(text).ok().flatten()?;
    Some(item)
}

/// Reads a file, and its metadata if it is a regular file. Both come from the same open file.
fn read_bounded(file: IdentityFile<'_>) -> Result<(Vec<u8>, Option<Metadata>), IdentityError> {
    let unreadable = |error| file.unreadable(&error);
    let open = File::open(file.path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => {
            file.dangling_link().unwrap_or_else(|| file.error("does not exist", remedy::origin(file.role)))
        }
        _ => unreadable(error),
    })?;
    let metadata = open.metadata().map_err(unreadable)?;
    let mut content = Vec::new();
    open.take(MAX_BYTES + 1).read_to_end(&mut content).map_err(unreadable)?;
    if content.len() as u64 > MAX_BYTES {
        return Err(file.error("is too large to be PEM", format_args!("see `ls -l {}`", file.quoted())));
    }
    Ok((content, metadata.is_file().then_some(metadata)))
}
