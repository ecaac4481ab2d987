//! The seam for everything that shows a session: logs, traces, captures, pages.
//!
//! An observer is told what happened and returns nothing, so it can change nothing. Bytes are lent to it, never
//! copied for it, and nothing is formatted before somebody asks: with [`()`](unit) as the observer a step costs a
//! test that fails.

use std::fmt;
use std::io::{self, IoSlice, Write};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use rustls::IoState;

use crate::close_reason::{CloseReason, Until};
use crate::context::Context;
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

/// One thing that the loop around the sessions did.
#[derive(Debug)]
pub enum LoopEvent<'a> {
    /// The listener is open.
    Listening(SocketAddr),
    /// The poll returned.
    Woke {
        /// How many events it brought.
        events: usize,
        /// How long it might have slept: until the earliest deadline; not at all, because something could be done;
        /// or, with `None`, until an event.
        timeout: Option<Duration>,
    },
    /// One of the events was for this.
    Ready(EventSource),
    /// What the poll was told to watch for, of something that is not a session. Nothing: it was deregistered.
    InterestChanged(EventSource, Interest),
    /// A connection was accepted.
    Accepted(SocketAddr),
    /// A connection was accepted and has to wait.
    Waiting {
        /// The other end.
        peer: SocketAddr,
        /// Its place in the queue, from 1.
        place: usize,
    },
    /// The accept queue is full; the listener is deregistered, and the kernel's backlog is the queue now.
    RoomFull,
    /// There is room again; the listener is back.
    RoomAgain,
    /// `accept(2)` failed with an error that concerns us all; it is tried again soon.
    AcceptFailed(&'a io::Error),
    /// A client that had sent nothing left, or was sent away. It gets no session.
    Skipped {
        /// The other end.
        peer: SocketAddr,
        /// How it left.
        left: Left<'a>,
        /// How many clients still wait.
        waiting: usize,
    },
    /// A queued client that has sent nothing gets a free slot. Its session begins with its first byte.
    SlotHeld {
        /// The other end.
        peer: SocketAddr,
        /// The slot that it holds, from 0.
        slot: usize,
        /// How many clients still wait.
        waiting: usize,
    },
    /// A client that has sent nothing goes back to its position in the queue. Its slot goes to a client that has spoken.
    SlotGivenUp {
        /// The other end.
        peer: SocketAddr,
        /// The slot that it held.
        slot: usize,
        /// How many clients wait now.
        waiting: usize,
    },
    /// A client that has spoken gets a slot.
    Promoted {
        /// The session that it becomes.
        id: SessionId,
        /// The slot that it gets, from 0.
        slot: usize,
        /// How many still wait.
        waiting: usize,
    },
    /// rustls would not even begin a session.
    SessionFailed {
        /// The session that there will not be.
        id: SessionId,
        /// What rustls says.
        error: &'a rustls::Error,
    },
    /// A session is over, and its slot is free.
    Freed {
        /// The session.
        id: SessionId,
        /// Its slot.
        slot: usize,
        /// Whether its socket is drained before it is closed.
        drains: bool,
    },
    /// One read of stdin gave this many bytes; none at its end.
    StdinRead(usize),
    /// We are trying to connect.
    Connecting(SocketAddr),
    /// A connection attempt failed.
    ConnectFailed(SocketAddr, &'a io::Error),
    /// The TCP connection is there.
    Connected(SocketAddr),
    /// A socket is drained, or was drained long enough, and is closed.
    Drained {
        /// The other end.
        peer: SocketAddr,
        /// How many bytes were thrown away.
        drained: usize,
    },
    /// SIGHUP: the certificates, keys and trusted certificates were loaded again, for the sessions to come.
    Reloaded {
        /// What was wrong, if something was; the old ones stay.
        error: Option<&'a str>,
    },
    /// SIGHUP: there are no file descriptors to load the files with. That is tried again soon.
    ReloadPostponed {
        /// What the first try said.
        error: &'a str,
    },
    /// A signal, or the end of what was to be done: no more sessions, the one that is open is closed.
    Stopping {
        /// Why, for people.
        why: &'static str,
        /// How many waiters are sent away.
        waiting: usize,
    },
}

/// What the poll watches beside the sessions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventSource {
    /// The pipe that a signal handler writes to.
    Signals,
    /// The listening socket.
    Listener,
    /// The socket of a client that holds a slot and has sent nothing yet.
    Queued(SocketAddr),
    /// The client's standard input.
    Stdin,
    /// The socket of a session that is over, drained before it is closed.
    Draining(SocketAddr),
}

