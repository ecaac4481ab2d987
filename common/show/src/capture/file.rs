//! The file of a capture: new, for its owner alone, and made of whole blocks at any time.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use log::warn;

use super::blocks::Blocks;

/// Makes a new file.
///
/// # Errors
/// A sentence that says what is in the way, without the name of the file.
pub(super) fn create(path: &Path) -> Result<File, String> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(|error| {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        match (error.kind(), folder) {
            (io::ErrorKind::AlreadyExists, _) => {
                "exists already, and is not overwritten; name another file, or remove it".to_owned()
            }
            (io::ErrorKind::NotFound, Some(folder)) => {
                format!("there is no folder {}; `mkdir -p` makes it", folder.display())
            }
            _ => format!("cannot be created: {error}"),
        }
    })
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
