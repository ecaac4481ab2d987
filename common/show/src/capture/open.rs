//! Opens the capture that the command line asks for.

use std::io::{self, IsTerminal as _};
use std::os::fd::AsFd as _;
use std::path::Path;
use std::time::Instant;

use log::warn;
use program::outlet::Outlet;
use rustls::Side;

use super::Capture;
use super::file::{Created, Output};
use crate::error::ShowError;

/// Returns whether a path names stdout, as with tcpdump.
pub(crate) fn is_stdout(path: &Path) -> bool {
    ["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"].map(Path::new).contains(&path)
}

/// Opens a capture to a new file, or to stdout. The program plays the role `local`.
///
/// # Errors
/// The file exists or cannot be created, or stdout is a terminal.
pub(crate) fn open(path: &Path, local: Side, start: Instant) -> Result<Capture, ShowError> {
    let name = if is_stdout(path) { "stdout".into() } else { path.to_string_lossy() };
    let unwritable = |error: io::Error| ShowError(format!("--capture: {name} cannot be written: {error}"));
    let capture = if is_stdout(path) {
        if io::stdout().is_terminal() {
            let why = "--capture: stdout is a terminal; name a file, or append `| tshark -r -`";
            return Err(ShowError(why.to_owned()));
        }
        let stdout = Outlet::new(io::stdout().as_fd()).map_err(unwritable)?;
        Capture::start(local, start, |blocks| Output::into_stream(blocks, stdout)).map_err(unwritable)?
    } else {
        let (file, created) =
            Created::new(path).map_err(|why| ShowError(format!("--capture: {name} {why}")))?;
        let mut capture = Capture::new(local, start, file).map_err(unwritable)?;
        capture.empty = Some(created);
        capture
    };
    warn!("--capture: {name} holds the secrets of its sessions; any reader of {name} can decrypt them");
    Ok(capture)
}
