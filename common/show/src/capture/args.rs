//! `--capture` on the command line.

use std::io::{self, IsTerminal as _};
use std::os::fd::AsFd as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

use log::warn;
use program::outlet::Outlet;
use rustls::Side;

use super::Capture;
use super::file::{Created, Output};
use crate::error::ShowError;

/// `--capture` on the command line.
#[derive(clap::Args, Clone, Debug, Default)]
pub struct CaptureArgs {
    /// Write all sessions and their secrets to the new FILE, for Wireshark; `-` means stdout
    #[arg(long, value_name = "FILE")]
    capture: Option<PathBuf>,
}

impl CaptureArgs {
    /// Returns whether the capture goes to stdout, as with tcpdump.
    pub fn takes_stdout(&self) -> bool {
        let names = ["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"].map(Path::new);
        self.capture.as_deref().is_some_and(|path| names.contains(&path))
    }

    /// Opens the capture that the flag asks for, if any. The program plays the role `local`.
    ///
    /// # Errors
    /// The file exists or cannot be created, or stdout is a terminal.
    pub fn open(&self, local: Side, start: Instant) -> Result<Option<Capture>, ShowError> {
        let Some(path) = &self.capture else { return Ok(None) };
        let name = if self.takes_stdout() { "stdout".into() } else { path.to_string_lossy() };
        let unwritable =
            |error: io::Error| ShowError::new(format!("--capture: {name} cannot be written: {error}"));
        let capture = if self.takes_stdout() {
            if io::stdout().is_terminal() {
                return Err(ShowError::new(
                    "--capture: stdout is a terminal; name a file, or append `| tshark -r -`".to_owned(),
                ));
            }
            let stdout = Outlet::new(io::stdout().as_fd()).map_err(unwritable)?;
            Capture::start(local, start, |blocks| Output::into_stream(blocks, stdout)).map_err(unwritable)?
        } else {
            let (file, created) =
                Created::new(path).map_err(|why| ShowError::new(format!("--capture: {name} {why}")))?;
            let mut capture = Capture::new(local, start, file).map_err(unwritable)?;
            capture.empty = Some(created);
            capture
        };
        warn!("--capture: {name} holds the secrets of its sessions; any reader of {name} can decrypt them");
        Ok(Some(capture))
    }
}
