//! What can be wrong with the files of an identity or of a trust.

use std::path::{Path, PathBuf};
use std::{error, fmt, io};

use super::remedy::Remedy;

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
    /// Not a line in it begins a PEM block.
    NotPem,
    /// The operating system's trust store yields nothing.
    NoAuthorities {
        /// What the operating system says.
        reason: String,
    },
    /// A PEM block is not closed, or is not base64.
    DamagedPem {
        /// What the PEM reader says.
        reason: String,
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
        /// What the parser says.
        reason: String,
    },
    /// The certificate is of X.509 version 1 (or 2), which has no extensions and which TLS peers refuse.
    NotVersion3 {
        /// The file with its private key.
        key: PathBuf,
    },
    /// The private key is damaged, or of a kind that cannot sign a TLS handshake.
    DamagedKey {
        /// What the crypto provider says.
        reason: String,
    },
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
        Self { role, file: file.to_owned(), problem }
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
            Self::NotPem => f.write_str("is not PEM (no line begins with -----BEGIN)"),
            Self::NoAuthorities { reason } => write!(f, "holds no authority ({reason})"),
            Self::DamagedPem { reason } => write!(f, "has a damaged PEM block ({reason})"),
            Self::NoCertificate { has_key: true } => f.write_str("holds a private key and no certificate"),
            Self::NoCertificate { has_key: false } => f.write_str("holds no certificate"),
            Self::NoKey { has_certificate: true } => f.write_str("holds a certificate and no private key"),
            Self::NoKey { has_certificate: false } => f.write_str("holds no private key"),
            Self::EncryptedKey => f.write_str("is protected by a passphrase"),
            Self::DamagedCertificate { number, reason } => {
                write!(f, "has a damaged certificate, number {number} ({reason})")
            }
            Self::NotVersion3 { .. } => {
                f.write_str("holds a certificate older than X.509 v3, which peers refuse")
            }
            Self::DamagedKey { reason } => write!(f, "holds a key that cannot be used ({reason})"),
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
