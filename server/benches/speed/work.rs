//! What is measured.

/// A record of the largest size that TLS has.
pub const RECORD: usize = 16 * 1024;

/// One kind of load.
#[derive(Debug)]
pub struct Work {
    /// Its name, on the command line and in the table.
    pub name: &'static str,
    /// What it does.
    pub load: Load,
    /// Whether clients and server share one core.
    pub one_core: bool,
    /// What one unit of it is called.
    pub unit: &'static str,
    /// In how many rounds it is measured.
    pub rounds: u32,
    /// Whether it is part of `--quick`.
    pub quick: bool,
}

/// What the clients do.
#[derive(Clone, Copy, Debug)]
pub enum Load {
    /// So many sessions, one after the other: connect, handshake, two bytes there and back, close_notify both ways.
    Sessions {
        /// How many.
        count: usize,
        /// With a ticket of the session before, instead of in full.
        resumed: bool,
    },
    /// One session, one message in flight.
    PingPong {
        /// How many messages.
        count: usize,
        /// Their size.
        size: usize,
    },
    /// One session, as many full records as fit.
    Bulk {
        /// How many bytes.
        total: usize,
        /// How many bytes may be on their way, there and back.
        window: Option<usize>,
    },
    /// [`BUSY`] sessions that each play ping-pong with 1 KiB, while others say nothing.
    Busy {
        /// How many others.
        idle: usize,
        /// How many messages in all.
        count: usize,
    },
    /// [`QUIET`] sessions that each now and then send one byte, first alone, then beside one that sends without end.
    Fairness {
        /// How many bytes in all, alone and again beside it.
        count: usize,
        /// What that one sends.
        flood: Flood,
    },
    /// Idle sessions, and what each of them adds to the server's resident memory.
    Memory {
        /// How many.
        count: usize,
        /// How many bytes each has had echoed before it went idle.
        carried: usize,
    },
    /// Connections that wait for the one slot, and what each of them adds.
    Waiting {
        /// How many.
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
    /// A key update before each byte. The raw echo has no keys: it gets the bytes alone.
    KeyUpdates,
}

/// How many sessions are busy in [`Load::Busy`].
pub const BUSY: usize = 64;

/// How many sessions are quiet in [`Load::Fairness`].
pub const QUIET: usize = 63;

impl Load {
    /// How many sessions the server has at once.
    pub fn sessions(self) -> usize {
        match self {
            Self::Sessions { .. } | Self::PingPong { .. } | Self::Bulk { .. } | Self::Waiting { .. } => 1,
            Self::Busy { idle, .. } => BUSY + idle,
            Self::Fairness { .. } => QUIET + 1,
            Self::Memory { count, .. } => count,
        }
    }

    /// How many connections wait meanwhile.
    pub fn waiters(self) -> usize {
        if let Self::Waiting { count } = self { count } else { 0 }
    }
}

const SESSION: Work = Work {
    name: "full",
    load: Load::Sessions { count: 2_000, resumed: false },
    one_core: false,
    unit: "sessions",
    rounds: 5,
    quick: true,
};
const PING_PONG: Work =
    Work { name: "pp1", load: Load::PingPong { count: 20_000, size: 1 }, unit: "messages", ..SESSION };
const BULK: Work =
    Work { name: "bulk", load: Load::Bulk { total: 1 << 30, window: None }, unit: "MB", ..SESSION };
const CROWD: Work = Work {
    name: "busy",
    load: Load::Busy { idle: 0, count: 200_000 },
    unit: "messages",
    rounds: 3,
    ..SESSION
};

const FAIRNESS: Work = Work {
    name: "fairness",
    load: Load::Fairness { count: 10_000, flood: Flood::Bulk },
    unit: "MB of the sender",
    ..CROWD
};

/// All works, in the order of the table.
pub const WORKS: &[Work] = &[
    SESSION,
    Work { name: "full-1core", one_core: true, ..SESSION },
    Work { name: "resumed", load: Load::Sessions { count: 2_000, resumed: true }, ..SESSION },
    Work {
        name: "resumed-1core",
        load: Load::Sessions { count: 2_000, resumed: true },
        one_core: true,
        ..SESSION
    },
    PING_PONG,
    Work { name: "pp1-1core", load: Load::PingPong { count: 50_000, size: 1 }, one_core: true, ..PING_PONG },
    Work { name: "pp1k", load: Load::PingPong { count: 20_000, size: 1024 }, ..PING_PONG },
    Work { name: "pp16k", load: Load::PingPong { count: 10_000, size: RECORD }, ..PING_PONG },
    BULK,
    Work { name: "bulk-48k", load: Load::Bulk { total: 1 << 30, window: Some(3 * RECORD) }, ..BULK },
    CROWD,
    Work { name: "busy-1k", load: Load::Busy { idle: 1_000, count: 200_000 }, ..CROWD },
    Work { name: "busy-10k", load: Load::Busy { idle: 10_000, count: 200_000 }, quick: false, ..CROWD },
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
    Work { name: "memory", load: Load::Memory { count: 2_000, carried: 1 }, unit: "bytes", ..CROWD },
    Work { name: "memory-16k", load: Load::Memory { count: 2_000, carried: RECORD }, unit: "bytes", ..CROWD },
    Work { name: "waiting", load: Load::Waiting { count: 10_000 }, unit: "bytes", ..CROWD },
];
