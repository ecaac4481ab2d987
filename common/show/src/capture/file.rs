//! The output of a capture: a new file, which has whole blocks only at any time, or stdout.

use std::fs::{self, File};
use std::io::{self, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

use program::outlet::{Outlet, Queue};

use super::blocks::Blocks;
use crate::new_file;

/// Recording stops when more bytes than this wait for the reader of a stream.
const MAX_QUEUED: usize = 4 * 1024 * 1024;

/// A file that this program has created.
pub(super) struct Created {
    pub(super) path: PathBuf,
    /// Its device and its inode, by which it is known even if it has another name.
    inode: (u64, u64),
}

impl Created {
    /// Creates a file.
    ///
    /// # Errors
    /// The file exists, or cannot be created. The sentence does not name the file.
    pub(super) fn new(path: &Path) -> Result<(File, Self), String> {
        let file = new_file::create(path)?;
        let metadata = file.metadata().map_err(|error| format!("cannot be looked at: {error}"))?;
        let created = Self { path: path.to_owned(), inode: (metadata.dev(), metadata.ino()) };
        Ok((file, created))
    }

    /// Removes the file, unless its name belongs to another file by now.
    pub(super) fn remove(&self) -> io::Result<()> {
        let metadata = fs::metadata(&self.path)?;
        if (metadata.dev(), metadata.ino()) != self.inode {
            return Err(io::Error::other("its name belongs to another file now"));
        }
        fs::remove_file(&self.path)
    }
}

/// Blocks and their target. Blocks for a file are written at once, so that they survive a program that is killed.
pub(super) struct Output {
    pub(super) blocks: Blocks,
    target: Target,
}

/// The target of blocks. It has whole blocks only, or its queue has the rest of the last one.
enum Target {
    /// A file and its length.
    File { file: File, length: u64 },
    /// stdout, whose reader may be slow.
    Stream(Queue),
    /// Writing has ended for good.
    Closed,
}

impl Output {
    /// Makes the output to a file. The first blocks are not written yet.
    pub(super) fn into_file(blocks: Blocks, file: File) -> Self {
        Self { blocks, target: Target::File { file, length: 0 } }
    }

    /// Makes the output to a stream. The first blocks are not written yet.
    pub(super) fn into_stream(blocks: Blocks, stream: Outlet) -> Self {
        Self { blocks, target: Target::Stream(Queue::new(stream)) }
    }

    /// Returns whether blocks can still be written, now or later.
    pub(super) fn is_open(&self) -> bool {
        !matches!(self.target, Target::Closed)
    }

    /// Writes the new blocks in one call.
    ///
    /// # Errors
    /// The disk is full, or the stream has no reader. Call [`stop`](Self::stop) then.
    pub(super) fn write(&mut self) -> io::Result<()> {
        let bytes = self.blocks.bytes();
        match &mut self.target {
            Target::File { file, length } if !bytes.is_empty() => {
                file.write_all(bytes)?;
                *length += bytes.len() as u64;
            }
            Target::Stream(queue) if queue.len() > MAX_QUEUED => {
                return Err(io::Error::new(io::ErrorKind::TimedOut, "its reader does not read"));
            }
            Target::Stream(queue) => queue.push(bytes)?,
            Target::File { .. } | Target::Closed => {}
        }
        self.blocks.clear();
        Ok(())
    }

    /// Returns whether bytes wait for the reader of the stream.
    pub(super) fn is_behind(&self) -> bool {
        matches!(&self.target, Target::Stream(queue) if !queue.is_empty())
    }

    /// Writes waiting bytes, as many as the stream takes.
    ///
    /// # Errors
    /// Those of `write(2)`.
    pub(super) fn catch_up(&mut self) -> io::Result<()> {
        if let Target::Stream(queue) = &mut self.target { queue.flush() } else { Ok(()) }
    }

    /// Removes a partial block after a write that failed. Returns the consequence for the reader of the capture.
    pub(super) fn stop(&mut self, error: &io::Error) -> &'static str {
        self.blocks.clear();
        let (goes_on, consequence) = match &mut self.target {
            Target::File { file, length } => match truncate(file, *length) {
                Ok(()) => (true, "the file is complete up to here; it continues with a later session"),
                Err(_) => (false, "its last block is incomplete"),
            },
            Target::Stream(_) if error.kind() == io::ErrorKind::BrokenPipe => (false, "its reader is gone"),
            Target::Stream(_) => (true, "it continues with a later session"),
            Target::Closed => (false, "it was closed before"),
        };
        if !goes_on {
            self.target = Target::Closed;
        }
        consequence
    }

    /// Waits for the reader of the stream until `until`. Returns the number of bytes that it has not taken.
    pub(super) fn finish(&mut self, until: Instant) -> usize {
        let Target::Stream(queue) = &mut self.target else { return 0 };
        // The error is ignored, because the result counts the bytes that were not written.
        let _ = queue.finish(until);
        queue.len()
    }
}

/// Cuts the file to this length. The next write appends to it.
fn truncate(file: &mut File, length: u64) -> io::Result<()> {
    file.set_len(length)?;
    file.seek(SeekFrom::Start(length)).map(drop)
}
