//! The seam for everything that shows a session: logs, traces, captures, pages.
//!
//! An observer is told what happened and returns nothing, so it can change nothing. Bytes are lent to it, never
//! copied for it, and nothing is formatted before somebody asks: with [`()`](unit) as the observer a step costs a
//! test that fails.

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

/// Which session a step belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionId {
    /// Counts from 1, in the order in which sessions started.
    pub number: u64,
    /// The other end.
    pub peer: SocketAddr,
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "session {}: {}", self.number, self.peer)
    }
}

/// One thing that a session did.
#[derive(Debug)]
pub enum Step<'a> {
    /// The session begins; its connection has this address at our end.
    Began {
        /// Address and port of our end.
        local: SocketAddr,
    },
    /// The poll, or a look before it, said that the socket may be ready for this.
    Ready(Readiness),
    /// `recv(2)` gave these bytes: one read. Empty for the end: the peer's FIN, or a connection that a write
    /// has found broken.
    Received(&'a [u8]),
    /// A read would have blocked.
    ReadBlocked,
    /// `read_tls` took these bytes of the read; none when it was told of the peer's FIN.
    ReadTls(&'a [u8]),
    /// `process_new_packets` returned this.
    Processed(&'a Result<IoState, rustls::Error>),
    /// The handshake is done, and this is what came of it.
    Established(&'a Handshake),
    /// The application got this plaintext.
    PlaintextIn(&'a [u8]),
    /// The application sent this plaintext.
    PlaintextOut(&'a [u8]),
    /// The kernel took these bytes; one write may come as several pieces, followed by its [`Step::WroteTls`].
    Sent(&'a [u8]),
    /// `write_tls` wrote this many bytes, in one system call.
    WroteTls(usize),
    /// A write would have blocked.
    WriteBlocked,
    /// The session went from one phase to another.
    PhaseChanged {
        /// The phase it left.
        from: &'a Phase,
        /// The phase it is in now.
        to: &'a Phase,
    },
    /// A deadline was started, moved, or (`None`) stopped.
    DeadlineSet(Timeout, Option<Instant>),
    /// A deadline passed.
    DeadlineFired(Timeout),
    /// The application has set, moved, or (`None`) stopped a deadline of its own.
    TimerSet(Option<Instant>),
    /// The application's own deadline passed.
    TimerFired,
    /// What the poll was told to watch for. Nothing: the session was deregistered.
    InterestChanged(Interest),
    /// The limit of a turn is reached: the session stays runnable, and others have their turn first.
    Yielded,
    /// The FIN that ends our half was sent, or what the kernel said instead.
    SentFin(&'a io::Result<()>),
    /// The session is over.
    Closed {
        /// Why.
        reason: &'a CloseReason,
        /// How far it had come.
        until: Until<'a>,
        /// Plaintext bytes that the application got.
        received: u64,
        /// Plaintext bytes that the application sent.
        sent: u64,
        /// The time since it began.
        duration: Duration,
    },
}

/// What a listener did, or a socket that is drained.
#[derive(Debug)]
pub enum SocketEvent<'a> {
    /// An event was for this socket.
    Ready(SocketKind),
    /// What the poll was told to watch the socket for. Nothing: it was deregistered.
    InterestChanged(SocketKind, Interest),
    /// A connection was accepted.
    Accepted(SocketAddr),
    /// `accept(2)` failed with an error that concerns every connection. It is tried again soon.
    AcceptFailed(&'a io::Error),
    /// A socket was drained, and is closed.
    Drained {
        /// Its peer.
        peer: SocketAddr,
        /// How many bytes were dropped.
        drained: usize,
    },
}

/// A socket that belongs to no session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SocketKind {
    /// The listening socket.
    Listener,
    /// The socket of a session that is over. It is drained before it is closed.
    Draining(SocketAddr),
}

/// Hears what sessions and sockets do.
pub trait Observer {
    /// Returns whether anybody watches. Asked once for each [`Context`](crate::context::Context).
    fn is_watching(&self) -> bool {
        true
    }

    /// A session has done something.
    fn step(&mut self, now: Instant, id: SessionId, step: &Step<'_>) {
        let _ = (now, id, step);
    }

    /// A listener or a socket that is drained has done something.
    fn socket(&mut self, now: Instant, event: &SocketEvent<'_>) {
        let _ = (now, event);
    }
}

/// Nobody watches.
impl Observer for () {
    fn is_watching(&self) -> bool {
        false
    }
}

/// Which observers there are depends on the program.
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

/// Two observers, in this order.
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
