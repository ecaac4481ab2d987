//! Signals for a command and its descendants, also for those that have left its process group.

use rustix::process::{Pid, Signal, getpgid, kill_process, kill_process_group};

use crate::usage;

/// A process that we have started and not waited for yet, and its descendants at this moment.
pub struct Descent {
    leader: Pid,
    /// The processes, and when each has started: its number may belong to another process later.
    members: Vec<(Pid, Option<u64>)>,
}

impl Descent {
    /// Looks for the descendants of the leader of a process group. Without `/proc` it finds none.
    pub fn of(leader: Pid) -> Self {
        let root = u32::try_from(leader.as_raw_nonzero().get()).unwrap_or_default();
        let pid = |process: u32| Pid::from_raw(i32::try_from(process).ok()?);
        let members = usage::processes_of_tree(root)
            .into_iter()
            .filter_map(|process| Some((pid(process)?, usage::started(process))))
            .collect();
        Self { leader, members }
    }

    /// Sends a signal to the process group, and to each member that has left it.
    pub fn signal(&self, signal: Signal) {
        let _ = kill_process_group(self.leader, signal); // fails if all have ended
        for (process, started) in &self.members {
            let has_left = getpgid(Some(*process)) != Ok(self.leader);
            let number = u32::try_from(process.as_raw_nonzero().get()).unwrap_or_default();
            if has_left && usage::started(number) == *started {
                let _ = kill_process(*process, signal); // fails if it has ended
            }
        }
    }
}
