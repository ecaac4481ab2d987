//! The file of a capture: new, for its owner alone, and made of whole blocks at any time.

use std::fmt;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use log::warn;

use super::blocks::Blocks;

/// Makes a new file.
///
/// # Errors
/// A sentence that says what is in the way, without the name of the file.
pub(super) fn create(path: &Path) -> Result<(File, Made), String> {
    let create = || {
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        let made = Made { path: path.to_owned(), inode: Inode::of(&file.metadata()?) };
        Ok((file, made))
    };
    create().map_err(|error: io::Error| {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        match (error.kind(), folder) {
            (io::ErrorKind::AlreadyExists, _) => {
                "exists already, and is not overwritten; name another file, or remove it".to_owned()
            }
            (io::ErrorKind::NotFound, Some(folder)) => {
                format!("cannot be created: there is no folder {}; `mkdir -p` makes it", folder.display())
            }
            _ => format!("cannot be created: {error}; name another file"),
        }
    })
}

/// A file that was made, and how to know it again.
pub(super) struct Made {
    path: PathBuf,
    inode: Inode,
}

/// A file, whatever its name.
#[derive(PartialEq, Eq)]
struct Inode {
    device: u64,
    number: u64,
}

impl Inode {
    fn of(metadata: &Metadata) -> Self {
        Self { device: metadata.dev(), number: metadata.ino() }
    }
}

impl Made {
    /// Removes it, unless its name is another file's by now.
    pub(super) fn remove(&self) -> io::Result<()> {
        if Inode::of(&fs::metadata(&self.path)?) != self.inode {
            return Err(io::Error::other("it is another file by now"));
        }
        fs::remove_file(&self.path)
    }
}

impl fmt::Display for Made {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.path.display().fmt(f)
    }
}

/// Blocks, and the file they go to. There is no buffer between them: what was written survives the program, however it
/// ends.
pub(super) struct Tape {
    pub(super) blocks: Blocks,
    /// `None` once writing has failed.
    file: Option<File>,
    /// How long the file is, in whole blocks.
    length: u64,
}

impl Tape {
    /// A tape whose first blocks are not written yet.
    pub(super) fn new(blocks: Blocks, file: File) -> Self {
        Self { blocks, file: Some(file), length: 0 }
    }

    /// Whether what is recorded still has somewhere to go.
    pub(super) fn is_open(&self) -> bool {
        self.file.is_some()
    }

    /// Writes the blocks that have come, in one call.
    pub(super) fn write(&mut self) -> io::Result<()> {
        let bytes = self.blocks.bytes();
        if let Some(file) = &mut self.file
            && !bytes.is_empty()
        {
            file.write_all(bytes)?;
            self.length += bytes.len() as u64;
            self.blocks.clear();
        }
        Ok(())
    }

    /// Reports that it ends here. What is there stays readable: a block that is not whole is taken back.
    pub(super) fn end(&mut self, error: &io::Error) {
        let Some(file) = self.file.take() else { return };
        let whole = match file.set_len(self.length) {
            Ok(()) => "what came before is whole",
            Err(_) => "its last block is cut off",
        };
        warn!("the capture ends here, it cannot be written: {error}; {whole}");
        self.blocks.clear();
    }
}
