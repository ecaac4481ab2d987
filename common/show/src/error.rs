//! The error of a sink that cannot be opened, or of a page that cannot be written.

use std::fmt;

/// A sink cannot be opened, or a page cannot be written. The sentence says which one, why, and what to do next.
#[derive(Debug)]
pub struct ShowError(String);

impl ShowError {
    pub(crate) fn new(sentence: String) -> Self {
        Self(sentence)
    }
}

impl fmt::Display for ShowError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ShowError {}
