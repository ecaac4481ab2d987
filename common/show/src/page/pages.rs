//! Draws finished sessions and writes their pages. Runs on the thread of the [drawer](super::drawer).

use std::time::Instant;

use log::{Level, info, log, warn};
use tls_session::bytes::Count;
use tls_session::escaped::one_line;

use super::drawer::Draw;
use super::entry::Entry;
use super::folder::Folder;
use super::indexed_folder::IndexedFolder;
use super::limit::Size;
use super::saved::{self, Saved};
use super::story::Story;
use crate::error::ShowError;

/// Writes the pages of a program, and the data that they were drawn from.
#[derive(Debug)]
pub(super) struct Pages {
    pages: IndexedFolder,
    /// Names the clock of this host.
    boot: Option<String>,
    /// The number of pages that could not be written since the last success.
    failed: u64,
}

impl Pages {
    pub(super) fn new(folder: Folder, limit: Size) -> Self {
        Self { pages: IndexedFolder::new(folder, limit), boot: saved::boot(), failed: 0 }
    }

    /// Writes the data of a page, and adds the page to the index.
    fn list(&mut self, entry: Entry, story: &Story) {
        let saved = Saved::of(entry.clone(), story, self.boot.as_deref());
        let written = serde_json::to_vec(&saved)
            .map_err(|error| ShowError(error.to_string()))
            .and_then(|data| self.pages.folder.write_data(entry.name, &data).map(|()| data.len()));
        let data = written.unwrap_or_else(|error| {
            let error = error.to_string();
            warn!("{} {}; no page will show both ends of this session", story.id, one_line(&error));
            0
        });
        self.pages.index.add(Entry { size: entry.size + data as u64, ..entry });
    }
}

impl Draw for Pages {
    type Item = Story;

    /// Draws and writes a page. A warning reports the first page that cannot be written. Each later session tries again.
    fn draw(&mut self, story: &Story) {
        let id = story.id;
        match self.pages.write(&story.facts, &story.rows, story.date) {
            Ok(entry) => {
                if self.failed > 0 {
                    warn!("writing pages works again; skipped {}", Count(self.failed, "page"));
                    self.failed = 0;
                }
                let path = self.pages.folder.page(entry.name);
                let path = one_line(&path.display().to_string());
                // Both are numbers from 1, which are not the same in a folder with earlier pages.
                let note =
                    if u64::from(entry.name.number) == id.number { "" } else { ", the folder's next number" };
                info!("{id} page written to {path}{note}");
                self.list(entry, story);
            }
            Err(error) => {
                let level = if self.failed == 0 { Level::Warn } else { Level::Debug };
                log!(
                    level,
                    "{id} {}; pages are skipped until writing works again",
                    one_line(&error.to_string())
                );
                self.failed += 1;
            }
        }
    }

    fn due(&self) -> Option<Instant> {
        self.pages.index.due()
    }

    fn catch_up(&mut self) {
        self.pages.index.write();
    }
}
