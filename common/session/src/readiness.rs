//! What the kernel last said about a socket.

#[cfg(feature = "mio")]
use mio::event::Event;

/// Which directions may be tried.
///
/// mio is edge-triggered: an event says that something changed, once. The knowledge has to be kept until the
/// kernel itself takes it back, and only two answers do that: `WouldBlock`, and a read that returned less than
/// was asked for. Nothing else clears a bit (invariant I1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Readiness {
    readable: bool,
    writable: bool,
    read_closed: bool,
}

impl Readiness {
    /// What is known from elsewhere than an event. With `read_closed`, the peer's FIN is there.
    pub fn new(readable: bool, writable: bool, read_closed: bool) -> Self {
        Self { readable, writable, read_closed }
    }

    /// A connected socket that nobody has asked yet: it can be written, and if it can be read the kernel will
    /// say so.
    pub fn fresh() -> Self {
        Self::new(false, true, false)
    }

    /// Everything may be tried: for a caller without a poll, and for one who knows that bytes are waiting.
    pub fn all() -> Self {
        Self::new(true, true, false)
    }

    /// What one event says.
    ///
    /// Only `is_readable` and `is_writable` are portable. The others are hints, and are taken as a reason to
    /// ask (a reset shows in the read or the write that meets it), never as an answer: acting on a hang-up
    /// before reading loses what the peer said last.
    #[cfg(feature = "mio")]
    pub fn of(event: &Event) -> Self {
        let broken = event.is_error();
        Self {
            readable: event.is_readable() || event.is_read_closed() || broken,
            writable: event.is_writable() || event.is_write_closed() || broken,
            read_closed: event.is_read_closed(),
        }
    }

    /// Adds what another event said.
    pub fn merge(&mut self, other: Self) {
        self.readable |= other.readable;
        self.writable |= other.writable;
        self.read_closed |= other.read_closed;
    }

    /// Whether a read may be tried.
    pub fn is_readable(self) -> bool {
        self.readable
    }

    /// Whether a write may be tried.
    pub fn is_writable(self) -> bool {
        self.writable
    }

    /// Whether the kernel has seen the peer's end: reading to the end finds it.
    pub fn is_read_closed(self) -> bool {
        self.read_closed
    }

    /// A read said `WouldBlock`.
    pub fn read_blocked(&mut self) {
        self.readable = false;
    }

    /// A write said `WouldBlock`.
    pub fn write_blocked(&mut self) {
        self.writable = false;
    }

    /// A read returned less than was asked for: the socket is drained, and the next byte makes a new edge
    /// (epoll(7), question 9). Not so once the peer's FIN is there: data and FIN that arrive together make one
    /// edge for both, so after it only an end-of-file or an error is an answer. (A peer that sends TCP urgent data
    /// makes reads stop at its mark too. TLS has no use for it, and that session is its sender's to lose: it stays
    /// where it is until more comes, or its deadline.)
    pub fn read_short(&mut self) {
        self.readable = self.read_closed;
    }
}

/// What to watch a socket for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Interest {
    /// Bytes, or the peer's end.
    pub readable: bool,
    /// Room for bytes.
    pub writable: bool,
}

impl Interest {
    /// Nothing. mio has no such interest: the socket is deregistered.
    pub const NONE: Self = Self { readable: false, writable: false };
    /// Bytes, or the peer's end.
    pub const READABLE: Self = Self { readable: true, writable: false };
    /// Room for bytes.
    pub const WRITABLE: Self = Self { readable: false, writable: true };
}

/// `None` stands for nothing, which mio has no interest for.
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
    fn a_short_read_means_drained_only_while_the_peer_has_not_sent_fin() {
        let mut readiness = Readiness::all();
        readiness.read_short();
        assert!(!readiness.is_readable());

        let mut readiness = Readiness { read_closed: true, ..Readiness::all() };
        readiness.read_short();
        assert!(readiness.is_readable());
    }

    #[test]
    fn merging_never_takes_anything_back() {
        let mut readiness = Readiness::all();
        readiness.merge(Readiness::default());
        assert_eq!(readiness, Readiness::all());
    }
}
