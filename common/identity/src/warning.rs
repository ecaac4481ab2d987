//! What a person should know about the identity files, though a session works with them.

use std::fmt;
use std::path::{Path, PathBuf};

use rustls::pki_types::UnixTime;
use x509_parser::certificate::X509Certificate;

use crate::certificate::{Moment, Validity, distinguished_name};
use crate::key_kind::{SUPPORTED, UnsupportedKey};
use crate::remedy::Quoted;

/// Something about a loaded identity or trust that is worth a line in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Warning {
    /// The private key is open to people other than its owner.
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
        /// The number of the user.
        owner: u32,
    },
    /// Others can replace the private key, because they can write to its folder.
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
        /// The number of the user.
        owner: u32,
    },
    /// The time of an authority is over. What it issued is accepted all the same.
    ExpiredAuthority {
        /// The trust file.
        file: PathBuf,
        /// The name of the authority.
        name: String,
        /// The last moment at which it was valid.
        not_after: Moment,
    },
    /// The time of an authority has not come. What it issued is accepted all the same.
    EarlyAuthority {
        /// The trust file.
        file: PathBuf,
        /// The name of the authority.
        name: String,
        /// The first moment at which it will be valid.
        not_before: Moment,
    },
    /// The key of an authority is of a kind that cannot be used, so nothing that it issued can be verified.
    UnusableAuthority {
        /// The trust file.
        file: PathBuf,
        /// The name of the authority.
        name: String,
        /// The kind of its key.
        kind: UnsupportedKey,
    },
    /// The certificate's time is over: peers will refuse it.
    Expired {
        /// The certificate file.
        file: PathBuf,
        /// The last moment at which it was valid.
        not_after: Moment,
    },
    /// The certificate's time has not come: peers will refuse it.
    NotYetValid {
        /// The certificate file.
        file: PathBuf,
        /// The first moment at which it will be valid.
        not_before: Moment,
    },
}

impl Warning {
    pub(super) fn dates(file: &Path, validity: &Validity, now: UnixTime) -> Option<Self> {
        let (now, file) = (Moment::from(now), file.to_owned());
        let Validity { not_before, not_after } = *validity;
        if now < not_before {
            Some(Self::NotYetValid { file, not_before })
        } else if now > not_after {
            Some(Self::Expired { file, not_after })
        } else {
            None
        }
    }
}

impl Warning {
    /// What is to be said of an authority in a trust file.
    pub(super) fn authority(file: &Path, authority: &X509Certificate<'_>, now: UnixTime) -> Vec<Self> {
        let (file, name) = (file.to_owned(), distinguished_name(authority.subject()));
        let kind = UnsupportedKey::of_public(authority.public_key());
        let unusable = kind.map(|kind| {
            let (file, name) = (file.clone(), name.clone());
            Self::UnusableAuthority { file, name, kind }
        });
        let dates = match Self::dates(&file, &Validity::of(authority), now) {
            Some(Self::Expired { file, not_after }) => Some(Self::ExpiredAuthority { file, name, not_after }),
            Some(Self::NotYetValid { file, not_before }) => {
                Some(Self::EarlyAuthority { file, name, not_before })
            }
            _ => None,
        };
        unusable.into_iter().chain(dates).collect()
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ExposedKey { file, mode } => write!(
                f,
                "others can get at the private key in {} (mode {mode:04o}); close it with `chmod 600 {}`",
                file.display(),
                Quoted(file)
            ),
            Self::ForeignKey { file, owner } => write!(
                f,
                "the private key in {} belongs to another user (number {owner}), who can read and replace it; \
                 make a copy of your own with `install -m 600 {} key-own.pem`",
                file.display(),
                Quoted(file)
            ),
            Self::OpenFolder { file, folder, mode } => write!(
                f,
                "others can replace the private key in {}, because they can write to its folder (mode {mode:04o}); \
                 close it with `chmod go-w {}`",
                file.display(),
                Quoted(folder)
            ),
            Self::ForeignFolder { file, owner } => write!(
                f,
                "the folder of the private key in {} belongs to another user (number {owner}), who can replace the \
                 key; put a copy into a folder of your own with `install -m 600 {} FOLDER`",
                file.display(),
                Quoted(file)
            ),
            Self::ExpiredAuthority { file, name, not_after } => write!(
                f,
                "the authority {name} in {} expired on {not_after}; certificates that it issued are accepted all \
                 the same: remove it, or put its successor in its place",
                file.display()
            ),
            Self::EarlyAuthority { file, name, not_before } => write!(
                f,
                "the authority {name} in {} is not valid before {not_before}; certificates that it issued are \
                 accepted all the same: is this machine's clock right?",
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
