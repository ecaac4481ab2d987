//! The folder of the pages. A page holds decrypted data, so nobody but its owner may read it.

use std::fmt;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::process;

use rustls::Side;

use super::names;

/// A folder in which one program writes its pages: `server-1.html`, `server-2.html`, or `client-1.html` and so on.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    /// The side that this program plays. It begins the name of each page.
    us: Side,
    /// The number of the next page, unless another program has taken that name meanwhile.
    next: u64,
}

/// Says what is wrong with a folder or a page, and what to do next.
#[derive(Debug)]
pub struct FolderError {
    path: PathBuf,
    why: Why,
}

#[derive(Debug)]
enum Why {
    Missing(io::Error),
    Unwritable(io::Error),
    PageUnwritable(io::Error),
}

impl fmt::Display for FolderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display();
        match &self.why {
            Why::Missing(error) => {
                write!(f, "cannot make the folder {path} for --illustrate: {error}; give it another folder")
            }
            Why::Unwritable(error) => {
                write!(
                    f,
                    "cannot write to {path}, the folder of --illustrate: {error}; give it another folder"
                )
            }
            Why::PageUnwritable(error) => write!(f, "cannot write {path}: {error}"),
        }
    }
}

impl std::error::Error for FolderError {}

impl Folder {
    /// Opens the folder for the pages of a program that plays the side `us`. A missing folder is made, for its owner
    /// alone.
    ///
    /// # Errors
    /// Reports what would make each page fail: the folder cannot be made, read or written to.
    pub fn open(path: &Path, us: Side) -> Result<Self, FolderError> {
        let because = |why| FolderError { path: path.to_owned(), why };
        make(path).map_err(|error| because(Why::Missing(error)))?;
        let last = last_number(path, us).map_err(|error| because(Why::Unwritable(error)))?;
        probe(path).map_err(|error| because(Why::Unwritable(error)))?;
        Ok(Self { path: path.to_owned(), us, next: last.saturating_add(1) })
    }

    /// Writes a page under the next free name, for its owner alone, and returns its path. A folder that was removed
    /// meanwhile is made again.
    ///
    /// # Errors
    /// Reports a full disk, for example. Half a page is not left behind.
    pub fn write(&mut self, page: &str) -> Result<PathBuf, FolderError> {
        let (path, mut file) = self.create()?;
        if let Err(error) = file.write_all(page.as_bytes()) {
            // The page is incomplete. Its own error says more than an error of its removal.
            let _ = fs::remove_file(&path);
            return Err(FolderError { path, why: Why::PageUnwritable(error) });
        }
        Ok(path)
    }

    fn create(&mut self) -> Result<(PathBuf, File), FolderError> {
        make(&self.path)
            .map_err(|error| FolderError { path: self.path.clone(), why: Why::Missing(error) })?;
        loop {
            let path = self.path.join(format!("{}-{}.html", names::side(self.us), self.next));
            match create(&path) {
                Ok(file) => {
                    self.next = self.next.saturating_add(1);
                    return Ok((path, file));
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists && self.next < u64::MAX => {
                    self.next += 1;
                }
                Err(error) => return Err(FolderError { path, why: Why::PageUnwritable(error) }),
            }
        }
    }
}

fn make(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

/// Returns the highest number of this program's pages in the folder, 0 if there is none. A name with a number beyond 32
/// bits is nobody's page.
fn last_number(folder: &Path, us: Side) -> io::Result<u64> {
    let mut last = 0;
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name();
        let number = name.to_str().and_then(|name| number_of(name, us));
        last = last.max(number.map_or(0, u64::from));
    }
    Ok(last)
}

fn number_of(name: &str, us: Side) -> Option<u32> {
    name.strip_prefix(names::side(us))?.strip_prefix('-')?.strip_suffix(".html")?.parse().ok()
}

fn create(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

/// Makes a file and removes it again. Permissions alone do not say whether files can be made.
fn probe(folder: &Path) -> io::Result<()> {
    let path = folder.join(format!(".illustrate-{}", process::id()));
    create(&path)?;
    fs::remove_file(path)
}
