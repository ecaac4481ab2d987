//! The folder of the pages. Only their owner may read them, because they have decrypted data.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::process;

use rustls::Side;

use super::names;
use crate::error::ShowError;

/// A folder in which one program writes its pages: `server-1.html`, `server-2.html`, or `client-1.html` and so on.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    /// It begins the name of each page.
    prefix: &'static str,
    /// The number of the next page, unless another program has taken that name.
    next: u64,
}

impl Folder {
    /// Opens the folder for the pages of a program that plays the role `local`. Makes a missing folder, which only
    /// its owner may use.
    ///
    /// # Errors
    /// The folder cannot be made, read or written to.
    pub fn open(path: &Path, local: Side) -> Result<Self, ShowError> {
        Self::with_prefix(path, names::side(local))
    }

    /// Opens the folder for the pages of captures: `capture-1.html` and so on.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn for_captures(path: &Path) -> Result<Self, ShowError> {
        Self::with_prefix(path, "capture")
    }

    fn with_prefix(path: &Path, prefix: &'static str) -> Result<Self, ShowError> {
        make(path)?;
        let last = probe(path).and_then(|()| last_number(path, prefix)).map_err(|error| {
            let path = path.display();
            ShowError(format!(
                "cannot write to {path}, the folder of --illustrate: {error}; give it another folder"
            ))
        })?;
        Ok(Self { path: path.to_owned(), prefix, next: last.saturating_add(1) })
    }

    /// Writes a page under the next free name, and returns its path. Makes the folder again if it was removed.
    ///
    /// # Errors
    /// The page cannot be written, for example because the disk is full. A partial page is removed.
    pub fn write(&mut self, page: &str) -> Result<PathBuf, ShowError> {
        let (path, mut file) = self.create()?;
        if let Err(error) = file.write_all(page.as_bytes()) {
            // An error of the removal is ignored. The error of the write says more.
            let _ = fs::remove_file(&path);
            return Err(unwritable(&path, &error));
        }
        Ok(path)
    }

    fn create(&mut self) -> Result<(PathBuf, File), ShowError> {
        make(&self.path)?;
        loop {
            let path = self.path.join(format!("{}-{}.html", self.prefix, self.next));
            match create(&path) {
                Ok(file) => {
                    self.next = self.next.saturating_add(1);
                    return Ok((path, file));
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists && self.next < u64::MAX => {
                    self.next += 1;
                }
                Err(error) => return Err(unwritable(&path, &error)),
            }
        }
    }
}

fn make(folder: &Path) -> Result<(), ShowError> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(|error| {
        let path = folder.display();
        ShowError(format!("cannot make the folder {path} for --illustrate: {error}; give it another folder"))
    })
}

fn unwritable(page: &Path, error: &io::Error) -> ShowError {
    ShowError(format!("cannot write {}: {error}", page.display()))
}

/// Returns the highest number of our pages in the folder, or 0. A number of more than 32 bits does not belong to a page.
fn last_number(folder: &Path, prefix: &str) -> io::Result<u64> {
    let mut last = 0;
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name();
        let number = name.to_str().and_then(|name| number_of(name, prefix));
        last = last.max(number.map_or(0, u64::from));
    }
    Ok(last)
}

fn number_of(name: &str, prefix: &str) -> Option<u32> {
    name.strip_prefix(prefix)?.strip_prefix('-')?.strip_suffix(".html")?.parse().ok()
}

fn create(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

/// Makes a file and removes it again. Permissions alone do not tell whether files can be made.
fn probe(folder: &Path) -> io::Result<()> {
    let path = folder.join(format!(".illustrate-{}", process::id()));
    create(&path)?;
    fs::remove_file(path)
}
