//! The context that a loop passes to every call: the time, the buffers, the limits of a turn, and the observer.

use std::time::Instant;

use crate::buffers::{Buffers, MAX_READ_SIZE, READ_SIZE};
use crate::observer::{Observer, SessionId, SocketEvent, Step};

/// The largest number of records that one turn passes to rustls after the handshake. A read of 32 KiB can hold 1,400
/// records of one byte, or 650 of them with a key update before each. Without a limit, one such peer slows all others.
pub(crate) const MAX_RECORDS: usize = 64;

/// The limits of one turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The largest read, in bytes.
    read_size: usize,
}

impl Limits {
    /// The limits while other sessions are served too: a read of 32 KiB.
    pub const SHARED: Self = Self { read_size: READ_SIZE };
    /// The limits for a session that is alone: reads grow to 64 KiB while the peer sends faster than the session reads.
    pub const ALONE: Self = Self { read_size: MAX_READ_SIZE };

    /// Returns the size of the next read: half of the bytes that came since the socket was last empty, within the
    /// limits. A peer that has kept the socket full for so long is not waiting for an answer.
    pub(crate) fn next_read(self, since_empty: usize) -> usize {
        (since_empty / 2).clamp(READ_SIZE, self.read_size)
    }
}

/// The time, the buffers, the limits and the observer. A loop creates one after each poll. Only the loop reads a clock.
pub struct Context<'a> {
    /// The time after the last poll.
    pub now: Instant,
    /// The limits of the next turn.
    pub limits: Limits,
    pub(crate) buffers: &'a mut Buffers,
    /// `None` if the observer ignores everything.
    observer: Option<&'a mut dyn Observer>,
}

impl<'a> Context<'a> {
    /// Creates a context with the limits [`Limits::SHARED`].
    pub fn new(now: Instant, buffers: &'a mut Buffers, observer: &'a mut dyn Observer) -> Self {
        let observer = observer.is_watching().then_some(observer);
        Self { now, limits: Limits::SHARED, buffers, observer }
    }

    /// Returns whether the observer uses the steps.
    pub(crate) fn is_watched(&self) -> bool {
        self.observer.is_some()
    }

    /// Reports a step of a session. It is inlined, so it costs one test if the observer ignores everything.
    #[inline]
    pub fn step(&mut self, id: &SessionId, step: &Step<'_>) {
        if let Some(observer) = &mut self.observer {
            observer.step(self.now, *id, step);
        }
    }

    /// Reports an event of a socket that belongs to no session.
    #[inline]
    pub fn socket(&mut self, event: &SocketEvent<'_>) {
        if let Some(observer) = &mut self.observer {
            observer.socket(self.now, event);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_that_is_alone_reads_more_from_a_fast_peer() {
        let sizes = |limits: Limits| [0, 64, 80, 128, 1024].map(|kib| limits.next_read(kib * 1024) / 1024);
        assert_eq!(sizes(Limits::ALONE), [32, 32, 40, 64, 64]);
        assert_eq!(sizes(Limits::SHARED), [32; 5]);
    }
}
