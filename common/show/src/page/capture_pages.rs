//! The pages of the sessions of a capture.

use std::path::{Path, PathBuf};

use decode::tickets::Tickets;

use super::captured::Captured;
use super::file_name::Role;
use super::folder::Folder;
use super::indexed_folder::IndexedFolder;
use super::limit::Size;
use super::rows::Row;
use crate::error::ShowError;

/// Writes the pages of the sessions of a capture, and their index. Drop it to complete the index.
#[derive(Debug)]
pub struct CapturePages {
    pages: IndexedFolder,
    /// The tickets of all sessions so far.
    tickets: Tickets,
}

impl CapturePages {
    /// Opens the folder for pages `capture-N.html`, in which it removes the oldest pages beyond `limit`. Makes a missing
    /// folder, which only its owner may use.
    ///
    /// # Errors
    /// The folder cannot be made, read or written to.
    pub fn open(folder: &Path, limit: Size) -> Result<Self, ShowError> {
        let pages = IndexedFolder::new(Folder::open(folder, Role::Capture)?, limit);
        Ok(Self { pages, tickets: Tickets::default() })
    }

    /// Draws and writes the page of a session that has ended. Returns the path of the page.
    ///
    /// # Errors
    /// The page cannot be written.
    pub fn draw(&mut self, session: &mut Captured) -> Result<PathBuf, ShowError> {
        let Captured { facts, rows, began, .. } = session;
        let records = rows.first.iter().filter_map(Row::record);
        records.for_each(|drawn| facts.resume(&drawn.record, &mut self.tickets));
        let entry = self.pages.write(facts, rows, *began)?;
        let path = self.pages.folder.page(entry.name);
        self.pages.index.add(entry);
        Ok(path)
    }

    /// Returns the number of pages that were removed from the folder so far, because it had too many bytes.
    pub fn removed(&self) -> u64 {
        self.pages.index.removed()
    }
}
