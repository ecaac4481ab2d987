//! `--illustrate` on the command line.

use std::path::PathBuf;
use std::time::{Instant, SystemTime};

use rustls::Side;

use super::folder::{Folder, FolderError};
use super::{Clock, Illustrator};

/// Whether to draw, and where the pages go.
#[derive(clap::Args, Clone, Debug, Default)]
pub struct PageArgs {
    /// Draw each session: DIR/session-N.html, with all that was decrypted
    #[arg(long, value_name = "DIR")]
    illustrate: Option<PathBuf>,
}

impl PageArgs {
    /// The illustrator that was asked for, if any; `start` is this moment.
    ///
    /// # Errors
    /// A folder that pages cannot be written to, or that has some already.
    pub fn open(&self, peer: Side, start: Instant) -> Result<Option<Illustrator>, FolderError> {
        let Some(path) = &self.illustrate else { return Ok(None) };
        let clock = Clock { instant: start, utc: SystemTime::now() };
        Ok(Some(Illustrator::new(peer, clock, Folder::open(path)?)))
    }
}
