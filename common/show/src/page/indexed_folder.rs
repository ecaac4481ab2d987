//! A folder of pages that keeps an index of them.

use std::collections::BTreeMap;
use std::time::Duration;

use decode::hello::ClientHello;
use decode::hex;
use decode::schedule::Key;
use decode::tickets::Issuer;
use rustls::{HandshakeType, ProtocolVersion};

use super::document;
use super::entry::Entry;
use super::facts::Facts;
use super::file_name::Name;
use super::folder::Folder;
use super::index::Index;
use super::limit::Size;
use super::origin::Origin;
use super::rows::{Row, Rows};
use crate::error::ShowError;

/// The most pages whose names are kept for links from later pages.
const NAMED: usize = 4096;

/// A folder in which one program writes its pages, and their index.
#[derive(Debug)]
pub(super) struct IndexedFolder {
    pub(super) folder: Folder,
    pub(super) index: Index,
    /// The latest pages, by the numbers of their sessions.
    drawn: BTreeMap<u64, Name>,
}

impl IndexedFolder {
    pub(super) fn new(folder: Folder, limit: Size) -> Self {
        let index = Index::of(folder.path(), limit);
        Self { folder, index, drawn: BTreeMap::new() }
    }

    /// Draws and writes the page of a session that began at this time of day, since 1970. Add the result to the
    /// index.
    ///
    /// # Errors
    /// The page cannot be written.
    pub(super) fn write(&mut self, facts: &Facts, rows: &Rows, began: Duration) -> Result<Entry, ShowError> {
        let origin = self.origin(facts);
        let (name, size) = self.folder.write(|name| document::of(facts, rows, name, origin).into_string())?;
        self.drawn.insert(facts.number, name);
        if self.drawn.len() > NAMED {
            self.drawn.pop_first();
        }
        let resumes = origin.and_then(|origin| origin.page);
        Ok(Entry { resumes, ..Entry::of(name, facts, began, random(rows), size as u64) })
    }

    /// Returns the session that this one resumes, if this program has seen it, with its page.
    fn origin(&self, facts: &Facts) -> Option<Origin> {
        let Issuer { session, ticket } = facts.origin?;
        let drawn = self.drawn.get(&session).copied();
        let page = drawn.filter(|name| self.folder.page(*name).is_file());
        let is_tls13 = facts.marks.choices.version() == Some(ProtocolVersion::TLSv1_3);
        let kept = ticket.filter(|_| is_tls13).map_or(Key::Master, Key::TicketPsk);
        Some(Origin { session, page, has_ticket: ticket.is_some(), kept, is_captured: facts.us.is_none() })
    }
}

/// Returns the random of the ClientHello in hexadecimal. Both ends of a session have the same.
fn random(rows: &Rows) -> Option<String> {
    let mut messages = rows.first.iter().filter_map(Row::record).flat_map(|drawn| drawn.record.messages());
    let hello = messages.find(|message| message.kind == HandshakeType::ClientHello)?;
    Some(hex(&ClientHello::read(hello.body())?.random))
}
