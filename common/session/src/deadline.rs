//! The named deadlines of a session. Every phase has one, so that nothing waits for ever (invariant I7).

use std::time::{Duration, Instant};

/// What a session can be late with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timeout {
    /// Client: from the TCP connection to the server's first byte. It may be waiting in the server's queue.
    Wait,
    /// From the start of the session (client: from the server's first byte) to the end of the handshake. A server's
    /// session begins with the client's first byte, and the server gives it the same time to send that byte.
    Handshake,
    /// No application data in either direction.
    Idle,
    /// Bytes are owed to the peer and the kernel takes none of them.
    Write,
    /// From the decision to close to the end of the session.
    Close,
    /// The session as a whole.
    Session,
}

impl Timeout {
    /// Every deadline, in the order in which they are looked at.
    pub const ALL: [Self; 6] =
        [Self::Wait, Self::Handshake, Self::Write, Self::Close, Self::Idle, Self::Session];

    /// The name in logs and traces.
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

/// How long each deadline is. `None` switches it off: then a peer can hold a session for ever.
///
/// The default has the values of the programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// See [`Timeout::Wait`]; a server does not use it.
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
    /// No deadline at all.
    pub const NONE: Self =
        Self { wait: None, handshake: None, idle: None, write: None, close: None, session: None };

    /// The length of one deadline.
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
    /// Starts a deadline, or starts it again; `None` stops it.
    pub fn set(&mut self, timeout: Timeout, at: Option<Instant>) {
        self.0[timeout as usize] = at;
    }

    /// When a deadline is due, if it runs.
    pub fn get(&self, timeout: Timeout) -> Option<Instant> {
        self.0[timeout as usize]
    }

    /// The next instant at which something has to happen.
    pub fn earliest(&self) -> Option<Instant> {
        self.0.iter().copied().flatten().min()
    }

    /// A deadline that has passed, and when it did. The poll rounds its timeout up and may still wake early, so the
    /// question is always asked of the clock, never concluded from having woken.
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

    #[test]
    fn every_deadline_has_its_own_place() {
        let start = Instant::now();
        let mut deadlines = Deadlines::default();
        for (seconds, timeout) in (1..).zip(Timeout::ALL) {
            deadlines.set(timeout, Some(start + Duration::from_secs(seconds)));
        }
        for (seconds, timeout) in (1..).zip(Timeout::ALL) {
            assert_eq!(deadlines.get(timeout), Some(start + Duration::from_secs(seconds)));
        }
    }
}
