//! The folder of the pages. Only their owner may read them, because they have decrypted data.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::file_name::{Name, Role};
use crate::error::ShowError;

/// It begins the names of files that are not complete.
const TEMPORARY: &str = ".illustrate-";

/// A folder in which one program writes its pages: `server-1.html`, `server-2.html`, or `client-1.html` and so on.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    /// It begins the name of each page.
    role: Role,
    /// The number of the next page, unless another program has taken that name.
    next: u32,
}

impl Folder {
    /// Opens the folder for pages of this role. Makes a missing folder, which only its owner may use.
    ///
    /// # Errors
    /// The folder cannot be made, read or written to.
    pub fn open(path: &Path, role: impl Into<Role>) -> Result<Self, ShowError> {
        let role = role.into();
        make(path)?;
        let last = probe(path).and_then(|()| last_number(path, role)).map_err(|error| {
            let path = path.display();
            ShowError(format!(
                "cannot write to {path}, the folder of --illustrate: {error}; give it another folder"
            ))
        })?;
        Ok(Self { path: path.to_owned(), role, next: last.saturating_add(1) })
    }

    /// Returns the path of the folder.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the path of a page.
    pub fn page(&self, name: Name) -> PathBuf {
        self.path.join(format!("{name}.html"))
    }

    /// Returns the path of the data that a page was drawn from.
    fn data(&self, name: Name) -> PathBuf {
        self.path.join(format!("{name}.json"))
    }

    /// Writes the data that a page was drawn from.
    ///
    /// # Errors
    /// The file exists, or cannot be written. A partial file is removed.
    pub(super) fn write_data(&self, name: Name, data: &[u8]) -> Result<(), ShowError> {
        let path = self.data(name);
        write_new(&path, data).map_err(|error| unwritable(&path, &error))
    }

    /// Writes a page under the next free name, with which `draw` draws it. Returns the name and the number of bytes. Makes
    /// the folder again if it was removed.
    ///
    /// A page has its name only when it is complete, so a program that is killed leaves no partial page.
    ///
    /// # Errors
    /// The page cannot be written, for example because the disk is full.
    pub fn write(&mut self, draw: impl Fn(Name) -> String) -> Result<(Name, usize), ShowError> {
        make(&self.path)?;
        loop {
            let name = Name { role: self.role, number: self.next };
            let path = self.page(name);
            let is_last = self.next == u32::MAX;
            self.next = self.next.saturating_add(1);
            let is_taken = path.symlink_metadata().is_ok() || self.data(name).symlink_metadata().is_ok();
            if is_taken && !is_last {
                continue;
            }
            let page = draw(name);
            match self.place(&path, page.as_bytes()) {
                Ok(()) => return Ok((name, page.len())),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists && !is_last => {}
                Err(error) => return Err(unwritable(&path, &error)),
            }
        }
    }

    /// Writes a file, and then gives it a name that no other file has.
    fn place(&self, path: &Path, content: &[u8]) -> io::Result<()> {
        let mut file = temporary(&self.path)?;
        // Errors of `file` itself would name the temporary file.
        file.as_file_mut().write_all(content)?;
        file.persist_noclobber(path)?;
        Ok(())
    }
}

fn make(folder: &Path) -> Result<(), ShowError> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(|error| {
        let path = folder.display();
        ShowError(format!("cannot make the folder {path} for --illustrate: {error}; give it another folder"))
    })
}

fn unwritable(page: &Path, error: &io::Error) -> ShowError {
    let next = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "free some space",
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => "make its folder writable",
        _ => "give --illustrate another folder",
    };
    ShowError(format!("cannot write {}: {error}; {next}", page.display()))
}

/// Returns the highest number of the pages of this role in the folder, or 0.
fn last_number(folder: &Path, role: Role) -> io::Result<u32> {
    let mut last = 0;
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name();
        let page = name.to_str().and_then(|name| name.strip_suffix(".html")?.parse::<Name>().ok());
        last = last.max(page.filter(|page| page.role == role).map_or(0, |page| page.number));
    }
    Ok(last)
}

/// Creates a file that only its owner may read.
fn create(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

/// Writes a new file, which only its owner may read.
///
/// # Errors
/// The file exists, or cannot be written. A partial file is removed.
pub(super) fn write_new(path: &Path, content: &[u8]) -> io::Result<()> {
    create(path)?.write_all(content).inspect_err(|_| {
        // An error of the removal is ignored. The error of the write says more.
        let _ = fs::remove_file(path);
    })
}

/// Opens a file, or makes it. It has to be a regular file. Does not follow a symbolic link, and does not wait for the other
/// end of a pipe.
pub(super) fn open(path: &Path) -> io::Result<File> {
    let flags = libc::O_NOFOLLOW | libc::O_NONBLOCK;
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false).mode(0o600).custom_flags(flags);
    let file = options.open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("is not a regular file"));
    }
    Ok(file)
}

/// Makes a file and removes it again. Permissions alone do not tell whether files can be made.
fn probe(folder: &Path) -> io::Result<()> {
    temporary(folder)?.close()
}

/// Makes a file that is removed unless it gets another name. The error does not name the file, because the user does not
/// know it.
fn temporary(folder: &Path) -> io::Result<NamedTempFile> {
    tempfile::Builder::new().prefix(TEMPORARY).make_in(folder, create)
}
