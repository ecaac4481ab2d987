//! The readiness of a socket, as the kernel last reported it.

#[cfg(feature = "mio")]
use mio::event::Event;

/// The directions that may be tried.
///
/// mio is edge-triggered: the kernel reports a change once. So a session keeps what was reported until the kernel
/// takes it back. Only two results do that: `WouldBlock`, and, if the source is
/// [edge-triggered](crate::transport::Transport::EDGE_TRIGGERED), a read that returns less than the buffer holds.
/// Nothing else clears a bit (invariant I1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Readiness {
    readable: bool,
    writable: bool,
    read_closed: bool,
}

impl Readiness {
    /// Creates a readiness without an event. `read_closed`: the peer's FIN has arrived. That matters only if the
    /// source is
    /// [edge-triggered](crate::transport::Transport::EDGE_TRIGGERED).
    pub fn new(readable: bool, writable: bool, read_closed: bool) -> Self {
        Self { readable, writable, read_closed }
    }

    /// Returns a readiness in which both directions may be tried: for a caller without a poll, or for a socket that
    /// is known to hold bytes.
    pub fn all() -> Self {
        Self::new(true, true, false)
    }

    /// Returns the readiness that one event reports.
    ///
    /// Only `is_readable` and `is_writable` are portable. The other flags are hints. Here a hint makes the session
    /// try the socket, and the result of that read or write is the answer. A session that ended at a hang-up, without
    /// reading first, would lose the last bytes of the peer.
    #[cfg(feature = "mio")]
    pub fn from_event(event: &Event) -> Self {
        let broken = event.is_error();
        Self {
            readable: event.is_readable() || event.is_read_closed() || broken,
            writable: event.is_writable() || event.is_write_closed() || broken,
            read_closed: event.is_read_closed(),
        }
    }

    /// Adds what another event reported.
    pub fn merge(&mut self, other: Self) {
        self.readable |= other.readable;
        self.writable |= other.writable;
        self.read_closed |= other.read_closed;
    }

    /// Returns whether a read may be tried.
    pub fn is_readable(self) -> bool {
        self.readable
    }

    /// Returns whether a write may be tried.
    pub fn is_writable(self) -> bool {
        self.writable
    }

    /// Returns whether the kernel has reported the peer's FIN. A session that reads to the end finds it.
    pub fn is_read_closed(self) -> bool {
        self.read_closed
    }

    /// Notes that a read returned `WouldBlock`.
    pub fn read_blocked(&mut self) {
        self.readable = false;
    }

    /// Notes that a write returned `WouldBlock`.
    pub fn write_blocked(&mut self) {
        self.writable = false;
    }

    /// Notes that a read returned less than the buffer holds: the socket is empty, and the next byte makes a new edge
    /// (epoll(7), question 9).
    ///
    /// After the peer's FIN the socket stays readable. Data and FIN that arrive together make one edge for both, so the
    /// session has to read until it gets end-of-file or an error.
    ///
    /// A peer that sends TCP urgent data also makes reads stop early, at the urgent mark. TLS does not use urgent data.
    /// Such a session waits for the peer's next bytes, or for its own deadline.
    pub fn read_short(&mut self) {
        self.readable = self.read_closed;
    }
}

/// The events to watch a socket for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Interest {
    /// Bytes to read, or the peer's FIN.
    pub readable: bool,
    /// Room to write.
    pub writable: bool,
}

impl Interest {
    /// No events. mio has no such interest, so the socket is deregistered.
    pub const NONE: Self = Self { readable: false, writable: false };
    /// Bytes to read, or the peer's FIN.
    pub const READABLE: Self = Self { readable: true, writable: false };
    /// Room to write.
    pub const WRITABLE: Self = Self { readable: false, writable: true };
}

/// The interest as mio has it. `None`: no events.
#[cfg(feature = "mio")]
impl From<Interest> for Option<mio::Interest> {
    fn from(Interest { readable, writable }: Interest) -> Self {
        match (readable, writable) {
            (true, true) => Some(mio::Interest::READABLE | mio::Interest::WRITABLE),
            (true, false) => Some(mio::Interest::READABLE),
            (false, true) => Some(mio::Interest::WRITABLE),
            (false, false) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Readiness;

    #[test]
    fn a_short_read_empties_the_socket_unless_the_peer_has_sent_fin() {
        let mut readiness = Readiness::all();
        readiness.read_short();
        assert!(!readiness.is_readable());

        let mut readiness = Readiness { read_closed: true, ..Readiness::all() };
        readiness.read_short();
        assert!(readiness.is_readable());
    }

    #[test]
    fn merge_clears_no_bit() {
        let mut readiness = Readiness::all();
        readiness.merge(Readiness::default());
        assert_eq!(readiness, Readiness::all());
    }
}
