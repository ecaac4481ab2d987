//! What the loops of both programs do, and the observers that hear of it.
//!
//! [`tls_session::observer`] has what a session and a listener do. An observer here hears both, in order.

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tls_session::buffers::Buffers;
use tls_session::context::{Context, Limits};
use tls_session::observer::{self, SessionId, SocketEvent, SocketKind};
use tls_session::readiness::Interest;

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

/// An event of a socket outside a session is an event of the loop.
impl<'a> From<&SocketEvent<'a>> for LoopEvent<'a> {
    fn from(event: &SocketEvent<'a>) -> Self {
        match *event {
            SocketEvent::Ready(kind) => Self::Ready(kind.into()),
            SocketEvent::InterestChanged(kind, wanted) => Self::InterestChanged(kind.into(), wanted),
            SocketEvent::Accepted(peer) => Self::Accepted(peer),
            SocketEvent::AcceptFailed(error) => Self::AcceptFailed(error),
            SocketEvent::Drained { peer, drained } => Self::Drained { peer, drained },
        }
    }
}

impl From<SocketKind> for EventSource {
    fn from(kind: SocketKind) -> Self {
        match kind {
            SocketKind::Listener => Self::Listener,
            SocketKind::Draining(peer) => Self::Draining(peer),
        }
    }
}

/// Hears everything that a program does.
///
/// An implementation of [`observer::Observer::socket`] passes its event on as a [`LoopEvent`].
pub trait Observer: observer::Observer {
    /// The loop has done something.
    fn event_loop(&mut self, now: Instant, event: &LoopEvent<'_>) {
        let _ = (now, event);
    }

    /// When [`timer`](Self::timer) is to be called even if nothing happens.
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
impl Observer for () {}

/// Which observers there are depends on the command line.
impl<O: Observer + ?Sized> Observer for Box<O> {
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

/// Two observers, in this order.
impl<A: Observer, B: Observer> Observer for (A, B) {
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

/// The time, the buffers, the limits and the observer of a loop in a program. It makes the [`Context`] of a session for
/// each call.
pub struct LoopContext<'a> {
    /// The time after the last poll.
    pub now: Instant,
    /// How much work the next turn of a session may do.
    pub limits: Limits,
    buffers: &'a mut Buffers,
    observer: &'a mut dyn Observer,
}

impl<'a> LoopContext<'a> {
    /// A context with the limits for a session beside others.
    pub fn new(now: Instant, buffers: &'a mut Buffers, observer: &'a mut dyn Observer) -> Self {
        Self { now, limits: Limits::SHARED, buffers, observer }
    }

    /// Reports something that the loop did.
    pub fn event_loop(&mut self, event: &LoopEvent<'_>) {
        if self.observer.is_watching() {
            self.observer.event_loop(self.now, event);
        }
    }

    /// The context for a call of a session, a listener, or a socket that is drained.
    pub fn session(&mut self) -> Context<'_> {
        let mut cx = Context::new(self.now, self.buffers, self.observer);
        cx.limits = self.limits;
        cx
    }
}
