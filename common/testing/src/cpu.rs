//! Cores, and the CPU time and memory of a process, for the benchmarks. Linux only: other systems return errors.

use std::fs;
use std::io;
use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::process::{Resource, getrlimit};

use crate::figures::{resident_in, time_in};

/// A command that runs on one core. `taskset` becomes the program, so both have the same process id.
pub fn pinned(core: usize, program: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = Command::new("taskset");
    command.arg("-c").arg(core.to_string()).arg(program);
    command
}

/// Moves this process to one core. Moves only its main thread.
///
/// # Errors
/// There is no `taskset` (Debian: util-linux), or no such core.
pub fn pin_this_process(core: usize) -> io::Result<()> {
    let mut command = Command::new("taskset");
    command.args(["-c", "-p", &core.to_string(), &std::process::id().to_string()]);
    let status =
        command.stdout(Stdio::null()).status().map_err(|error| named("taskset (util-linux)", error))?;
    if status.success() { Ok(()) } else { Err(io::Error::other(format!("taskset cannot use core {core}"))) }
}

/// The CPU time of all threads of a process, user and system.
///
/// # Errors
/// The process is gone, or the system has no `/proc` with `schedstat`.
pub fn time_of(pid: u32) -> io::Result<Duration> {
    let folder = format!("/proc/{pid}/task");
    let mut time = Duration::ZERO;
    for thread in fs::read_dir(&folder).map_err(|error| named(&folder, error))? {
        let file = thread?.path().join("schedstat");
        let text = fs::read_to_string(&file).map_err(|error| named(&file.display().to_string(), error))?;
        time += time_in(&text)
            .ok_or_else(|| io::Error::other(format!("{}: no time in '{text}'", file.display())))?;
    }
    Ok(time)
}

/// The resident memory of a process, in bytes. `smaps_rollup` walks the pages; the figure in `status` is late.
///
/// # Errors
/// The process is gone, or the system has no `/proc` with `smaps_rollup`.
pub fn resident_memory_of(pid: u32) -> io::Result<u64> {
    let file = format!("/proc/{pid}/smaps_rollup");
    let text = fs::read_to_string(&file).map_err(|error| named(&file, error))?;
    resident_in(&text).ok_or_else(|| io::Error::other(format!("{file}: no Rss")))
}

/// The number of descriptors that this process may open.
pub fn descriptor_limit() -> u64 {
    getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX)
}

fn named(file: &str, error: io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{file}: {error}"))
}
