//! The file of `--trace-to`.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::time::Instant;

use program::logging::{self, Form as _};

use super::args::Form;
use super::json::LogLines;
use crate::args::ShowError;
use crate::links;

/// Makes the file, for its owner alone: a trace quotes what the applications say. A pipe or a device that is there already
/// is written to.
///
/// # Errors
/// Says what is in the way, and what to do.
pub(super) fn create(path: &Path) -> Result<File, ShowError> {
    let because = |why: String| ShowError::new(format!("--trace-to: {} {why}", path.display()));
    if let Some(folder) = path.parent() {
        links::follow(folder).map_err(|refusal| because(refusal.to_string()))?;
    }
    let is_stream = fs::metadata(path).is_ok_and(|metadata| !metadata.is_file() && !metadata.is_dir());
    let file = if is_stream { stream(path) } else { new(path) };
    file.map_err(|error| {
        because(match error.kind() {
            ErrorKind::AlreadyExists => {
                "exists already, and is not overwritten; name another file, or remove it".to_owned()
            }
            _ => format!("cannot be created: {error}; name another file"),
        })
    })
}

/// Has the last line of a program that fails written to the file as well, as its last line.
///
/// # Errors
/// No file descriptor is left.
pub(super) fn end_with_failure(
    path: &Path,
    file: &File,
    form: Form,
    start: Instant,
) -> Result<(), ShowError> {
    let file = file.try_clone().map_err(|error| {
        ShowError::new(format!("--trace-to: {} cannot be opened twice: {error}", path.display()))
    })?;
    let lines = LogLines { start };
    logging::on_failure(Box::new(move |program, message| {
        let line = match form {
            Form::Text => format!("{program}: {message}"),
            Form::Json => lines.failure(program, message),
        };
        // Ignored: stderr has the same line, and the program ends.
        let _ = (&file).write_all(format!("{line}\n").as_bytes());
    }));
    Ok(())
}

fn new(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

/// O_NONBLOCK: a pipe that nobody reads must not hold the program up. Its lines are dropped and counted.
fn stream(path: &Path) -> io::Result<File> {
    OpenOptions::new().append(true).custom_flags(libc::O_NONBLOCK).open(path)
}
