//! The limit of file descriptors.

use std::os::unix::net::UnixDatagram;

use log::{debug, info, warn};

use crate::capacity::Capacity;

/// The descriptors beside those of clients: stdin, stdout, stderr, the poll, the listener, the signals, and files
/// that are open for a moment.
const OTHERS: u64 = 16;

/// Raises the soft limit to the hard limit, and warns if that is not enough.
pub fn provide_for(capacity: &Capacity) {
    let needed = (capacity.slots + capacity.waiting + capacity.draining()) as u64 + OTHERS;
    match rlimit::increase_nofile_limit(u64::MAX) {
        Ok(limit) if limit < needed => warn!(
            "{limit} file descriptors are too few for --slots {} and --waiting {}, which may need {needed}: \
             further clients will wait in the kernel's backlog (see ulimit -Hn)",
            capacity.slots, capacity.waiting
        ),
        Ok(limit) if capacity.slots > 1 => info!("file descriptors: up to {limit}, {needed} may be needed"),
        Ok(limit) => debug!("file descriptors: up to {limit}, {needed} may be needed"),
        Err(error) => warn!("cannot raise the limit of file descriptors: {error}"),
    }
}

/// Returns whether the process, or the system, has no descriptor left at this moment.
pub fn are_exhausted() -> bool {
    UnixDatagram::unbound().is_err()
}
