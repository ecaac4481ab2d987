//! The list of the pages in a folder: `index.jsonl`. The index is made from it.
//!
//! Each line is one JSON object: a page, a pair of pages, or the removal of a page. A program appends a line for each of
//! its sessions, and reads only the lines that other programs have appended since then. So the time for a session does not
//! depend on the number of sessions before it. If most lines are obsolete, the file is written again. All functions here
//! need the [lock](super::lock) of the folder.
//!
//! Another program may have made or damaged the file. A line that cannot be read is skipped. Names that are not those of
//! pages cannot be read.

use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::mem;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use rustix::process::geteuid;
use serde::{Deserialize, Serialize};

use super::entry::Entry;
use super::file_name::Name;
use super::folder;

/// The most bytes of the file. A list of 10,000 pages, whose sentences peers have made long, has 37 MB with its obsolete lines.
const MAX_BYTES: u64 = 64 * 1024 * 1024;
/// The most bytes of a line.
const MAX_LINE: usize = 8 * 1024;
/// The most bytes that one page may count. No page is larger.
const MAX_SIZE: u64 = 1 << 40;
/// The number of obsolete lines that are kept in any case.
const OBSOLETE: usize = 200;
/// The number of last pages among which the other end of a session is searched.
const PARTNERS: usize = 2000;
const VERSION: u32 = 1;

/// The pages in a folder, in the order in which they were drawn.
#[derive(Debug)]
pub(super) struct List {
    path: PathBuf,
    /// The part of the file that is read.
    read: Option<Place>,
    /// The file of `read`. The kernel does not give its inode to another file while it is open.
    _file: Option<File>,
    entries: BTreeMap<u64, Entry>,
    /// The keys of `entries`.
    keys: HashMap<Name, u64>,
    next_key: u64,
    pairs: HashMap<u32, Pair>,
    /// The pair that a page belongs to.
    paired: HashMap<Name, u32>,
    /// The number of lines that are read, and how many of them could not be read.
    lines: usize,
    damaged: usize,
    size: u64,
}

/// A position in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    device: u64,
    inode: u64,
    offset: u64,
}

/// A page that shows both ends of a session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Pair {
    /// Its number: the page is `pair-N.html`.
    pub(super) number: u32,
    /// The pages of the two ends.
    pub(super) pages: [Name; 2],
    /// The number of its bytes.
    pub(super) size: u64,
}

/// A line of the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Line {
    /// The first line.
    Illustrated {
        version: u32,
    },
    Page(Box<Entry>),
    Pair(Pair),
    Removed(Name),
}

impl List {
    /// Returns the list of a folder. [`update`](Self::update) reads it.
    pub(super) fn of(folder: &Path) -> Self {
        Self {
            path: folder.join("index.jsonl"),
            read: None,
            _file: None,
            entries: BTreeMap::new(),
            keys: HashMap::new(),
            next_key: 0,
            pairs: HashMap::new(),
            paired: HashMap::new(),
            lines: 0,
            damaged: 0,
            size: 0,
        }
    }

    /// Returns the pages, the oldest first.
    pub(super) fn entries(&self) -> impl DoubleEndedIterator<Item = &Entry> {
        self.entries.values()
    }

    /// Returns the number of pages.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Returns the number of bytes of all pages and pairs.
    pub(super) fn size(&self) -> u64 {
        self.size
    }

    /// Returns the pair that a page belongs to.
    pub(super) fn pair_of(&self, name: Name) -> Option<&Pair> {
        self.pairs.get(self.paired.get(&name)?)
    }

    /// Returns the page of a name.
    pub(super) fn get(&self, name: Name) -> Option<&Entry> {
        self.entries.get(self.keys.get(&name)?)
    }

    /// Reads the lines that other programs have appended.
    ///
    /// # Errors
    /// The file cannot be opened or read, is too large, or is not the list of this program.
    pub(super) fn update(&mut self) -> io::Result<()> {
        let mut file = open(&self.path)?;
        self.read_new(&mut file)
    }

