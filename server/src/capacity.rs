//! The number of clients that the server can hold and serve.

/// The smallest limit of sockets that are drained at a time.
const MIN_DRAINING: usize = 64;

/// The number of clients that the server can hold and serve.
pub struct Capacity {
    /// The number of slots.
    pub slots: usize,
    /// The capacity of the accept queue.
    pub waiting: usize,
    /// The number of sessions after which the server ends. `None`: it serves until a signal comes.
    pub sessions: Option<u64>,
}

impl Capacity {
    /// Returns how many sockets may be drained at a time: as many as there are slots, and at least 64.
    /// All sessions can end at once, and new ones again before the first socket is drained.
    pub fn draining(&self) -> usize {
        self.slots.max(MIN_DRAINING)
    }
}
