//! What a loop passes to every call: the time, the buffers, the limits of a turn, and the observer.

use std::time::Instant;

use crate::buffers::{Buffers, MAX_READ_SIZE, READ_SIZE};
use crate::observer::{Observer, SessionId, SocketEvent, Step};

/// How much work one turn may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The largest read, in bytes.
    read_size: usize,
    /// How many records one turn passes to rustls after the handshake. A read of 32 KiB can hold 1,400 records of one byte,
    /// or 650 of them with a key update before each. Without a limit one such peer slows all others down.
    records: usize,
}

impl Limits {
    /// For a session beside others: a read of 32 KiB, 64 records.
    pub const SHARED: Self = Self { read_size: READ_SIZE, records: 64 };
    /// For a session that is alone: reads grow to 64 KiB while the peer is far ahead.
    pub const ALONE: Self = Self { read_size: MAX_READ_SIZE, records: 64 };

    /// The size of the next read: half of what has come since the session last found its socket empty. A peer that has
    /// kept the socket full for so long does not wait for an answer.
    pub(crate) fn next_read(self, since_empty: usize) -> usize {
        (since_empty / 2).clamp(READ_SIZE, self.read_size)
    }

    pub(crate) fn records(self) -> usize {
        self.records
    }
}

/// The time, the buffers, the limits and the observer. A loop makes one after each poll. Only the loop reads a clock.
pub struct Context<'a> {
    /// The time after the last poll.
    pub now: Instant,
    /// How much work the next turn may do.
    pub limits: Limits,
    pub(crate) buffers: &'a mut Buffers,
    /// `None` if nobody watches.
    observer: Option<&'a mut dyn Observer>,
}

impl<'a> Context<'a> {
    /// A context with the limits for a session beside others.
    pub fn new(now: Instant, buffers: &'a mut Buffers, observer: &'a mut dyn Observer) -> Self {
        let observer = observer.is_watching().then_some(observer);
        Self { now, limits: Limits::SHARED, buffers, observer }
    }

    /// Returns whether somebody watches.
    pub(crate) fn is_watched(&self) -> bool {
        self.observer.is_some()
    }

    /// Reports a step of a session. Inlined: if nobody watches, it is a test and no call.
    #[inline]
    pub fn step(&mut self, id: &SessionId, step: &Step<'_>) {
        if let Some(observer) = &mut self.observer {
            observer.step(self.now, *id, step);
        }
    }

    /// Reports something that a socket outside a session did.
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
    fn a_session_that_is_alone_and_has_a_peer_far_ahead_reads_more() {
        let sizes = |limits: Limits| [0, 64, 80, 128, 1024].map(|kib| limits.next_read(kib * 1024) / 1024);
        assert_eq!(sizes(Limits::ALONE), [32, 32, 40, 64, 64]);
        assert_eq!(sizes(Limits::SHARED), [32; 5]);
    }
}
