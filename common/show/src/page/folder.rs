//! Where the pages go. They hold what was encrypted for good reason, so nobody else may read them.

use std::fmt;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::process;

/// A folder that pages can be written to.
#[derive(Debug)]
pub struct Folder(PathBuf);

/// What is wrong with a folder or a page, and what to do next.
#[derive(Debug)]
pub struct FolderError {
    path: PathBuf,
    why: Why,
}

#[derive(Debug)]
enum Why {
    Missing(io::Error),
    Unwritable(io::Error),
    HasPages(String),
    PageExists,
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
            Why::HasPages(name) => {
                write!(
                    f,
                    "{path} has {name} already, and no page is overwritten; give --illustrate another folder"
                )
            }
            Why::PageExists => write!(f, "{path} exists already, and is not overwritten"),
            Why::PageUnwritable(error) => write!(f, "cannot write {path}: {error}"),
        }
    }
}

impl std::error::Error for FolderError {}

impl Folder {
    /// The folder of this path, made for its owner alone if it is missing.
    ///
    /// # Errors
    /// What would make each page fail: it cannot be made, or not be written to, or has pages already.
    pub fn open(path: &Path) -> Result<Self, FolderError> {
        let because = |why| FolderError { path: path.to_owned(), why };
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(path)
            .map_err(|error| because(Why::Missing(error)))?;
        let entries = fs::read_dir(path).map_err(|error| because(Why::Unwritable(error)))?;
        for entry in entries {
            let name = entry.map_err(|error| because(Why::Unwritable(error)))?.file_name();
            let name = name.to_string_lossy();
            if name.starts_with("session-") && name.ends_with(".html") {
                return Err(because(Why::HasPages(name.into_owned())));
            }
        }
        probe(path).map_err(|error| because(Why::Unwritable(error)))?;
        Ok(Self(path.to_owned()))
    }

    /// Writes the page of a session, for its owner alone.
    ///
    /// # Errors
    /// A page that is there already, a full disk. Half a page is not left behind.
    pub fn write(&self, session: u64, page: &str) -> Result<(), FolderError> {
        let path = self.0.join(format!("session-{session}.html"));
        let written = create(&path).and_then(|mut file| {
            file.write_all(page.as_bytes()).inspect_err(|_| {
                // Whatever keeps it from being removed is of less interest than what kept it from being written.
                let _ = fs::remove_file(&path);
            })
        });
        written.map_err(|error| {
            let exists = error.kind() == io::ErrorKind::AlreadyExists;
            FolderError { path, why: if exists { Why::PageExists } else { Why::PageUnwritable(error) } }
        })
    }
}

fn create(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

/// Only a file tells whether files can be made: permissions are not all there is.
fn probe(folder: &Path) -> io::Result<()> {
    let path = folder.join(format!(".illustrate-{}", process::id()));
    create(&path)?;
    fs::remove_file(path)
}
