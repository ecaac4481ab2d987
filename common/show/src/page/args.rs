//! `--illustrate` on the command line.

use std::path::PathBuf;
use std::time::{Instant, SystemTime};

use program::ending::Endings;

use super::folder::Folder;
use super::{Clock, Illustrator};
use crate::args::ShowError;

/// Says whether to draw, and where the pages go.
#[derive(clap::Args, Clone, Debug, Default)]
pub struct PageArgs {
    /// Draw each session as a page with decrypted data: DIR/server-N.html or DIR/client-N.html
    #[arg(long, value_name = "DIR")]
    illustrate: Option<PathBuf>,
}

impl PageArgs {
    /// Returns the illustrator that was asked for, if any. `start` is this moment.
    ///
    /// # Errors
    /// Pages cannot be written to the folder, or the system cannot start another thread.
    pub fn open(&self, endings: &Endings, start: Instant) -> Result<Option<Illustrator>, ShowError> {
        let Some(path) = &self.illustrate else { return Ok(None) };
        let clock = Clock { instant: start, utc: SystemTime::now() };
        let us = endings.local();
        let folder = Folder::open(path, us).map_err(|error| ShowError::new(error.to_string()))?;
        let illustrator = Illustrator::new(endings.clone(), clock, folder).map_err(|error| {
            ShowError::new(format!("cannot start the thread that draws pages for --illustrate: {error}"))
        })?;
        Ok(Some(illustrator))
    }
}
