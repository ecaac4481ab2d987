//! The works: what the clients do while the server is measured.

/// The largest record of TLS.
pub const RECORD: usize = 16 * 1024;

/// One kind of load.
#[derive(Debug)]
pub struct Work {
    /// Its name, on the command line and in the table.
    pub name: &'static str,
    /// What the clients do.
    pub load: Load,
    /// The name of one unit of it.
    pub unit: &'static str,
    /// The number of rounds.
    pub rounds: u32,
    /// Whether `--quick` includes it.
    pub quick: bool,
}

/// What the clients do.
#[derive(Clone, Copy, Debug)]
pub enum Load {
    /// Sessions, one after the other: connect, handshake, two bytes there and back, close_notify both ways.
    Sessions {
        /// The number of sessions.
        count: usize,
        /// With a ticket of an earlier session, instead of a full handshake.
        resumed: bool,
    },
    /// One session that echoes one byte at a time.
    PingPong {
        /// The number of bytes.
        count: usize,
    },
    /// One session that sends full records.
    Bulk {
        /// The number of bytes.
        total: usize,
        /// How many bytes may be in flight, there and back.
        window: Option<usize>,
    },
    /// [`BUSY`] sessions that each play ping-pong with 1 KiB, next to idle sessions.
    Busy {
        /// The number of idle sessions.
        idle: usize,
        /// The number of messages, of all sessions together.
        count: usize,
    },
    /// [`QUIET`] sessions that each send one byte now and then, first alone, then next to one session that floods.
    Fairness {
        /// The number of bytes alone, and again next to the flood.
        count: usize,
        /// What the flooding session sends.
        flood: Flood,
    },
    /// Idle sessions: the resident memory that each of them adds to the server.
    Memory {
        /// The number of sessions.
        count: usize,
        /// How many bytes each has had echoed before it became idle.
        carried: usize,
    },
    /// Queued connections, while the only slot is taken: the resident memory that each of them adds.
    Queued {
        /// The number of connections.
        count: usize,
    },
}

/// What one session sends without end while others are quiet.
#[derive(Clone, Copy, Debug)]
pub enum Flood {
    /// Full records.
    Bulk,
    /// Records of one byte.
    Bytes,
    /// A key update before each byte. The raw echo has no keys: it gets only the bytes.
    KeyUpdates,
}

/// The number of busy sessions in [`Load::Busy`].
pub const BUSY: usize = 64;

/// The number of quiet sessions in [`Load::Fairness`].
pub const QUIET: usize = 63;

impl Load {
    /// The number of sessions that the server has at the same time.
    pub fn sessions(self) -> usize {
        match self {
            Self::Sessions { .. } | Self::PingPong { .. } | Self::Bulk { .. } | Self::Queued { .. } => 1,
            Self::Busy { idle, .. } => BUSY + idle,
            Self::Fairness { .. } => QUIET + 1,
            Self::Memory { count, .. } => count,
        }
    }

    /// The number of connections in the accept queue.
    pub fn queued(self) -> usize {
        if let Self::Queued { count } = self { count } else { 0 }
    }

    /// Whether the clients run on the server's core. Client and server take turns there: neither wakes an idle core.
    pub fn on_one_core(self) -> bool {
        matches!(self, Self::Sessions { .. } | Self::PingPong { .. })
    }
}

const FULL: Work = Work {
    name: "full-1core",
    load: Load::Sessions { count: 2_000, resumed: false },
    unit: "sessions",
    rounds: 5,
    quick: true,
};
const BULK: Work =
    Work { name: "bulk", load: Load::Bulk { total: 1 << 30, window: None }, unit: "MB", ..FULL };
const BUSY_ONES: Work =
    Work { name: "busy", load: Load::Busy { idle: 0, count: 200_000 }, unit: "messages", rounds: 3, ..FULL };
const FAIRNESS: Work = Work {
    name: "fairness",
    load: Load::Fairness { count: 10_000, flood: Flood::Bulk },
    unit: "MB of the flood",
    ..BUSY_ONES
};
const MEMORY: Work =
    Work { name: "memory", load: Load::Memory { count: 2_000, carried: 1 }, unit: "bytes", ..BUSY_ONES };

/// All works, in the order of the table.
pub const WORKS: &[Work] = &[
    FULL,
    Work { name: "resumed-1core", load: Load::Sessions { count: 2_000, resumed: true }, ..FULL },
    Work { name: "pp1-1core", load: Load::PingPong { count: 50_000 }, unit: "messages", ..FULL },
    BULK,
    Work { name: "bulk-48k", load: Load::Bulk { total: 1 << 30, window: Some(3 * RECORD) }, ..BULK },
    BUSY_ONES,
    Work { name: "busy-10k", load: Load::Busy { idle: 10_000, count: 200_000 }, quick: false, ..BUSY_ONES },
    FAIRNESS,
    Work {
        name: "fairness-bytes",
        load: Load::Fairness { count: 10_000, flood: Flood::Bytes },
        quick: false,
        ..FAIRNESS
    },
    Work {
        name: "fairness-keys",
        load: Load::Fairness { count: 10_000, flood: Flood::KeyUpdates },
        quick: false,
        ..FAIRNESS
    },
    MEMORY,
    Work { name: "memory-16k", load: Load::Memory { count: 2_000, carried: RECORD }, ..MEMORY },
    Work { name: "queued", load: Load::Queued { count: 10_000 }, ..MEMORY },
];
