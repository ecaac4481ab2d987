//! The error about a file of an identity or of a trust.

use std::path::{Path, PathBuf};
use std::{error, fmt};

use crate::paths::is_pem;
use crate::problem::{Problem, Role};
use crate::remedy::Remedy;

/// A file that cannot be used. Its `Display` names the file, its role, the problem, and what to do next.
#[derive(Debug)]
pub struct IdentityError {
    role: Role,
    file: PathBuf,
    problem: Problem,
}

impl IdentityError {
    pub(super) fn new(role: Role, file: &Path, problem: Problem) -> Self {
        // A shell turns "$(cat key.pem)" into the key itself. It must not be shown as a file name.
        let file = match is_pem(file) {
            true => "(PEM text, where the name of a file belongs)".into(),
            false => file.to_owned(),
        };
        Self { role, file, problem }
    }

    /// The file.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// The role that the file should play.
    pub fn role(&self) -> Role {
        self.role
    }

    /// The problem of the file.
    pub fn problem(&self) -> &Problem {
        &self.problem
    }
}

impl error::Error for IdentityError {}

impl fmt::Display for IdentityError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { role, file, problem } = self;
        let remedy = Remedy { role: *role, file, problem };
        write!(f, "{role} {} {problem}: {remedy}", file.display())
    }
}
