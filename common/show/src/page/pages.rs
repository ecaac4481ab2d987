//! Draws finished sessions and writes their pages. Runs on the thread of the [drawer](super::drawer).

use log::{Level, info, log, warn};
use tls_session::escaped::one_line;

use super::document;
use super::folder::Folder;
use super::story::Story;

/// Writes the pages of a program.
#[derive(Debug)]
pub(super) struct Pages {
    folder: Folder,
    /// The number of pages that could not be written since the last success.
    failed: u64,
}

impl Pages {
    pub(super) fn new(folder: Folder) -> Self {
        Self { folder, failed: 0 }
    }

    /// Draws and writes a page. A warning reports the first page that cannot be written. Each later session tries again.
    pub(super) fn draw(&mut self, story: &Story) {
        let id = story.id;
        let page = document::of(&story.facts, &story.rows).into_string();
        match self.folder.write(&page) {
            Ok(path) => {
                if self.failed > 0 {
                    warn!("writing pages works again; {} pages were skipped", self.failed);
                    self.failed = 0;
                }
                info!("{id} page written to {}", one_line(&path.display().to_string()));
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
}
