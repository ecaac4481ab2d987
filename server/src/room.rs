//! How much room the server has.

/// At least this many sockets of sessions that are over are drained at a time.
const MIN_DRAINING: usize = 64;

/// How many clients the server has room for.
pub struct Room {
    /// The slots for sessions.
    pub slots: usize,
    /// The positions of the accept queue.
    pub waiting: usize,
    /// How many sessions begin before the server ends. `None`: it serves until a signal comes.
    pub sessions: Option<u64>,
}

impl Room {
    /// How many sockets may be drained at a time: all sessions can end at once, and again before the first socket is
    /// drained.
    pub fn draining(&self) -> usize {
        self.slots.max(MIN_DRAINING)
    }
}
