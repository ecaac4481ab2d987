//! `--key-log FILE`, or `SSLKEYLOGFILE`: the secrets of every session, for programs that decrypt a capture with them.
//!
//! Lines in the NSS key log format are appended, one for each secret, as soon as rustls has derived it. Whoever can
//! read the file can decrypt the sessions, so it is for its owner alone: a file of somebody else, a file that is open to
//! others, and a symbolic link of somebody else are refused.

use std::env;
use std::fmt;
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

use crate::args::ShowError;
use crate::lines::Lines;
use crate::links;
use decode::secrets::Secret;

/// The variable that Firefox, curl and many others know.
const VARIABLE: &str = "SSLKEYLOGFILE";

/// Whatever a group and everybody else may do.
const OTHERS: u32 = 0o077;

/// Where the secrets go, on the command line.
#[derive(clap::Args, Clone, Debug, Default)]
pub struct KeyLogArgs {
    /// Append the secrets of each session to FILE [default: $SSLKEYLOGFILE]
    #[arg(long, value_name = "FILE")]
    key_log: Option<PathBuf>,
}

impl KeyLogArgs {
    /// The file that was asked for, by the flag or else by the variable. An empty variable asks for none.
    fn asked(&self) -> Option<(&'static str, PathBuf)> {
        let variable = || env::var_os(VARIABLE).filter(|path| !path.is_empty()).map(PathBuf::from);
        match &self.key_log {
            Some(path) => Some(("--key-log", path.clone())),
            None => variable().map(|path| (VARIABLE, path)),
        }
    }

    /// The key log that was asked for. A file that only the variable names may have been named for another program: if
    /// it cannot be used, a warning says so, and there is no key log.
    ///
    /// # Errors
    /// The file of the flag cannot be opened for appending, or is not one's own.
    pub fn open(&self) -> Result<Option<KeyLogFile>, ShowError> {
        let Some((by, path)) = self.asked() else { return Ok(None) };
        let name = path.display();
        let lines = match open(&path) {
            Ok(lines) => lines,
            Err(why) if by == VARIABLE => {
                warn!("{by}: {name}: {why}; no secrets are written");
                return Ok(None);
            }
            Err(why) => return Err(ShowError::new(format!("{by}: {name}: {why}"))),
        };
        let warning = format_args!(
            "{by}: session secrets are written to {name}; any reader of this file can decrypt the sessions"
        );
        if by == VARIABLE {
            logging::warn_unless_off(warning); // nobody has asked this program for it
        } else {
            warn!("{warning}");
        }
        Ok(Some(KeyLogFile { lines: Mutex::new(lines) }))
    }
}

/// Opens the file, which may end with half a line: of a program that found the disk full.
fn open(path: &Path) -> Result<Lines<File>, Refusal> {
    if path == Path::new("-") {
        return Err(Refusal::Dash);
    }
    let path = links::follow(path).map_err(Refusal::Link)?;
    // Looked at before it is opened, since opening a device or a pipe may do something; and after, since it may be
    // another file by then.
    if let Ok(metadata) = fs::symlink_metadata(&path) {
        check(&metadata)?;
    }
    // O_NONBLOCK: a pipe that nobody reads would hold the program up. It means nothing to a regular file.
    let file = OpenOptions::new()
        .read(true)
        .append(true)
        .create(true)
        .mode(0o600)
        .custom_flags(libc::O_NONBLOCK | libc::O_NOFOLLOW)
        .open(path)
        .map_err(Refusal::Open)?;
    let metadata = file.metadata().map_err(Refusal::Open)?;
    check(&metadata)?;
    let mut last = *b"\n";
    if let Some(end) = metadata.len().checked_sub(1) {
        file.read_exact_at(&mut last, end).map_err(Refusal::Open)?;
    }
    let lines = Lines::new("the key log", file);
    Ok(if last == *b"\n" { lines } else { lines.behind_half_a_line() })
}

fn check(metadata: &Metadata) -> Result<(), Refusal> {
    let mode = metadata.permissions().mode();
    if !metadata.is_file() {
        Err(Refusal::NotRegular)
    } else if metadata.uid() != geteuid().as_raw() {
        Err(Refusal::NotOurs(metadata.uid()))
    } else if mode & OTHERS != 0 {
        Err(Refusal::OpenToOthers(mode & 0o777))
    } else {
        Ok(())
    }
}

/// Why a file does not become a key log.
#[derive(Debug)]
enum Refusal {
    Dash,
    Link(links::Refusal),
    Open(io::Error),
    NotRegular,
    NotOurs(u32),
    OpenToOthers(u32),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dash => f.write_str("secrets are not written to stdout; name a file"),
            Self::Link(refusal) => refusal.fmt(f),
            Self::Open(error) => {
                write!(f, "cannot be opened for appending: {error}")?;
                match error.kind() {
                    io::ErrorKind::NotFound => f.write_str("; its folder has to be there"),
                    _ => f.write_str("; name another file"),
                }
            }
            Self::NotRegular => f.write_str("is not a regular file; secrets are written to nothing else"),
            Self::NotOurs(owner) => write!(
                f,
                "belongs to somebody else (user {owner}), who could read the secrets; name another file"
            ),
            Self::OpenToOthers(mode) => write!(
                f,
                "is open to others (mode {mode:04o}), and secrets are appended to it; `chmod 600` it, or \
                 name another file"
            ),
        }
    }
}

/// Appends what rustls derives to a file.
#[derive(Debug)]
pub struct KeyLogFile {
    lines: Mutex<Lines<File>>,
}

impl KeyLog for KeyLogFile {
    fn log(&self, label: &str, client_random: &[u8], secret: &[u8]) {
        let secret = Secret::new(label, client_random, secret);
        // A panic elsewhere leaves a line whole or unwritten.
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).write(Instant::now(), &secret.line());
    }
}

/// Tells several: rustls has room for one.
#[derive(Debug)]
pub(crate) struct FanOut(pub(crate) Vec<Arc<dyn KeyLog>>);

impl KeyLog for FanOut {
    fn log(&self, label: &str, client_random: &[u8], secret: &[u8]) {
        for key_log in &self.0 {
            key_log.log(label, client_random, secret);
        }
    }
}