/// How a client left that had sent nothing.
#[derive(Debug)]
pub enum Left<'a> {
    /// With a FIN.
    Fin,
    /// With a reset, or another error.
    Error(&'a io::Error),
    /// The server closed the connection, after this time of silence.
    Silent(Duration),
}

/// Somebody who is shown what happens.
pub trait Observer {
    /// Whether there is any use in telling it something; asked once for each [`Context`].
    fn is_watching(&self) -> bool {
        true
    }

    /// A session did something.
    fn step(&mut self, now: Instant, id: SessionId, step: &Step<'_>) {
        let _ = (now, id, step);
    }

    /// The loop did something.
    fn event_loop(&mut self, now: Instant, event: &LoopEvent<'_>) {
        let _ = (now, event);
    }

    /// When [`timer`](Self::timer) wants to be called even if nothing happens.
    fn deadline(&self) -> Option<Instant> {
        None
    }

    /// The loop has woken. An observer whose deadline has passed does what it has put off.
    fn timer(&mut self, now: Instant) {
        let _ = now;
    }
}

/// The timeout of a poll that must not be late for an observer.
pub fn shorten(timeout: Option<Duration>, observer: &dyn Observer) -> Option<Duration> {
    let left = observer.deadline().map(|at| at.saturating_duration_since(Instant::now()));
    [timeout, left].into_iter().flatten().min()
}

/// Calls the timer of an observer if it is due. Call this after each poll.
pub fn attend(observer: &mut dyn Observer) {
    if let Some(at) = observer.deadline() {
        let now = Instant::now();
        if at <= now {
            observer.timer(now);
        }
    }
}

/// Nobody watches.
impl Observer for () {
    fn is_watching(&self) -> bool {
        false
    }
}

/// Somebody watches; who it is depends on the command line.
impl<O: Observer + ?Sized> Observer for Box<O> {
    fn is_watching(&self) -> bool {
        (**self).is_watching()
    }

    fn step(&mut self, now: Instant, id: SessionId, step: &Step<'_>) {
        (**self).step(now, id, step);
    }

    fn event_loop(&mut self, now: Instant, event: &LoopEvent<'_>) {
        (**self).event_loop(now, event);
    }

    fn deadline(&self) -> Option<Instant> {
        (**self).deadline()
    }

    fn timer(&mut self, now: Instant) {
        (**self).timer(now);
    }
}

/// Two watch.
impl<A: Observer, B: Observer> Observer for (A, B) {
    fn is_watching(&self) -> bool {
        self.0.is_watching() || self.1.is_watching()
    }

    fn step(&mut self, now: Instant, id: SessionId, step: &Step<'_>) {
        self.0.step(now, id, step);
        self.1.step(now, id, step);
    }

    fn event_loop(&mut self, now: Instant, event: &LoopEvent<'_>) {
        self.0.event_loop(now, event);
        self.1.event_loop(now, event);
    }

    fn deadline(&self) -> Option<Instant> {
        [self.0.deadline(), self.1.deadline()].into_iter().flatten().min()
    }

    fn timer(&mut self, now: Instant) {
        self.0.timer(now);
        self.1.timer(now);
    }
}

/// A writer that shows the observer what the kernel took. `write_tls` hands over many records in one vectored
/// write, so the bytes of a short write end in the middle of a slice.
pub(crate) struct Tap<'t, 'c, 'o, T> {
    pub(crate) transport: &'t mut T,
    pub(crate) cx: &'c mut Context<'o>,
    pub(crate) id: SessionId,
}

impl<T: Write> Write for Tap<'_, '_, '_, T> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_vectored(&[IoSlice::new(bytes)])
    }

    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        let taken = self.transport.write_vectored(slices)?;
        if !self.cx.is_watched() {
            return Ok(taken);
        }
        let mut left = taken;
        for slice in slices {
            let shown = left.min(slice.len());
            if shown == 0 {
                break;
            }
            self.cx.step(&self.id, &Step::Sent(&slice[..shown]));
            left -= shown;
        }
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.transport.flush()
    }
}
