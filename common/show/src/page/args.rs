//! `--illustrate` on the command line.

use std::path::PathBuf;
use std::time::{Instant, SystemTime};

use program::ending::Endings;

use super::folder::Folder;
use super::{Clock, Illustrator};
use crate::error::ShowError;

/// `--illustrate` on the command line.
#[derive(clap::Args, Clone, Debug, Default)]
pub struct PageArgs {
    /// Draw each session as a page with decrypted data: DIR/server-N.html or DIR/client-N.html
    #[arg(long, value_name = "DIR")]
    illustrate: Option<PathBuf>,
}

impl PageArgs {
    /// Opens the illustrator that the flag asks for, if any. `start` is the present time.
    ///
    /// # Errors
    /// Pages cannot be written to the folder, or the system cannot start another thread.
    pub fn open(&self, endings: &Endings, start: Instant) -> Result<Option<Illustrator>, ShowError> {
        let Some(path) = &self.illustrate else { return Ok(None) };
        let clock = Clock { instant: start, utc: SystemTime::now() };
        let us = endings.local();
        let folder = Folder::open(path, us)?;
        let illustrator = Illustrator::new(endings.clone(), clock, folder).map_err(|error| {
            ShowError::new(format!("cannot start the thread that draws pages for --illustrate: {error}"))
        })?;
        Ok(Some(illustrator))
    }
}
