//! The index of a folder of pages: `index.html`, which has a row for each session.
//!
//! Several programs may write to one folder. Each of them adds its sessions to the [list](super::list), under the
//! [lock](super::lock), and makes the index from the whole list. That happens at most once in a second, and once when the
//! program ends. So many short sessions do not spend their time on the index.

use std::collections::VecDeque;
use std::fs::OpenOptions;
use std::io::{self, Read as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use log::{Level, info, log, warn};
use tls_session::bytes::Count;
use tls_session::escaped::one_line;

use super::entry::Entry;
use super::file_name::Role;
use super::index_page;
use super::limit::{self, Size};
use super::list::{self, Line, List};
use super::lock::Lock;
use super::pair;

/// The longest wait for another program that holds the lock.
const PATIENCE: Duration = Duration::from_secs(2);
/// The time between two versions of the index.
const INTERVAL: Duration = Duration::from_secs(1);
/// The most pages that wait until the list can be written again.
const MAX_WAITING: usize = 1000;

/// The list and the index of a folder.
#[derive(Debug)]
pub(super) struct Index {
    folder: PathBuf,
    list: List,
    limit: Size,
    /// Pages that are not in the list yet.
    waiting: VecDeque<Entry>,
    /// The number of pages that the list will never have.
    missing: u64,
    /// The time at which the index was written.
    written: Option<Instant>,
    /// The index lacks a session.
    is_stale: bool,
    /// The last try failed.
    failed: bool,
    /// The number of pages that were removed.
    removed: u64,
}

impl Index {
    /// Returns the index of a folder. The oldest pages are removed if all pages together have more bytes than `limit`.
    pub(super) fn of(folder: &Path, limit: Size) -> Self {
        Self {
            folder: folder.to_owned(),
            list: List::of(folder),
            limit,
            waiting: VecDeque::new(),
            missing: 0,
            written: None,
            is_stale: false,
            failed: false,
            removed: 0,
        }
    }

    /// Adds a page. A warning reports the first failure. The page waits in memory until the list can be written.
    pub(super) fn add(&mut self, entry: Entry) {
        if self.waiting.len() < MAX_WAITING {
            self.waiting.push_back(entry);
        } else {
            self.missing += 1;
        }
        self.is_stale = true;
        let is_due = self.due().is_none_or(|due| due <= Instant::now());
        self.update(is_due);
    }

    /// Returns the number of pages that were removed, because all together had too many bytes.
    pub(super) fn removed(&self) -> u64 {
        self.removed
    }

    /// Returns the time at which the index has to be written; `None` if it is complete.
    pub(super) fn due(&self) -> Option<Instant> {
        let written = self.written.filter(|_| self.is_stale)?;
        Some(written + INTERVAL)
    }

    /// Writes the index, unless it is complete.
    pub(super) fn write(&mut self) {
        if self.is_stale {
            self.update(true);
        }
    }

    /// Adds the waiting pages to the list, and writes the index if `whole` is set.
    fn update(&mut self, whole: bool) {
        let result = self.try_update(whole);
        if whole {
            // A failure is not repeated before the interval is over.
            self.written = Some(Instant::now());
        }
        match result {
            Ok(()) if self.failed => {
                self.failed = false;
                let missing = Count(self.missing, "page");
                warn!("writing the index of the pages works again; it lacks {missing}");
                self.missing = 0;
            }
            Ok(()) => {}
            Err(error) => {
                let level = if self.failed { Level::Debug } else { Level::Warn };
                self.failed = true;
                let folder = self.folder.display();
                log!(
                    level,
                    "{}",
                    one_line(&format!(
                        "cannot write the index of the pages in {folder}: {error}; later pages try again"
                    ))
                );
            }
        }
    }

    fn try_update(&mut self, whole: bool) -> io::Result<()> {
        // After a failure another wait would probably be in vain, and there may be many sessions.
        let patience = if self.failed { Duration::ZERO } else { PATIENCE };
        let _lock = Lock::take(&self.folder, patience).map_err(|error| named(".lock", &error))?;
        self.list.update().map_err(|error| named("index.jsonl", &error))?;
        while let Some(entry) = self.waiting.front() {
            let entry = entry.clone();
            let line = Line::Page(Box::new(entry.clone()));
            self.list.append(line).map_err(|error| named("index.jsonl", &error))?;
            self.waiting.pop_front();
            self.pair(&entry)?;
        }
        limit::remove_oldest(&self.folder, &mut self.list, self.limit, &mut self.removed)?;
        if whole {
            self.replace_page().map_err(|error| named("index.html", &error))?;
            self.is_stale = false;
        }
        Ok(())
    }

    /// Draws the page with both ends of a session, if the other end is in the list. So the end that finishes last draws it.
    fn pair(&mut self, entry: &Entry) -> io::Result<()> {
        let Some(partner) = self.list.partner_of(entry) else { return Ok(()) };
        let mut pages = [entry.name, partner];
        pages.sort_by_key(|name| name.role != Role::Client);
        match pair::write(&self.folder, pages, self.list.next_pair()) {
            Ok(pair) => {
                let path = self.folder.join(format!("pair-{}.html", pair.number));
                let path = one_line(&path.display().to_string());
                info!("{} and {partner} are the two ends of one session: {path} shows both", entry.name);
                self.list.append(Line::Pair(pair)).map_err(|error| named("index.jsonl", &error))
            }
            Err(error) => {
                let text = format!("cannot draw both ends of a session on one page: {error}");
                warn!("{}", one_line(&text));
                Ok(())
            }
        }
    }

    fn replace_page(&self) -> io::Result<()> {
        let path = self.folder.join("index.html");
        if is_foreign(&path)? {
            return Err(io::Error::other("was not written by this program; rename it"));
        }
        list::replace(&path, index_page::of(&self.list).into_string().as_bytes())
    }
}

/// Completes the index.
impl Drop for Index {
    fn drop(&mut self) {
        self.write();
    }
}

fn named(file: &str, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{file} {error}"))
}

/// Returns whether a file is not an index, so that it has to stay.
fn is_foreign(path: &Path) -> io::Result<bool> {
    match path.symlink_metadata() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error),
        Ok(metadata) if !metadata.is_file() => return Ok(true),
        Ok(_) => {}
    }
    let mut beginning = Vec::new();
    let flags = libc::O_NOFOLLOW | libc::O_NONBLOCK;
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    file.take(1024).read_to_end(&mut beginning)?;
    Ok(!String::from_utf8_lossy(&beginning).contains(index_page::MARK))
}
