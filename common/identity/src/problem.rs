//! What can be wrong with a file of an identity or of a trust.

use std::path::{Path, PathBuf};
use std::{fmt, fs, io};

use crate::format::Format;
use crate::key_kind::{SUPPORTED, UnsupportedKey};
use crate::pem_label::Label;
use crate::pem_text::Damage;

/// The role of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Our own certificate chain.
    Certificate,
    /// The private key of our certificate.
    Key,
    /// The certificates that we trust.
    Trust,
    /// The folder for the files of the first start.
    Folder,
}

/// A problem of a file.
#[derive(Debug)]
#[non_exhaustive]
pub enum Problem {
    /// There is no such file.
    Missing,
    /// The operating system does not let us read it.
    Unreadable(io::Error),
    /// It holds nothing, or only white space.
    Empty,
    /// It is larger than any certificate bundle. Reading stopped.
    TooLarge,
    /// It is a symbolic link to a file that does not exist.
    DanglingLink {
        /// The path in the link.
        target: PathBuf,
    },
    /// No line in it begins a PEM block.
    NotPem {
        /// The format that its first bytes show, if it is known.
        format: Option<Format>,
    },
    /// The operating system's trust store has no usable authority.
    NoAuthorities {
        /// The error of the operating system.
        reason: String,
    },
    /// Its BEGIN and END lines are damaged, or a block is not base64.
    DamagedPem(Damage),
    /// The content of a PEM block contradicts its label.
    WrongLabel {
        /// The label.
        label: Label,
        /// The line of the label, from 1.
        line: usize,
        /// The content of the block.
        holds: Format,
    },
    /// It has a PEM block of a kind that we do not read. The block may hold the wanted certificate or key.
    UnreadBlock {
        /// The label of the block.
        label: Label,
        /// The line of its BEGIN, from 1.
        line: usize,
    },
    /// It holds no certificate.
    NoCertificate {
        /// Whether it holds a private key instead. Then the two files were probably swapped.
        has_key: bool,
    },
    /// It holds no private key.
    NoKey {
        /// Whether it holds a certificate instead. Then the two files were probably swapped.
        has_certificate: bool,
    },
    /// The private key is protected by a passphrase.
    EncryptedKey,
    /// A certificate is not the DER of an X.509 certificate.
    DamagedCertificate {
        /// Its number in the file, from 1.
        number: usize,
        /// The line of its BEGIN, from 1.
        line: usize,
        /// Why it does not parse.
        reason: String,
    },
    /// A certificate may be valid, but needs a feature that is not supported.
    UnsupportedCertificate {
        /// Its number in the file, from 1.
        number: usize,
        /// The line of its BEGIN, from 1.
        line: usize,
        /// The feature that is not supported.
        reason: String,
    },
    /// The public key in the certificate, or the private key, is of a kind that is not supported.
    UnsupportedKey(UnsupportedKey),
    /// The certificate is of X.509 version 1 (or 2), which has no extensions and which TLS peers refuse.
    NotVersion3 {
        /// The file with its private key.
        key: PathBuf,
    },
    /// The private key is damaged.
    DamagedKey,
    /// The private key does not belong to the certificate.
    Mismatch {
        /// The certificate file.
        certificate: PathBuf,
    },
    /// The file exists, and the other file of the pair does not.
    WithoutPartner {
        /// The file that is missing.
        partner: PathBuf,
    },
    /// Another process created the file after we had checked that it does not exist.
    CreatedMeanwhile,
    /// The file, or its folder, could not be created.
    NotCreated(io::Error),
    /// No certificate could be generated.
    NotGenerated {
        /// The error of the generator.
        reason: String,
    },
}

impl Problem {
    /// The problem of a path that cannot be opened: [`Self::DanglingLink`] if it is a symbolic link.
    pub(super) fn dangling_link(path: &Path) -> Option<Self> {
        let target = fs::read_link(path).ok()?;
        Some(Self::DanglingLink { target })
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Certificate => "certificate file",
            Self::Key => "key file",
            Self::Trust => "trust file",
            Self::Folder => "folder",
        })
    }
}

/// The predicate of a sentence. Its subject is the file.
impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("does not exist"),
            Self::Unreadable(error) => write!(f, "cannot be read ({error})"),
            Self::Empty => f.write_str("is empty"),
            Self::TooLarge => f.write_str("is too large to be PEM"),
            Self::DanglingLink { target } => {
                write!(f, "is a symbolic link to {}, which does not exist", target.display())
            }
            Self::NotPem { format: Some(format) } => write!(f, "is {format}, not PEM"),
            Self::NotPem { format: None } => f.write_str("is not PEM (no line begins with -----BEGIN)"),
            Self::NoAuthorities { reason } => write!(f, "holds no authority ({reason})"),
            Self::DamagedPem(damage) => write!(f, "has a damaged PEM block ({damage})"),
            Self::WrongLabel { label, line, holds } => {
                let label = label.name();
                write!(f, "has a block with the label {label} in line {line} that holds {holds}")
            }
            Self::UnreadBlock { label, line } => {
                write!(f, "has a block {} in line {line}, which we do not read", label.name())
            }
            Self::NoCertificate { has_key: true } => f.write_str("holds a private key and no certificate"),
            Self::NoCertificate { has_key: false } => f.write_str("holds no certificate"),
            Self::NoKey { has_certificate: true } => f.write_str("holds a certificate and no private key"),
            Self::NoKey { has_certificate: false } => f.write_str("holds no private key"),
            Self::EncryptedKey => f.write_str("is protected by a passphrase"),
            Self::DamagedCertificate { number, line, reason } => {
                write!(f, "has a damaged certificate, number {number} in line {line} ({reason})")
            }
            Self::UnsupportedCertificate { number, line, reason } => {
                write!(
                    f,
                    "has a certificate that is not supported, number {number} in line {line} ({reason})"
                )
            }
            Self::UnsupportedKey(kind) => {
                write!(f, "holds a key of a kind that is not supported: {kind} (supported: {SUPPORTED})")
            }
            Self::NotVersion3 { .. } => {
                f.write_str("holds a certificate older than X.509 v3, which peers refuse")
            }
            Self::DamagedKey => f.write_str("holds a key that cannot be used (it is damaged)"),
            Self::Mismatch { certificate } => {
                let certificate = certificate.display();
                write!(f, "does not belong to the first certificate in {certificate}")
            }
            Self::WithoutPartner { partner } => {
                write!(f, "exists and {} does not", partner.display())
            }
            Self::CreatedMeanwhile => f.write_str("was created by another process at the same time"),
            Self::NotCreated(error) => write!(f, "cannot be created ({error})"),
            Self::NotGenerated { reason } => write!(f, "cannot be generated ({reason})"),
        }
    }
}
