//! The named deadlines of a session. Every phase has a deadline, so that no session waits for ever (invariant I7).

use std::time::{Duration, Instant};

/// The deadlines that a session can miss.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timeout {
    /// For a client: from the TCP connection to the server's first byte. The client may be in the server's accept
    /// queue.
    Wait,
    /// From the start of the session to the end of the handshake. For a client it starts at the server's first byte.
    ///
    /// A session of the server starts at the client's first byte. Before that, the server waits just as long for this
    /// byte.
    Handshake,
    /// The time without application data in either direction.
    Idle,
    /// The time during which output is pending and the kernel takes none of it.
    Write,
    /// From the decision to close to the end of the session.
    Close,
    /// The session as a whole.
    Session,
}

impl Timeout {
    /// Every deadline, in the order in which [`Deadlines::due`] checks them.
    pub const ALL: [Self; 6] =
        [Self::Wait, Self::Handshake, Self::Write, Self::Close, Self::Idle, Self::Session];

    /// Returns the name in logs and traces.
    pub fn name(self) -> &'static str {
        match self {
            Self::Wait => "wait",
            Self::Handshake => "handshake",
            Self::Idle => "idle",
            Self::Write => "write",
            Self::Close => "close",
            Self::Session => "session",
        }
    }
}

/// The length of each deadline. `None` switches a deadline off. Then a peer may be able to hold a session for ever.
///
/// The default values are those of the programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// See [`Timeout::Wait`]. A server does not use it.
    pub wait: Option<Duration>,
    /// See [`Timeout::Handshake`].
    pub handshake: Option<Duration>,
    /// See [`Timeout::Idle`].
    pub idle: Option<Duration>,
    /// See [`Timeout::Write`].
    pub write: Option<Duration>,
    /// See [`Timeout::Close`].
    pub close: Option<Duration>,
    /// See [`Timeout::Session`].
    pub session: Option<Duration>,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            wait: Some(Duration::from_secs(300)),
            handshake: Some(Duration::from_secs(10)),
            idle: Some(Duration::from_secs(60)),
            write: Some(Duration::from_secs(30)),
            close: Some(Duration::from_secs(5)),
            session: None,
        }
    }
}

impl Timeouts {
    /// All deadlines switched off.
    pub const NONE: Self =
        Self { wait: None, handshake: None, idle: None, write: None, close: None, session: None };

    /// Returns the length of one deadline.
    pub fn length(&self, timeout: Timeout) -> Option<Duration> {
        match timeout {
            Timeout::Wait => self.wait,
            Timeout::Handshake => self.handshake,
            Timeout::Idle => self.idle,
            Timeout::Write => self.write,
            Timeout::Close => self.close,
            Timeout::Session => self.session,
        }
    }
}

/// The deadlines that are running in one session.
#[derive(Clone, Copy, Debug, Default)]
pub struct Deadlines([Option<Instant>; Timeout::ALL.len()]);

impl Deadlines {
    /// Starts or moves a deadline. `None` stops it.
    pub fn set(&mut self, timeout: Timeout, at: Option<Instant>) {
        self.0[timeout as usize] = at;
    }

    /// Returns when a deadline is due. `None`: it is not running.
    pub fn get(&self, timeout: Timeout) -> Option<Instant> {
        self.0[timeout as usize]
    }

    /// Returns the earliest of the running deadlines.
    pub fn earliest(&self) -> Option<Instant> {
        self.0.iter().copied().flatten().min()
    }

    /// Returns a deadline that has passed, and when it was due.
    ///
    /// A poll may wake early, although it rounds its timeout up. So a caller compares with the clock, and concludes
    /// nothing from the fact that the poll returned.
    pub fn due(&self, now: Instant) -> Option<(Timeout, Instant)> {
        Timeout::ALL
            .into_iter()
            .filter_map(|timeout| Some((timeout, self.get(timeout)?)))
            .find(|(_, at)| *at <= now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn earliest_and_due_follow_what_was_set() {
        let start = Instant::now();
        let later = |seconds| start + Duration::from_secs(seconds);
        let mut deadlines = Deadlines::default();
        assert_eq!(deadlines.earliest(), None);

        deadlines.set(Timeout::Idle, Some(later(60)));
        deadlines.set(Timeout::Handshake, Some(later(10)));
        assert_eq!(deadlines.earliest(), Some(later(10)));
        assert_eq!(deadlines.due(later(9)), None);
        assert_eq!(deadlines.due(later(11)), Some((Timeout::Handshake, later(10))));

        deadlines.set(Timeout::Handshake, None);
        assert_eq!(deadlines.due(later(59)), None);
        assert_eq!(deadlines.due(later(61)), Some((Timeout::Idle, later(60))));
    }
}
