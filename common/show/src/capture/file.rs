//! Where a capture goes: into a file that is new, for its owner alone, and made of whole blocks at any time; or to stdout.

use std::fmt;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Instant;

use program::outlet::{Outlet, Queue};

use super::blocks::Blocks;
use crate::links;

/// When so many bytes wait for the reader of a stream, recording stops.
const LIMIT: usize = 4 * 1024 * 1024;

/// Makes a new file.
///
/// # Errors
/// A sentence that says what is in the way, without the name of the file.
pub(super) fn create(path: &Path) -> Result<(File, Made), String> {
    // The file itself is new, so it is no link. Its folder may lead through some.
    if let Some(folder) = path.parent() {
        links::follow(folder).map_err(|refusal| refusal.to_string())?;
    }
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

/// Blocks, and where they go. What goes to a file is not kept back: what was written survives the program, however it
/// ends.
pub(super) struct Tape {
    pub(super) blocks: Blocks,
    goes_to: Target,
}

/// Where blocks go. At any time it has whole blocks only, or the rest of the last one waits in its queue.
enum Target {
    /// A file, and how long it is.
    File { file: File, length: u64 },
    /// stdout, whose reader may be slow.
    Stream(Queue),
    /// Nowhere any more.
    Closed,
}

impl Tape {
    /// A tape into a file, whose first blocks are not written yet.
    pub(super) fn into_file(blocks: Blocks, file: File) -> Self {
        Self { blocks, goes_to: Target::File { file, length: 0 } }
    }

    /// A tape into a stream, whose first blocks are not written yet.
    pub(super) fn into_stream(blocks: Blocks, stream: Outlet) -> Self {
        Self { blocks, goes_to: Target::Stream(Queue::new(stream)) }
    }

    /// Whether what is recorded can ever go anywhere.
    pub(super) fn is_open(&self) -> bool {
        !matches!(self.goes_to, Target::Closed)
    }

    /// Writes the blocks that have come, in one call.
    ///
    /// # Errors
    /// The disk is full, or nobody reads the stream. Recording has to stop then.
    pub(super) fn write(&mut self) -> io::Result<()> {
        let bytes = self.blocks.bytes();
        match &mut self.goes_to {
            Target::File { file, length } if !bytes.is_empty() => {
                file.write_all(bytes)?;
                *length += bytes.len() as u64;
            }
            Target::Stream(queue) if queue.len() > LIMIT => {
                return Err(io::Error::new(io::ErrorKind::TimedOut, "its reader does not read"));
            }
            Target::Stream(queue) => queue.push(bytes)?,
            Target::File { .. } | Target::Closed => {}
        }
        self.blocks.clear();
        Ok(())
    }

    /// Whether bytes wait for the reader of the stream.
    pub(super) fn is_behind(&self) -> bool {
        matches!(&self.goes_to, Target::Stream(queue) if !queue.is_empty())
    }

    /// Writes what waits, as far as the stream takes it.
    ///
    /// # Errors
    /// Those of `write(2)`.
    pub(super) fn catch_up(&mut self) -> io::Result<()> {
        if let Target::Stream(queue) = &mut self.goes_to { queue.flush() } else { Ok(()) }
    }

    /// After a write that failed: takes back a block that is not whole. Returns what that means for the reader.
    pub(super) fn stop(&mut self, error: &io::Error) -> &'static str {
        self.blocks.clear();
        let (goes_on, consequence) = match &mut self.goes_to {
            Target::File { file, length } => match take_back(file, *length) {
                Ok(()) => (true, "the file is complete up to here; it continues with a later session"),
                Err(_) => (false, "its last block is incomplete"),
            },
            Target::Stream(_) if error.kind() == io::ErrorKind::BrokenPipe => (false, "its reader is gone"),
            Target::Stream(_) => (true, "it continues with a later session"),
            Target::Closed => (false, "it was closed before"),
        };
        if !goes_on {
            self.goes_to = Target::Closed;
        }
        consequence
    }

    /// Waits for the reader of the stream until `until`. Returns how many bytes it has not taken.
    pub(super) fn finish(&mut self, until: Instant) -> usize {
        let Target::Stream(queue) = &mut self.goes_to else { return 0 };
        // Ignored: what an error leaves unwritten is counted.
        let _ = queue.finish(until);
        queue.len()
    }
}

/// Cuts the file to this length, and writes behind it from now on.
fn take_back(file: &mut File, length: u64) -> io::Result<()> {
    file.set_len(length)?;
    file.seek(SeekFrom::Start(length)).map(drop)
}
