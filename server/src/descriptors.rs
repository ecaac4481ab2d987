//! Enough file descriptors for everybody.

use std::os::unix::net::UnixDatagram;

use log::{debug, info, warn};

use crate::room::Room;

/// stdin, stdout, stderr, the poll, the listener, the signals, and whatever a library opens for a moment.
const OTHERS: u64 = 16;

/// Raises the limit to the hard one, and says so if it is not enough.
pub fn provide_for(room: &Room) {
    let needed = (room.slots + room.waiting + room.draining()) as u64 + OTHERS;
    match rlimit::increase_nofile_limit(u64::MAX) {
        Ok(limit) if limit < needed => warn!(
            "{limit} file descriptors are too few for --slots {} and --waiting {}, which may need {needed}: \
             further clients will wait in the kernel's backlog (see ulimit -Hn)",
            room.slots, room.waiting
        ),
        Ok(limit) if room.slots > 1 => info!("file descriptors: up to {limit}, {needed} may be needed"),
        Ok(limit) => debug!("file descriptors: up to {limit}, {needed} may be needed"),
        Err(error) => warn!("the limit of file descriptors stays as it is: {error}"),
    }
}

/// Whether the process, or the system, has no descriptor left at this moment.
pub fn are_exhausted() -> bool {
    UnixDatagram::unbound().is_err()
}
