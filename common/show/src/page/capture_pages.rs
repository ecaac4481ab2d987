//! The pages of the sessions of a capture.

use std::path::{Path, PathBuf};

use super::captured::Captured;
use super::document;
use super::file_name::Role;
use super::folder::Folder;
use crate::error::ShowError;

/// Writes the pages of the sessions of a capture.
#[derive(Debug)]
pub struct CapturePages(Folder);

impl CapturePages {
    /// Opens the folder for pages `capture-N.html`. Makes a missing folder, which only its owner may use.
    ///
    /// # Errors
    /// The folder cannot be made, read or written to.
    pub fn open(folder: &Path) -> Result<Self, ShowError> {
        Folder::open(folder, Role::Capture).map(Self)
    }

    /// Draws and writes the page of a session that has ended. Returns the path of the page.
    ///
    /// # Errors
    /// The page cannot be written.
    pub fn draw(&mut self, session: &Captured) -> Result<PathBuf, ShowError> {
        let draw = |name| document::of(&session.facts, &session.rows, name, None).into_string();
        let (name, _) = self.0.write(draw)?;
        Ok(self.0.page(name))
    }
}