    fn read_new(&mut self, file: &mut File) -> io::Result<()> {
        let metadata = file.metadata()?;
        if metadata.len() > MAX_BYTES {
            return Err(io::Error::other(format!("is larger than {MAX_BYTES} bytes")));
        }
        let place = Place { device: metadata.dev(), inode: metadata.ino(), offset: 0 };
        let continues = self.read.filter(|read| {
            (read.device, read.inode) == (place.device, place.inode) && read.offset <= metadata.len()
        });
        if continues.is_none() {
            let same = file.try_clone()?;
            *self = Self { path: mem::take(&mut self.path), _file: Some(same), ..Self::of(Path::new("")) };
        }
        let start = continues.unwrap_or(place);
        file.seek(SeekFrom::Start(start.offset))?;
        let mut bytes = Vec::new();
        file.take(MAX_BYTES).read_to_end(&mut bytes)?;
        for line in bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            self.read_line(line)?;
        }
        self.read = Some(Place { offset: start.offset + bytes.len() as u64, ..start });
        Ok(())
    }

    fn read_line(&mut self, line: &[u8]) -> io::Result<()> {
        let parsed = (line.len() <= MAX_LINE).then(|| serde_json::from_slice(line).ok()).flatten();
        match parsed {
            Some(Line::Illustrated { version: VERSION }) => {}
            Some(line) if self.lines > 0 => self.apply(line),
            _ if self.lines == 0 => {
                return Err(io::Error::other("is not a list of pages of this version; remove it"));
            }
            _ => self.damaged += 1,
        }
        self.lines += 1;
        Ok(())
    }

    /// Applies a line to the list in memory.
    fn apply(&mut self, line: Line) {
        match line {
            Line::Illustrated { .. } => self.damaged += 1,
            Line::Page(mut entry) => {
                self.remove(entry.name);
                entry.size = entry.size.min(MAX_SIZE);
                self.size += entry.size;
                self.keys.insert(entry.name, self.next_key);
                self.entries.insert(self.next_key, *entry);
                self.next_key += 1;
            }
            Line::Pair(mut pair) => {
                let known = pair.pages.iter().all(|name| self.keys.contains_key(name));
                let is_free = pair.pages.iter().all(|name| !self.paired.contains_key(name));
                if !(known && is_free && !self.pairs.contains_key(&pair.number)) {
                    self.damaged += 1;
                    return;
                }
                pair.size = pair.size.min(MAX_SIZE);
                self.size += pair.size;
                self.paired.extend(pair.pages.map(|name| (name, pair.number)));
                self.pairs.insert(pair.number, pair);
            }
            Line::Removed(name) => self.remove(name),
        }
    }

    /// Removes a page and its pair from the list in memory.
    fn remove(&mut self, name: Name) {
        if let Some(entry) = self.keys.remove(&name).and_then(|key| self.entries.remove(&key)) {
            self.size -= entry.size;
        }
        if let Some(pair) = self.paired.remove(&name).and_then(|number| self.pairs.remove(&number)) {
            self.size -= pair.size;
            for name in pair.pages {
                self.paired.remove(&name);
            }
        }
    }

    /// Appends a line. Call [`update`](Self::update) before, under the same lock.
    ///
    /// # Errors
    /// The line cannot be written. Then the file and the list do not have it.
    pub(super) fn append(&mut self, line: Line) -> io::Result<()> {
        let mut file = open(&self.path)?;
        self.read_new(&mut file)?;
        let length = file.metadata()?.len();
        let mut text = Vec::new();
        if length == 0 {
            text.extend(in_json(&Line::Illustrated { version: VERSION })?);
        } else if !ends_with_newline(&mut file)? {
            text.push(b'\n'); // a program ended during a write
        }
        text.extend(in_json(&line)?);
        file.seek(SeekFrom::Start(length))?;
        if let Err(error) = file.write_all(&text) {
            // If this fails too, the half line is skipped later.
            let _ = file.set_len(length);
            return Err(error);
        }
        self.lines += if length == 0 { 2 } else { 1 };
        self.read = self.read.map(|read| Place { offset: length + text.len() as u64, ..read });
        self.apply(line);
        Ok(())
    }

    /// Writes the file again if most of its lines are obsolete.
    ///
    /// # Errors
    /// The file cannot be written. Then the old one stays.
    pub(super) fn compact(&mut self) -> io::Result<()> {
        if self.lines <= 2 * (self.entries.len() + self.pairs.len()) + OBSOLETE {
            return Ok(());
        }
        let mut text = in_json(&Line::Illustrated { version: VERSION })?;
        for entry in self.entries.values() {
            text.extend(in_json(&Line::Page(Box::new(entry.clone())))?);
        }
        for pair in self.pairs.values() {
            text.extend(in_json(&Line::Pair(pair.clone()))?);
        }
        replace(&self.path, &text)?;
        self.read = None;
        self.update()
    }

    /// Returns the page of the other end of a session, if it has no pair yet.
    pub(super) fn partner_of(&self, entry: &Entry) -> Option<Name> {
        let (random, role) = (entry.random.as_ref()?, entry.name.role.peer()?);
        // Both ends of a session end at about the same time.
        let last = self.entries.values().rev().take(PARTNERS);
        let mut others = last.filter(|other| other.name.role == role);
        let other = others.find(|other| other.random.as_ref() == Some(random))?;
        (!self.paired.contains_key(&other.name)).then_some(other.name)
    }

    /// Returns a number that no pair in the list has.
    pub(super) fn next_pair(&self) -> u32 {
        self.pairs.keys().max().map_or(1, |last| last.saturating_add(1))
    }
}

