//! Cores, and the time and memory that a process has used. Linux only: what is not there is said, not guessed.

use std::fs;
use std::io;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::figures::{descriptors_in, resident_in, time_in};

/// A command that will run on one core. `taskset` becomes the program, so the process is the program's own.
pub fn pinned(core: usize, program: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = Command::new("taskset");
    command.arg("-c").arg(core.to_string()).arg(program);
    command
}

/// Moves this process, which has one thread, to one core.
///
/// # Errors
/// There is no `taskset` (Debian: util-linux), or no such core.
pub fn pin_this_process(core: usize) -> io::Result<()> {
    let mut command = Command::new("taskset");
    command.args(["-c", "-p", &core.to_string(), &std::process::id().to_string()]);
    let status =
        command.stdout(Stdio::null()).status().map_err(|error| said("taskset (util-linux)", error))?;
    if status.success() { Ok(()) } else { Err(io::Error::other(format!("taskset cannot use core {core}"))) }
}

/// The CPU time that all threads of a process have used so far, user and system.
///
/// # Errors
/// The process is gone, or the system has no `/proc` with `schedstat`.
pub fn time_of(pid: u32) -> io::Result<Duration> {
    let folder = format!("/proc/{pid}/task");
    let mut time = Duration::ZERO;
    for thread in fs::read_dir(&folder).map_err(|error| said(&folder, error))? {
        let file = thread?.path().join("schedstat");
        let text = fs::read_to_string(&file).map_err(|error| said(&file.display().to_string(), error))?;
        time += time_in(&text)
            .ok_or_else(|| io::Error::other(format!("{}: no time in '{text}'", file.display())))?;
    }
    Ok(time)
}

/// The resident memory of a process, in bytes. `smaps_rollup` walks its pages; the figure in `status` lags behind.
///
/// # Errors
/// The process is gone, or the system has no `/proc` with `smaps_rollup`.
pub fn resident_memory_of(pid: u32) -> io::Result<u64> {
    let file = format!("/proc/{pid}/smaps_rollup");
    let text = fs::read_to_string(&file).map_err(|error| said(&file, error))?;
    resident_in(&text).ok_or_else(|| io::Error::other(format!("{file}: no Rss")))
}

/// How many files a process has open.
///
/// # Errors
/// The process is gone, or the system has no `/proc`.
pub fn open_files_of(pid: u32) -> io::Result<usize> {
    let folder = format!("/proc/{pid}/fd");
    Ok(fs::read_dir(&folder).map_err(|error| said(&folder, error))?.count())
}

/// How many descriptors a process like this may have.
///
/// # Errors
/// The system has no `/proc` with `limits`.
pub fn descriptor_limit() -> io::Result<usize> {
    let file = "/proc/self/limits";
    let limits = fs::read_to_string(file).map_err(|error| said(file, error))?;
    Ok(descriptors_in(&limits).unwrap_or(usize::MAX))
}

fn said(what: &str, error: io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{what}: {error}"))
}
