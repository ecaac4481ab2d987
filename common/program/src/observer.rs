//! The events of both programs' loops, and the observers that hear them.
//!
//! [`tls_session::observer`] has the events of sessions and listeners. An observer of this module hears both, in order.

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tls_session::buffers::Buffers;
use tls_session::context::{Context, Limits};
use tls_session::observer::{self, SessionId, SocketEvent, SocketKind};
use tls_session::readiness::Interest;

/// An event of the loop around the sessions.
#[derive(Debug)]
pub enum LoopEvent<'a> {
    /// The listener is open.
    Listening(SocketAddr),
    /// The poll returned.
    Woke {
        /// How many events it brought.
        events: usize,
        /// How long it could have slept. Zero: work was left. `None`: there was no deadline, only an event could wake it.
        timeout: Option<Duration>,
    },
    /// One of the events was for this source.
    Ready(EventSource),
    /// The poll got a new interest for a source that is not a session. No interest means that it was deregistered.
    InterestChanged(EventSource, Interest),
    /// A connection was accepted.
    Accepted(SocketAddr),
    /// A connection was accepted and queued.
    Waiting {
        /// The other end.
        peer: SocketAddr,
        /// Its position in the queue, from 1.
        position: usize,
    },
    /// The accept queue is full. The listener is deregistered, so further clients wait in the kernel's backlog.
    QueueFull,
    /// The accept queue has room again. The listener is registered again.
    QueueHasRoom,
    /// `accept(2)` failed with an error that does not concern one client only. It is tried again soon.
    AcceptFailed(&'a io::Error),
    /// A client that had sent nothing left, or was disconnected. It gets no session.
    Skipped {
        /// The other end.
        peer: SocketAddr,
        /// Why it gets no session.
        reason: SkipReason<'a>,
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
    /// A client that has sent nothing returns to its position in the queue. Its slot goes to a client that has sent data.
    SlotGivenUp {
        /// The other end.
        peer: SocketAddr,
        /// The slot that it held.
        slot: usize,
        /// How many clients wait now.
        waiting: usize,
    },
    /// A client that has sent data gets a slot.
    Promoted {
        /// Its session.
        id: SessionId,
        /// The slot that it gets, from 0.
        slot: usize,
        /// How many clients still wait.
        waiting: usize,
    },
    /// rustls could not create a connection for a session.
    SessionFailed {
        /// The number of the session, which does not begin.
        id: SessionId,
        /// rustls' error.
        error: &'a rustls::Error,
    },
    /// A session has ended, and its slot is free.
    Freed {
        /// The session.
        id: SessionId,
        /// Its slot.
        slot: usize,
        /// Whether its socket is drained before it is closed.
        drains: bool,
    },
    /// A read of stdin returned this many bytes. 0 means the end of stdin.
    StdinRead(usize),
    /// A connection attempt began.
    Connecting(SocketAddr),
    /// A connection attempt failed.
    ConnectFailed(SocketAddr, &'a io::Error),
    /// The TCP connection is established.
    Connected(SocketAddr),
    /// The client received these bytes before the TLS session (STARTTLS).
    PreambleIn(SocketAddr, &'a [u8]),
    /// The client sent these bytes before the TLS session (STARTTLS).
    PreambleOut(SocketAddr, &'a [u8]),
    /// The client ended the connection before the TLS session (STARTTLS).
    PreambleFailed {
        /// The session that does not begin.
        id: SessionId,
        /// The local address of the connection.
        local: SocketAddr,
        /// Why TLS does not begin.
        error: &'a str,
    },
    /// A socket was drained and is closed, at its end-of-file or at a limit.
    Drained {
        /// The other end.
        peer: SocketAddr,
        /// How many bytes were discarded.
        drained: usize,
    },
    /// SIGHUP: the certificates, keys and trusted certificates were loaded again, for later sessions.
    Reloaded {
        /// The error, if loading failed. Then the old files stay in use.
        error: Option<&'a str>,
    },
    /// SIGHUP: no file descriptors are left to load the files. It is tried again soon.
    ReloadPostponed {
        /// The error of the first try.
        error: &'a str,
    },
    /// The program begins to stop, after a signal or because its work is done. Open sessions are closed, and no further
    /// session begins.
    Stopping {
        /// The reason, as text.
        why: &'static str,
        /// How many queued clients are disconnected.
        waiting: usize,
    },
}

/// A source of the poll's events that is not a session.
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
    /// The socket of a session that has ended. It is drained before it is closed.
    Draining(SocketAddr),
}

/// The reason why a client that had sent nothing gets no session.
#[derive(Debug)]
pub enum SkipReason<'a> {
    /// The client sent a FIN.
    Fin,
    /// The client reset the connection, or it failed with another error.
    Error(&'a io::Error),
    /// The server closed the connection, because the client had sent nothing for this long.
    Silent(Duration),
}

/// An event of a socket without a session is an event of the loop.
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

/// Hears all events of a program.
///
/// An implementation of [`observer::Observer::socket`] passes its event on as a [`LoopEvent`].
pub trait Observer: observer::Observer {
    /// Hears an event of the loop.
    fn event_loop(&mut self, now: Instant, event: &LoopEvent<'_>) {
        let _ = (now, event);
    }

    /// Returns when to call [`timer`](Self::timer) if no event comes before.
    fn deadline(&self) -> Option<Instant> {
        None
    }

    /// Hears that a deadline of the observers has passed. An observer whose own deadline has passed does its delayed
    /// work.
    fn timer(&mut self, now: Instant) {
        let _ = now;
    }
}

/// Returns the timeout of a poll, but no more than the time to the deadline of an observer.
pub fn cap_timeout(timeout: Option<Duration>, observer: &dyn Observer) -> Option<Duration> {
    let left = observer.deadline().map(|at| at.saturating_duration_since(Instant::now()));
    [timeout, left].into_iter().flatten().min()
}

/// Calls the timer of an observer if its deadline has passed. Call this after each poll.
pub fn run_due_timer(observer: &mut dyn Observer) {
    if let Some(at) = observer.deadline() {
        let now = Instant::now();
        if at <= now {
            observer.timer(now);
        }
    }
}

/// An observer that ignores all events.
impl Observer for () {}

/// The command line decides which observers there are.
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

/// Two observers. The first one hears each event first.
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
    /// Returns a context with the limits for a session that shares the loop with others.
    pub fn new(now: Instant, buffers: &'a mut Buffers, observer: &'a mut dyn Observer) -> Self {
        Self { now, limits: Limits::SHARED, buffers, observer }
    }

    /// Reports an event of the loop to the observer.
    pub fn event_loop(&mut self, event: &LoopEvent<'_>) {
        if self.observer.is_watching() {
            self.observer.event_loop(self.now, event);
        }
    }

    /// Returns the context for a call of a session, a listener, or a draining socket.
    pub fn session(&mut self) -> Context<'_> {
        let mut cx = Context::new(self.now, self.buffers, self.observer);
        cx.limits = self.limits;
        cx
    }
}
