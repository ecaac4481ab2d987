//! The memory and the descriptors of a process, from `/proc`.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use check::usage::memory;

use crate::LIMIT;

/// The memory (in bytes) and the descriptors of a process at one moment.
#[derive(Clone, Copy, Debug)]
pub struct Usage {
    /// The number of open file descriptors.
    pub descriptors: usize,
    /// Resident memory without files: heap and stack.
    pub heap: usize,
    /// The largest resident memory so far.
    pub peak: usize,
}

impl Usage {
    /// Returns those of a process. `None` if there is no `/proc`.
    pub fn of(process: u32) -> Option<Self> {
        let descriptors = fs::read_dir(format!("/proc/{process}/fd")).ok()?.count();
        Some(Self { descriptors, heap: memory(process, "RssAnon:")?, peak: memory(process, "VmHWM:")? })
    }

    /// Waits until a process has this many descriptors. Polls, because no event reports a close.
    pub fn wait_for_descriptors(process: u32, count: usize) {
        let start = Instant::now();
        while let Some(usage) = Self::of(process).filter(|usage| usage.descriptors != count) {
            assert!(start.elapsed() < LIMIT, "{} descriptors instead of {count}", usage.descriptors);
            thread::sleep(Duration::from_millis(2));
        }
    }
}
