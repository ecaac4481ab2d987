//! What can be wrong with the files of an identity or of a trust.

use std::path::{Path, PathBuf};
use std::{error, fmt, io};

use crate::format::Format;
use crate::key_kind::{SUPPORTED, UnsupportedKey};
use crate::pem_label::Label;
use crate::pem_text::Damage;
use crate::remedy::Remedy;

/// A file that cannot be used: which one, in which role, why, and (in its `Display`) what to do next.
#[derive(Debug)]
pub struct IdentityError {
    role: Role,
    file: PathBuf,
    problem: Problem,
}

/// What a file was meant to be when it failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Our own certificate chain.
    Certificate,
    /// The private key of our certificate.
    Key,
    /// The certificates that peers are measured against.
    Trust,
    /// The folder in which the files of the first start are made.
    Folder,
}

/// What is wrong with a file.
#[derive(Debug)]
#[non_exhaustive]
pub enum Problem {
    /// There is no such file.
    Missing,
    /// The operating system does not let us read it.
    Unreadable(io::Error),
    /// Nothing, or nothing but white space, is in it.
    Empty,
    /// It is larger than any certificate bundle; reading stopped.
    TooLarge,
    /// It is a symbolic link to a file that does not exist.
    DanglingLink {
        /// Where the link leads.
        target: PathBuf,
    },
    /// Not a line in it begins a PEM block.
    NotPem {
        /// What it is instead, as far as its first bytes tell.
        format: Option<Format>,
    },
    /// The operating system's trust store yields nothing.
    NoAuthorities {
        /// What the operating system says.
        reason: String,
    },
    /// Its lines are not those of PEM, or a block is not base64.
    DamagedPem(Damage),
    /// A PEM block holds something else than its label says.
    WrongLabel {
        /// What the label says.
        label: Label,
        /// The line of the label.
        line: usize,
        /// What the block holds.
        holds: Format,
    },
    /// A PEM block of a kind that is not read may hold what was wanted.
    UnreadBlock {
        /// The kind of the block.
        label: Label,
        /// The line in which it begins.
        line: usize,
    },
    /// A certificate was wanted.
    NoCertificate {
        /// A private key was found instead: probably the two files were swapped.
        has_key: bool,
    },
    /// A private key was wanted.
    NoKey {
        /// A certificate was found instead: probably the two files were swapped.
        has_certificate: bool,
    },
    /// The private key is protected by a passphrase.
    EncryptedKey,
    /// A certificate is not the DER of an X.509 certificate.
    DamagedCertificate {
        /// Which one in the file, from 1.
        number: usize,
        /// The line in which it begins.
        line: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// A certificate needs something that is not supported, but may be sound.
    UnsupportedCertificate {
        /// Which one in the file, from 1.
        number: usize,
        /// The line in which it begins.
        line: usize,
        /// What is not supported.
        reason: String,
    },
    /// The key of the certificate, or the private key, is of a kind that is not supported.
    UnsupportedKey(UnsupportedKey),
    /// The certificate is of X.509 version 1 (or 2), which has no extensions and which TLS peers refuse.
    NotVersion3 {
        /// The file with its private key.
        key: PathBuf,
    },
    /// The private key is damaged.
    DamagedKey,
    /// The private key is not the one that the certificate speaks of.
    Mismatch {
        /// The certificate file.
        certificate: PathBuf,
    },
    /// The file is there, and the one that belongs to it is not.
    WithoutPartner {
        /// The file that is missing.
        partner: PathBuf,
    },
    /// The file came into being while we were about to make it.
    MadeMeanwhile,
    /// The file, or its folder, could not be made.
    NotCreated(io::Error),
    /// No certificate could be generated.
    NotGenerated {
        /// What the generator says.
        reason: String,
    },
}

impl IdentityError {
    pub(super) fn new(role: Role, file: &Path, problem: Problem) -> Self {
        // `--key "$(cat key.pem)"` gives the key itself, which must not be shown as a file name.
        let file = match is_pem(file) {
            true => "(PEM text, where the name of a file belongs)".into(),
            false => file.to_owned(),
        };
        Self { role, file, problem }
    }

    /// The file that this is about.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// What the file was meant to be.
    pub fn role(&self) -> Role {
        self.role
    }

    /// What is wrong with it.
    pub fn problem(&self) -> &Problem {
        &self.problem
    }
}

/// Whether this is PEM text and no file name.
pub(super) fn is_pem(file: &Path) -> bool {
    file.as_os_str().as_encoded_bytes().windows(11).any(|window| window == b"-----BEGIN ")
}

impl error::Error for IdentityError {}

impl fmt::Display for IdentityError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file = self.file.display();
        write!(f, "{} {file} {}: {}", self.role, self.problem, Remedy(self))
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

/// The predicate of the sentence whose subject is the file.
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
                write!(f, "has a block {} in line {line}, which is not read", label.name())
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
            Self::MadeMeanwhile => f.write_str("came into being while it was about to be made"),
            Self::NotCreated(error) => write!(f, "cannot be created ({error})"),
            Self::NotGenerated { reason } => write!(f, "cannot be generated ({reason})"),
        }
    }
}
