//! Draws finished sessions and writes their pages. Runs on the thread of the [drawer](super::drawer).

use std::collections::BTreeMap;
use std::time::Instant;

use decode::hello::ClientHello;
use decode::hex;
use log::{Level, info, log, warn};
use rustls::HandshakeType;
use tls_session::bytes::Count;
use tls_session::escaped::one_line;

use super::document;
use super::drawer::Draw;
use super::entry::Entry;
use super::file_name::Name;
use super::folder::Folder;
use super::index::Index;
use super::limit::Size;
use super::origin::Origin;
use super::rows::{Row, Rows};
use super::saved::{self, Saved};
use super::story::Story;
use crate::error::ShowError;

/// The most pages whose names are kept for links from later pages.
const NAMED: usize = 4096;

/// Writes the pages of a program, and their index.
#[derive(Debug)]
pub(super) struct Pages {
    folder: Folder,
    index: Index,
    /// The latest pages, by the numbers of their sessions.
    drawn: BTreeMap<u64, Name>,
    /// Names the clock of this host.
    boot: Option<String>,
    /// The number of pages that could not be written since the last success.
    failed: u64,
}

impl Pages {
    pub(super) fn new(folder: Folder, limit: Size) -> Self {
        let index = Index::of(folder.path(), limit);
        Self { folder, index, drawn: BTreeMap::new(), boot: saved::boot(), failed: 0 }
    }

    /// Returns the session that this one resumes, if this program has seen it, with its page.
    fn origin(&self, story: &Story) -> Option<Origin> {
        let session = story.facts.origin?;
        let drawn = self.drawn.get(&session).copied();
        Some(Origin { session, page: drawn.filter(|name| self.folder.page(*name).is_file()) })
    }

    /// Keeps the name of the page of a session.
    fn remember(&mut self, session: u64, name: Name) {
        self.drawn.insert(session, name);
        if self.drawn.len() > NAMED {
            self.drawn.pop_first();
        }
    }

    /// Writes the data of a page, and adds the page to the index.
    fn list(&mut self, name: Name, resumes: Option<Name>, story: &Story, page: usize) {
        let entry = Entry::of(name, &story.facts, story.date, random(&story.rows), page as u64);
        let entry = Entry { resumes, ..entry };
        let saved = Saved::of(entry.clone(), story, self.boot.as_deref());
        let written = serde_json::to_vec(&saved)
            .map_err(|error| ShowError(error.to_string()))
            .and_then(|data| self.folder.write_data(name, &data).map(|()| data.len()));
        let data = written.unwrap_or_else(|error| {
            let error = error.to_string();
            warn!("{} {}; no page will show both ends of this session", story.id, one_line(&error));
            0
        });
        self.index.add(Entry { size: entry.size + data as u64, ..entry });
    }
}

impl Draw for Pages {
    type Item = Story;

    /// Draws and writes a page. A warning reports the first page that cannot be written. Each later session tries again.
    fn draw(&mut self, story: &Story) {
        let id = story.id;
        let origin = self.origin(story);
        let draw = |name| document::of(&story.facts, &story.rows, name, origin).into_string();
        match self.folder.write(draw) {
            Ok((name, size)) => {
                if self.failed > 0 {
                    warn!("writing pages works again; skipped {}", Count(self.failed, "page"));
                    self.failed = 0;
                }
                let path = self.folder.page(name);
                info!("{id} page written to {}", one_line(&path.display().to_string()));
                self.remember(id.number, name);
                self.list(name, origin.and_then(|origin| origin.page), story, size);
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
        self.index.due()
    }

    fn catch_up(&mut self) {
        self.index.write();
    }
}

/// Returns the random of the ClientHello in hexadecimal. Both ends of a session have the same.
fn random(rows: &Rows) -> Option<String> {
    let mut messages = rows.first.iter().filter_map(Row::record).flat_map(|drawn| drawn.record.messages());
    let hello = messages.find(|message| message.kind == HandshakeType::ClientHello)?;
    Some(hex(&ClientHello::read(hello.body())?.random))
}
