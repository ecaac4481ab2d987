//! What a person should know about the identity files, though a session works with them.

use std::fmt;
use std::path::{Path, PathBuf};

use rustls::pki_types::UnixTime;

use super::certificate::{Moment, Validity};
use super::remedy::Quoted;

/// Permission bits of the group and of everybody else.
const OTHERS: u32 = 0o077;

/// Something about a loaded identity that is worth a line in the log.
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
    /// `mode` is `None` for what is not a regular file: the bits of a pipe say nothing about who can read a key.
    pub(super) fn exposed_key(file: &Path, mode: Option<u32>) -> Option<Self> {
        let mode = mode.filter(|mode| mode & OTHERS != 0)?;
        let file = file.to_owned();
        Some(Self::ExposedKey { file, mode })
    }

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

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ExposedKey { file, mode } => write!(
                f,
                "others can get at the private key in {} (mode {mode:04o}); close it with `chmod 600 {}`",
                file.display(),
                Quoted(file)
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
