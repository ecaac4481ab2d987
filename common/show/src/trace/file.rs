//! The file of `--trace-to`.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::time::Instant;

use program::logging::{self, LineFormat as _};

use super::json::LogLines;
use super::open::Form;
use crate::error::ShowError;
use crate::new_file;

/// Creates the file of the trace. Only its owner may read it, because a trace quotes application data. An existing
/// pipe or device is opened for writing.
///
/// # Errors
/// The file exists, or cannot be created.
pub(super) fn create(path: &Path) -> Result<File, ShowError> {
    let is_stream = fs::metadata(path).is_ok_and(|metadata| !metadata.is_file() && !metadata.is_dir());
    let file = if is_stream {
        stream(path).map_err(|error| format!("cannot be opened: {error}; name another file"))
    } else {
        new_file::create(path)
    };
    file.map_err(|why| ShowError(format!("--trace-to: {} {why}", path.display())))
}

/// Makes a program that fails write its last line to the file as well.
///
/// # Errors
/// There is no free file descriptor.
pub(super) fn end_with_failure(
    path: &Path,
    file: &File,
    form: Form,
    start: Instant,
) -> Result<(), ShowError> {
    let file = file.try_clone().map_err(|error| {
        ShowError(format!("--trace-to: {} cannot be opened twice: {error}", path.display()))
    })?;
    let lines = LogLines::since(start);
    logging::on_failure(Box::new(move |program, message| {
        let line = match form {
            Form::Text | Form::Fields => format!("{program}: {message}"),
            Form::Json => lines.failure(program, message),
        };
        // The error is ignored: stderr has the same line, and the program ends.
        let _ = (&file).write_all(format!("{line}\n").as_bytes());
    }));
    Ok(())
}

/// Opens a pipe or a device. With O_NONBLOCK a pipe without a reader cannot block the program: lines are dropped and
/// counted.
fn stream(path: &Path) -> io::Result<File> {
    OpenOptions::new().append(true).custom_flags(libc::O_NONBLOCK).open(path)
}
