//! The error about a file of an identity or of a trust.

use std::path::Path;
use std::{fmt, fs, io};

use crate::paths::{is_pem, quoted};

/// A file that cannot be used. Its `Display` names the role of the file, the file, the problem, and what to do next.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct IdentityError(String);

/// A file, and the role that it should play.
#[derive(Clone, Copy)]
pub(super) struct IdentityFile<'a> {
    pub(super) role: Role,
    pub(super) path: &'a Path,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// Our own certificate chain.
    Certificate,
    /// The private key of our certificate.
    Key,
    /// The certificates that we trust.
    Trust,
    /// The folder for the files of the first start.
    Folder,
}

impl<'a> IdentityFile<'a> {
    /// Makes the error about this file. `problem` is the predicate of a sentence whose subject is the file. `remedy`
    /// says what to do next.
    pub(super) fn error(self, problem: impl fmt::Display, remedy: impl fmt::Display) -> IdentityError {
        let role = match self.role {
            Role::Certificate => "certificate file",
            Role::Key => "key file",
            Role::Trust => "trust file",
            Role::Folder => "folder",
        };
        IdentityError(format!("{role} {} {problem}: {remedy}", self.shown().display()))
    }

    /// Returns the error of the operating system for reading this file.
    pub(super) fn unreadable(self, error: &io::Error) -> IdentityError {
        self.error(format_args!("cannot be read ({error})"), format_args!("see `ls -l {}`", self.quoted()))
    }

    /// Returns the error for a path that cannot be opened, if it is a symbolic link.
    pub(super) fn dangling_link(self) -> Option<IdentityError> {
        let target = fs::read_link(self.path).ok()?;
        Some(self.error(
            format_args!("is a symbolic link to {}, which does not exist", target.display()),
            format_args!("restore that file, or remove the link with `rm {}`", self.quoted()),
        ))
    }

    /// Returns the path for a shell.
    pub(super) fn quoted(self) -> String {
        quoted(self.shown())
    }

    /// Returns the path. A shell turns "$(cat key.pem)" into the key itself, which must not be shown as a file name.
    pub(super) fn shown(self) -> &'a Path {
        match is_pem(self.path) {
            true => Path::new("(PEM text, where the name of a file belongs)"),
            false => self.path,
        }
    }
}
