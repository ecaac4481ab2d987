//! The interface of everything that shows a session: logs, traces, captures, pages.
//!
//! A session reports each of its steps to an observer. The observer returns nothing, so it cannot change the session.
//! It borrows the bytes. Nothing is copied or formatted for it, so with [`()`](unit) as the observer a step costs one
//! test.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use rustls::IoState;

use crate::close_reason::{CloseReason, Until};
use crate::deadline::Timeout;
use crate::handshake::Handshake;
use crate::phase::Phase;
use crate::readiness::{Interest, Readiness};

/// The identity of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionId {
    /// Counts from 1, in the order in which sessions started.
    pub number: u64,
    /// The address of the peer.
    pub peer: SocketAddr,
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "session {}: {}", self.number, self.peer)
    }
}

/// One step of a session.
#[derive(Debug)]
pub enum Step<'a> {
    /// The session began.
    Began {
        /// The local address of its connection.
        local: SocketAddr,
    },
    /// The event source, or the loop itself, reported that the socket may be ready for this.
    Ready(Readiness),
    /// One `recv(2)` returned these bytes. An empty slice is end-of-file: the peer's FIN, or a connection that a write
    /// has found broken.
    Received(&'a [u8]),
    /// A read returned `WouldBlock`.
    ReadBlocked,
    /// `read_tls` took these bytes of the read. An empty slice stands for the peer's FIN.
    ReadTls(&'a [u8]),
    /// `process_new_packets` returned this.
    Processed(&'a Result<IoState, rustls::Error>),
    /// The handshake is done. This is its result.
    Established(&'a Handshake),
    /// The application got this plaintext.
    PlaintextIn(&'a [u8]),
    /// The application sent this plaintext.
    PlaintextOut(&'a [u8]),
    /// The kernel took these bytes. One write can be reported in several pieces. Its [`Step::WroteTls`] follows them.
    Sent(&'a [u8]),
    /// `write_tls` wrote this many bytes, in one system call.
    WroteTls(usize),
    /// A write returned `WouldBlock`.
    WriteBlocked,
    /// The session went from one phase to another.
    PhaseChanged {
        /// The phase it left.
        from: &'a Phase,
        /// The phase it is in now.
        to: &'a Phase,
    },
    /// A deadline was started, moved or stopped. `None`: it was stopped.
    DeadlineSet(Timeout, Option<Instant>),
    /// A deadline passed.
    DeadlineFired(Timeout),
    /// The application started, moved or stopped its own deadline. `None`: it was stopped.
    TimerSet(Option<Instant>),
    /// The application's own deadline passed.
    TimerFired,
    /// The poll now watches the session for this interest. With an empty interest the session is deregistered.
    InterestChanged(Interest),
    /// The session reached the limit of its turn. It stays runnable, and the other sessions have their turns first.
    Yielded,
    /// The session sent the FIN that ends our half, or `shutdown(2)` failed.
    SentFin(&'a io::Result<()>),
    /// The session is over.
    Closed {
        /// The reason of its end.
        reason: &'a CloseReason,
        /// The progress of the session before it ended.
        until: Until<'a>,
        /// Plaintext bytes that the application got.
        received: u64,
        /// Plaintext bytes that the application sent.
        sent: u64,
        /// The time since the session began.
        duration: Duration,
    },
}

/// One event of a socket that belongs to no session: a listener, or a socket that is drained.
#[derive(Debug)]
pub enum SocketEvent<'a> {
    /// The poll reported this socket.
    Ready(SocketKind),
    /// The poll now watches the socket for this interest. With an empty interest the socket is deregistered.
    InterestChanged(SocketKind, Interest),
    /// A connection was accepted.
    Accepted(SocketAddr),
    /// `accept(2)` failed with an error that concerns every connection. The listener tries again soon.
    AcceptFailed(&'a io::Error),
    /// A socket was drained and closed.
    Drained {
        /// The address of its peer.
        peer: SocketAddr,
        /// The number of bytes that were dropped.
        drained: usize,
    },
}

/// A socket that belongs to no session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SocketKind {
    /// The listening socket.
    Listener,
    /// The socket of a session that is over, while it is drained.
    Draining(SocketAddr),
}

/// Receives the steps of sessions and the events of other sockets.
pub trait Observer {
    /// Returns whether this observer uses the steps. Each [`Context`](crate::context::Context) asks once.
    fn is_watching(&self) -> bool {
        true
    }

    /// Receives one step of a session.
    fn step(&mut self, now: Instant, id: SessionId, step: &Step<'_>) {
        let _ = (now, id, step);
    }

    /// Receives one event of a socket that belongs to no session.
    fn socket(&mut self, now: Instant, event: &SocketEvent<'_>) {
        let _ = (now, event);
    }
}

/// The observer that ignores everything.
impl Observer for () {
    fn is_watching(&self) -> bool {
        false
    }
}

/// An observer that is chosen at run time.
impl<O: Observer + ?Sized> Observer for Box<O> {
    fn is_watching(&self) -> bool {
        (**self).is_watching()
    }

    fn step(&mut self, now: Instant, id: SessionId, step: &Step<'_>) {
        (**self).step(now, id, step);
    }

    fn socket(&mut self, now: Instant, event: &SocketEvent<'_>) {
        (**self).socket(now, event);
    }
}

/// Two observers, called in this order.
impl<A: Observer, B: Observer> Observer for (A, B) {
    fn is_watching(&self) -> bool {
        self.0.is_watching() || self.1.is_watching()
    }

    fn step(&mut self, now: Instant, id: SessionId, step: &Step<'_>) {
        self.0.step(now, id, step);
        self.1.step(now, id, step);
    }

    fn socket(&mut self, now: Instant, event: &SocketEvent<'_>) {
        self.0.socket(now, event);
        self.1.socket(now, event);
    }
}
