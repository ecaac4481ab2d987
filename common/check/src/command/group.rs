//! The processes of a command: how they start and end.

use std::ffi::OsString;
use std::io::Read;
use std::process::{Child, ChildStdin};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Instant;

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, WaitIdStatus, waitid};
use signal_hook::low_level::signal_name;

use super::{PAUSE, StartError, TERM};
use crate::descent::Descent;

/// The process group of a command, and the descendants that have left it. Clones share it.
#[derive(Clone, Default)]
pub struct Group(Arc<Mutex<Members>>);

#[derive(Default)]
struct Members {
    /// The leader, until it is waited for. So its id cannot belong to another process.
    leader: Option<Child>,
    /// No process is started any more.
    closed: bool,
}

/// A pipe from the server.
pub(super) type Pipe = Box<dyn Read + Send>;

impl Group {
    fn members(&self) -> MutexGuard<'_, Members> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn spawn(
        &self,
        command: &mut std::process::Command,
        program: &OsString,
    ) -> Result<(u32, Option<ChildStdin>, Vec<Pipe>), StartError> {
        let mut members = self.members();
        if members.closed {
            return Err(StartError::Interrupted);
        }
        let spawned = command.spawn();
        let mut child = spawned
            .map_err(|error| StartError::Spawn { program: program.to_string_lossy().into_owned(), error })?;
        let stdout = child.stdout.take().map(|pipe| Box::new(pipe) as Pipe);
        let stderr = child.stderr.take().map(|pipe| Box::new(pipe) as Pipe);
        let (process, stdin) = (child.id(), child.stdin.take());
        members.leader = Some(child);
        Ok((process, stdin, stdout.into_iter().chain(stderr).collect()))
    }

    /// Ends the process group: SIGTERM, and SIGKILL two seconds later.
    pub fn end(&self) {
        end(&mut self.members());
    }

    /// Ends the process group. A later start is an error.
    pub fn close(&self) {
        let mut members = self.members();
        members.closed = true;
        end(&mut members);
    }

    /// Says how the leader has ended. `None`: it runs, or there is none.
    pub(super) fn how_it_ended(&self) -> Option<String> {
        let members = self.members();
        let status = exited(pid(members.leader.as_ref()?)?)?;
        Some(match (status.exit_status(), status.terminating_signal()) {
            (_, Some(number)) => {
                let name = signal_name(number).map(|name| format!(" ({name})")).unwrap_or_default();
                format!("the server's process was ended by signal {number}{name}")
            }
            (status, None) => {
                format!("the server's process ended with exit status {}", status.unwrap_or_default())
            }
        })
    }
}

fn end(members: &mut Members) {
    let Some(mut leader) = members.leader.take() else { return };
    let Some(process) = pid(&leader) else { return };
    let descent = Descent::of(process); // later, those whose parent has ended are not found
    descent.signal(Signal::TERM);
    let has_ended = wait(process);
    descent.signal(Signal::KILL);
    // The kernel may hold a process for a long time, for example on a disk that does not answer.
    if has_ended || wait(process) {
        let _ = leader.wait();
    }
}

/// Waits for the end of a process, but not longer than [`TERM`]. Returns whether it has ended.
fn wait(process: Pid) -> bool {
    let start = Instant::now();
    while exited(process).is_none() {
        if start.elapsed() > TERM {
            return false;
        }
        thread::sleep(PAUSE);
    }
    true
}

fn pid(child: &Child) -> Option<Pid> {
    i32::try_from(child.id()).ok().and_then(Pid::from_raw)
}

/// The status of a process that has ended. It stays a zombie, and keeps its id.
fn exited(process: Pid) -> Option<WaitIdStatus> {
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    waitid(WaitId::Pid(process), options).ok().flatten()
}
