//! Creates the files of traces and captures.

use std::fs::{File, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use crate::links;

/// Creates a file that only its owner may read or write.
///
/// # Errors
/// The file exists, cannot be created, or a symbolic link of another user leads to its folder. The sentence does not name
/// the file.
pub(crate) fn create(path: &Path) -> Result<File, String> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    // The file itself is new, so it is not a link. Its folder may be one.
    if let Some(folder) = folder {
        links::follow(folder)?;
    }
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(|error| {
        match (error.kind(), folder) {
            (ErrorKind::AlreadyExists, _) => "exists already; name another file, or remove it".to_owned(),
            (ErrorKind::NotFound, Some(folder)) => {
                format!("cannot be created: there is no folder {}; `mkdir -p` makes it", folder.display())
            }
            _ => format!("cannot be created: {error}; name another file"),
        }
    })
}
