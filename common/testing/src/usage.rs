//! What a process costs, as Linux tells it.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use crate::LIMIT;

/// What a process holds at one moment. All in bytes but the descriptors.
#[derive(Clone, Copy, Debug)]
pub struct Usage {
    /// Open file descriptors.
    pub descriptors: usize,
    /// Resident memory that is no file's: heap and stack.
    pub heap: usize,
    /// The most resident memory that there has ever been.
    pub peak: usize,
}

impl Usage {
    /// Of a process; `None` where there is no `/proc`.
    pub fn of(process: u32) -> Option<Self> {
        let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
        let descriptors = fs::read_dir(format!("/proc/{process}/fd")).ok()?.count();
        Some(Self { descriptors, heap: kilobytes(&status, "RssAnon:")?, peak: kilobytes(&status, "VmHWM:")? })
    }

    /// Waits until a process has so many descriptors. Nobody announces a close, so this asks again and again.
    pub fn wait_for_descriptors(process: u32, count: usize) {
        let start = Instant::now();
        while let Some(usage) = Self::of(process).filter(|usage| usage.descriptors != count) {
            assert!(start.elapsed() < LIMIT, "{} descriptors instead of {count}", usage.descriptors);
            thread::sleep(Duration::from_millis(2));
        }
    }
}

fn kilobytes(status: &str, name: &str) -> Option<usize> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    let number: usize = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(number * 1024)
}
