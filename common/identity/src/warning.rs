//! Facts about usable files that a user should know.

use std::fmt;
use std::path::{Path, PathBuf};

use rustls::pki_types::UnixTime;
use x509_parser::certificate::X509Certificate;

use crate::distinguished_name::distinguished_name;
use crate::key_kind::{SUPPORTED, UnsupportedKey};
use crate::paths::Quoted;
use crate::validity::{Moment, Outside, Validity};

/// A fact about a loaded identity or trust for the log. Its `Display` says what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Warning {
    /// Other users than the owner have access to the private key.
    ExposedKey {
        /// The key file.
        file: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The private key belongs to another user.
    ForeignKey {
        /// The key file.
        file: PathBuf,
        /// The number of that user.
        owner: u32,
    },
    /// Other users can replace the private key, because they can write to its folder.
    OpenFolder {
        /// The key file.
        file: PathBuf,
        /// The folder.
        folder: PathBuf,
        /// The permission bits of the folder.
        mode: u32,
    },
    /// The folder of the private key belongs to another user, who can replace the key.
    ForeignFolder {
        /// The key file.
        file: PathBuf,
        /// The number of that user.
        owner: u32,
    },
    /// The certificate of an authority has expired. Certificates that it issued are still accepted.
    ExpiredAuthority {
        /// The trust file.
        file: PathBuf,
        /// The name of the authority.
        name: String,
        /// The last moment at which it was valid.
        not_after: Moment,
    },
    /// The certificate of an authority is not yet valid. Certificates that it issued are accepted already.
    EarlyAuthority {
        /// The trust file.
        file: PathBuf,
        /// The name of the authority.
        name: String,
        /// The first moment at which it will be valid.
        not_before: Moment,
    },
    /// The key of an authority is of a kind that is not supported, so certificates that it issued cannot be verified.
    UnusableAuthority {
        /// The trust file.
        file: PathBuf,
        /// The name of the authority.
        name: String,
        /// The kind of its key.
        kind: UnsupportedKey,
    },
    /// Our certificate has expired. Peers will refuse it.
    Expired {
        /// The certificate file.
        file: PathBuf,
        /// The last moment at which it was valid.
        not_after: Moment,
    },
    /// Our certificate is not yet valid. Peers will refuse it.
    NotYetValid {
        /// The certificate file.
        file: PathBuf,
        /// The first moment at which it will be valid.
        not_before: Moment,
    },
}

impl Warning {
    /// The warning about the dates of our certificate, unless it is valid now.
    pub(super) fn dates(file: &Path, validity: &Validity, now: UnixTime) -> Option<Self> {
        let file = file.to_owned();
        Some(match validity.outside(now)? {
            Outside::Before(not_before) => Self::NotYetValid { file, not_before },
            Outside::After(not_after) => Self::Expired { file, not_after },
        })
    }

    /// The warnings about an authority in a trust file.
    pub(super) fn authority(file: &Path, authority: &X509Certificate<'_>, now: UnixTime) -> Vec<Self> {
        let (file, name) = (file.to_owned(), distinguished_name(authority.subject()));
        let kind = UnsupportedKey::of_public(authority.public_key());
        let unusable = kind.map(|kind| {
            let (file, name) = (file.clone(), name.clone());
            Self::UnusableAuthority { file, name, kind }
        });
        let dates = Validity::of(authority).outside(now).map(|outside| match outside {
            Outside::Before(not_before) => Self::EarlyAuthority { file, name, not_before },
            Outside::After(not_after) => Self::ExpiredAuthority { file, name, not_after },
        });
        unusable.into_iter().chain(dates).collect()
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ExposedKey { file, mode } => write!(
                f,
                "other users have access to the private key in {} (mode {mode:04o}); forbid that with `chmod 600 {}`",
                file.display(),
                Quoted(file)
            ),
            Self::ForeignKey { file, owner } => write!(
                f,
                "the private key in {} belongs to another user (number {owner}), who can read and replace it; \
                 make your own copy with `install -m 600 {} key-own.pem`",
                file.display(),
                Quoted(file)
            ),
            Self::OpenFolder { file, folder, mode } => write!(
                f,
                "other users can replace the private key in {}, because they can write to its folder \
                 (mode {mode:04o}); \
                 forbid that with `chmod go-w {}`",
                file.display(),
                Quoted(folder)
            ),
            Self::ForeignFolder { file, owner } => write!(
                f,
                "the folder of the private key in {} belongs to another user (number {owner}), who can replace the \
                 key; put a copy into your own folder with `install -m 600 {} FOLDER`",
                file.display(),
                Quoted(file)
            ),
            Self::ExpiredAuthority { file, name, not_after } => write!(
                f,
                "the authority {name} in {} expired on {not_after}; certificates that it issued are still accepted: \
                 remove it, or replace it by its successor",
                file.display()
            ),
            Self::EarlyAuthority { file, name, not_before } => write!(
                f,
                "the authority {name} in {} is not valid before {not_before}; certificates that it issued are \
                 accepted already: is this machine's clock right?",
                file.display()
            ),
            Self::UnusableAuthority { file, name, kind } => write!(
                f,
                "the authority {name} in {} has a key of a kind that is not supported, {kind}; certificates that it \
                 issued cannot be verified (supported: {SUPPORTED})",
                file.display()
            ),
            Self::Expired { file, not_after } => write!(
                f,
                "the certificate in {} expired on {not_after}; peers that check will refuse it: make a new one",
                file.display()
            ),
            Self::NotYetValid { file, not_before } => write!(
                f,
                "the certificate in {} is not valid before {not_before}; peers that check will refuse it: \
                 is this machine's clock right?",
                file.display()
            ),
        }
    }
}