fn in_json(line: &Line) -> io::Result<Vec<u8>> {
    let mut text = serde_json::to_vec(line)?;
    text.push(b'\n');
    Ok(text)
}

fn ends_with_newline(file: &mut File) -> io::Result<bool> {
    let mut last = [0];
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut last)?;
    Ok(last == *b"\n")
}

/// Opens the file, or makes it. It has to belong to us.
fn open(path: &Path) -> io::Result<File> {
    let file = folder::open(path)?;
    if file.metadata()?.uid() != geteuid().as_raw() {
        return Err(io::Error::other("belongs to another user"));
    }
    Ok(file)
}

/// Replaces a file in one step, so that no reader sees a half file.
///
/// # Errors
/// The file cannot be written. Then the old one stays.
pub(super) fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut new = path.as_os_str().to_owned();
    new.push(".new");
    let new = PathBuf::from(new);
    // A program that ended during a write has left it.
    match fs::remove_file(&new) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    folder::write_new(&new, content)?;
    fs::rename(&new, path).inspect_err(|_| {
        // The first error says more.
        let _ = fs::remove_file(&new);
    })
}

#[cfg(test)]
mod tests {
    use testing::folder::TempDir;

    use super::*;

    /// Returns a list file with pages of these numbers.
    fn text(numbers: impl Iterator<Item = u32>) -> Vec<u8> {
        let page = r#""random":null,"began_us":0,"client":"","server":"","agreed":null,"lasted_us":0,"bytes":[0,0],"grade":null"#;
        let first = in_json(&Line::Illustrated { version: VERSION }).unwrap();
        let lines = numbers.map(|number| {
            format!("{{\"page\":{{\"name\":\"server-{number}\",{page},\"outcome\":\"\",\"size\":1}}}}\n")
                .into_bytes()
        });
        [first].into_iter().chain(lines).flatten().collect()
    }

    /// Many file systems give a new file the inode of a file that was removed last.
    #[test]
    fn a_file_that_others_have_written_again_twice_is_read_from_its_beginning() {
        let folder = TempDir::new();
        let mut list = List::of(folder.path());
        replace(&list.path, &text(1..=2)).unwrap();
        list.update().unwrap();
        let inode = || fs::metadata(folder.path().join("index.jsonl")).unwrap().ino();
        let first = inode();
        for _ in 0..100 {
            replace(&list.path, &text(3..=9)).unwrap();
            if inode() == first {
                break;
            }
        }
        list.update().unwrap();
        assert_eq!(list.entries().map(|entry| entry.name.number).collect::<Vec<_>>(), Vec::from_iter(3..=9));
    }
}
