//! `--key-log FILE`, or `SSLKEYLOGFILE`: writes the secrets of each session, for programs that decrypt a capture.
//!
//! Each secret becomes a line in the NSS key log format, as soon as rustls has derived it. Any program that can read the
//! file can decrypt the sessions. Therefore three kinds of files are refused: the file of another user, a file that
//! others may read or write, and a path through a symbolic link of another user.

use std::env;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use log::warn;
use program::logging;
use rustix::process::geteuid;
use rustls::KeyLog;

use crate::error::ShowError;
use crate::lines::Lines;
use crate::links;
use decode::secrets::Secret;

/// The environment variable that Firefox, curl and many others use.
const VARIABLE: &str = "SSLKEYLOGFILE";

/// The permission bits of the group and of all other users.
const OTHERS: u32 = 0o077;

/// Opens the key log that the flag or the environment asks for. The flag wins. An empty variable names no file.
///
/// The variable may have been set for another program. If its file cannot be used, a warning says so, and there is no
/// key log.
///
/// # Errors
/// The file of the flag is refused, or cannot be opened for appending.
pub(crate) fn open(flag: Option<&Path>) -> Result<Option<KeyLogFile>, ShowError> {
    let variable = || env::var_os(VARIABLE).filter(|path| !path.is_empty()).map(PathBuf::from);
    let Some(path) = flag.map(Path::to_owned).or_else(variable) else { return Ok(None) };
    let (by, name) = (if flag.is_some() { "--key-log" } else { VARIABLE }, path.display());
    let lines = match lines(&path) {
        Ok(lines) => lines,
        Err(why) if flag.is_none() => {
            warn!("{by}: {name}: {why}; no secrets are written");
            return Ok(None);
        }
        Err(why) => return Err(ShowError(format!("{by}: {name}: {why}"))),
    };
    let warning = format_args!(
        "{by}: session secrets are written to {name}; any reader of this file can decrypt the sessions"
    );
    if flag.is_none() {
        logging::warn_unless_off(warning); // the variable may be meant for another program
    } else {
        warn!("{warning}");
    }
    Ok(Some(KeyLogFile { lines: Mutex::new(lines) }))
}

/// Opens the file for appending. Its last line may be incomplete, if a disk was full.
///
/// # Errors
/// The file is refused, or cannot be opened. The sentence does not name it.
fn lines(path: &Path) -> Result<Lines<File>, String> {
    if path == Path::new("-") {
        return Err("cannot write secrets to stdout; name a file".to_owned());
    }
    let path = links::follow(path)?;
    // Check before opening, because opening a device or a pipe may have an effect. Check again afterwards, because the name
    // may belong to another file by then.
    if let Ok(metadata) = fs::symlink_metadata(&path) {
        check(&metadata)?;
    }
    // O_NONBLOCK: a pipe without a reader would block the program. Regular files ignore the flag.
    let file = OpenOptions::new()
        .read(true)
        .append(true)
        .create(true)
        .mode(0o600)
        .custom_flags(libc::O_NONBLOCK | libc::O_NOFOLLOW)
        .open(path)
        .map_err(|error| cannot_open(&error))?;
    let metadata = file.metadata().map_err(|error| cannot_open(&error))?;
    check(&metadata)?;
    let mut last = *b"\n";
    if let Some(end) = metadata.len().checked_sub(1) {
        file.read_exact_at(&mut last, end).map_err(|error| cannot_open(&error))?;
    }
    let lines = Lines::new("the key log", file);
    Ok(if last == *b"\n" { lines } else { lines.after_partial_line() })
}

fn check(metadata: &Metadata) -> Result<(), String> {
    let (mode, owner) = (metadata.permissions().mode() & 0o777, metadata.uid());
    if !metadata.is_file() {
        Err("is not a regular file; name a regular or a new file".to_owned())
    } else if owner != geteuid().as_raw() {
        Err(format!("belongs to another user ({owner}), who could read the secrets; name another file"))
    } else if mode & OTHERS != 0 {
        Err(format!("is accessible to other users (mode {mode:04o}); `chmod 600` it, or name another file"))
    } else {
        Ok(())
    }
}

fn cannot_open(error: &io::Error) -> String {
    let remedy = match error.kind() {
        io::ErrorKind::NotFound => "make its folder first",
        _ => "name another file",
    };
    format!("cannot be opened for appending: {error}; {remedy}")
}

/// Appends the secrets that rustls derives to a file.
#[derive(Debug)]
pub struct KeyLogFile {
    lines: Mutex<Lines<File>>,
}

impl KeyLog for KeyLogFile {
    fn log(&self, label: &str, client_random: &[u8], secret: &[u8]) {
        let secret = Secret::new(label, client_random, secret);
        // A panic of another thread cannot leave `Lines` in a wrong state.
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).write(Instant::now(), &secret.line());
    }
}

/// Passes secrets to several key logs, because rustls takes only one.
#[derive(Debug)]
pub(crate) struct FanOut(pub(crate) Vec<Arc<dyn KeyLog>>);

impl KeyLog for FanOut {
    fn will_log(&self, label: &str) -> bool {
        self.0.iter().any(|key_log| key_log.will_log(label))
    }

    fn log(&self, label: &str, client_random: &[u8], secret: &[u8]) {
        for key_log in &self.0 {
            key_log.log(label, client_random, secret);
        }
    }
}
