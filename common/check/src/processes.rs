//! The processes of a command: how they start and end.

use std::io;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{
    Pid, Signal, WaitId, WaitIdOptions, WaitIdStatus, getpgid, kill_process, kill_process_group, waitid,
};

use crate::usage;

/// How long a process has to end after a signal.
pub const TERM: Duration = Duration::from_secs(2);
/// The pause between two looks at a process.
const PAUSE: Duration = Duration::from_millis(10);

/// The process group of a command, and the descendants that have left it. Clones share it, so that another thread can end it.
#[derive(Clone, Debug, Default)]
pub struct ProcessGroup(Arc<Mutex<Members>>);

#[derive(Debug, Default)]
struct Members {
    /// The leader, until the group is ended. It is waited for after that, so its number belongs to no other process.
    leader: Option<Pid>,
    /// SIGTERM is not sent before SIGKILL.
    is_killed_at_once: bool,
    /// No process is started any more.
    is_closed: bool,
}

impl ProcessGroup {
    /// A group that [`end`](Self::end) ends with SIGKILL at once.
    pub fn killed_at_once() -> Self {
        Self(Arc::new(Mutex::new(Members { is_killed_at_once: true, ..Members::default() })))
    }

    /// Starts a command as the leader of the group.
    ///
    /// # Errors
    /// The program cannot be executed, or the group is closed ([`io::ErrorKind::Interrupted`]).
    pub fn spawn(&self, command: &mut Command) -> io::Result<Child> {
        let mut members = self.members();
        if members.is_closed {
            return Err(io::Error::new(io::ErrorKind::Interrupted, "interrupted"));
        }
        let child = command.process_group(0).spawn()?;
        members.leader = Some(Pid::from_child(&child));
        Ok(child)
    }

    /// Ends all processes: with SIGTERM, and with SIGKILL two seconds later. Waits until the leader has ended, two seconds more
    /// at most: the kernel may hold a process for a long time, for example on a disk that does not answer.
    pub fn end(&self) {
        self.members().end();
    }

    /// Ends all processes. A later start is an error.
    pub fn close(&self) {
        let mut members = self.members();
        members.is_closed = true;
        members.end();
    }

    /// Whether [`close`](Self::close) was called.
    pub fn is_closed(&self) -> bool {
        self.members().is_closed
    }

    /// The status of a leader that has ended. It stays a zombie.
    pub fn status(&self) -> Option<WaitIdStatus> {
        exited(self.members().leader?)
    }

    fn members(&self) -> MutexGuard<'_, Members> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Members {
    fn end(&mut self) {
        let Some(leader) = self.leader.take() else { return };
        let descent = Descent::of(leader); // later, those whose parent has ended are not found
        if !self.is_killed_at_once {
            descent.signal(Signal::TERM);
            wait(leader);
        }
        descent.signal(Signal::KILL);
        wait(leader);
    }
}

/// Waits for the end of a process, but not longer than [`TERM`].
fn wait(process: Pid) {
    let start = Instant::now();
    while exited(process).is_none() && start.elapsed() <= TERM {
        thread::sleep(PAUSE);
    }
}

/// The status of a process that has ended. It stays a zombie, and keeps its id.
fn exited(process: Pid) -> Option<WaitIdStatus> {
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    waitid(WaitId::Pid(process), options).ok().flatten()
}

/// The leader of a process group, and its descendants at this moment.
struct Descent {
    leader: Pid,
    /// The processes, and when each has started: its number may belong to another process later.
    members: Vec<(Pid, Option<u64>)>,
}

impl Descent {
    /// Looks for the descendants. Without `/proc` it finds none.
    fn of(leader: Pid) -> Self {
        let pid = |process: u32| Pid::from_raw(i32::try_from(process).ok()?);
        let members = usage::processes_of_tree(number(leader))
            .into_iter()
            .filter_map(|process| Some((pid(process)?, usage::started(process))))
            .collect();
        Self { leader, members }
    }

    /// Sends a signal to the process group, and to each member that has left it.
    fn signal(&self, signal: Signal) {
        let _ = kill_process_group(self.leader, signal); // fails if all have ended
        for (process, started) in &self.members {
            let has_left = getpgid(Some(*process)) != Ok(self.leader);
            if has_left && usage::started(number(*process)) == *started {
                let _ = kill_process(*process, signal); // fails if it has ended
            }
        }
    }
}

fn number(process: Pid) -> u32 {
    u32::try_from(process.as_raw_nonzero().get()).unwrap_or_default()
}
