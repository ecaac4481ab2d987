//! What the naive loops share: a poll, and a peer that follows a schedule.

use std::cell::Cell;
use std::ops::{Deref, DerefMut};
use std::slice;
use std::time::{Duration, Instant};

use rustls::{ClientConnection, ServerConnection, SupportedProtocolVersion};
use tls_session::application::Application;
use tls_session::readiness::{Interest, Readiness};
use tls_session::simulation::cryptography;
use tls_session::simulation::network::{Cut, Socket, connection, with_registry};
use tls_session::simulation::raw::Raw;
use tls_session::simulation::raw_pair::RawPair;
use tls_session::simulation::tls::{Shared, Tls};
use tls_session::transport::Transport as _;

/// A step of a schedule: what the peer does next. The peer takes it when nothing else can happen.
pub type Step = fn(&mut Raw);

/// The poll of a naive loop. While the loop waits, its peer acts.
pub struct Poll {
    /// The peer. It reads and writes whenever it can, and takes the steps of its schedule.
    pub peer: Raw,
    /// How long the loop stands still while its peer takes a step: its process is stopped, or the machine is busy.
    pub stall: Duration,
    socket: Socket,
    schedule: slice::Iter<'static, Step>,
    now: Instant,
}

impl Poll {
    fn new(peer: Raw, socket: &Socket, schedule: &'static [Step]) -> Self {
        let (socket, schedule) = (socket.clone(), schedule.iter());
        let mut poll = Self { peer, stall: Duration::ZERO, socket, schedule, now: Instant::now() };
        poll.watch(Interest { readable: true, writable: true });
        poll
    }

    /// Sets the events to watch the socket for, as `register` and `reregister` of mio do. At first the socket is
    /// watched for both.
    pub fn watch(&mut self, interest: Interest) {
        let interest = Option::<mio::Interest>::from(interest).expect("mio has no empty interest");
        with_registry(|registry| registry.register(&mut self.socket, mio::Token(0), interest)).unwrap();
    }

    /// Waits for the next event. `None`: none can come any more. A loop on a real poll would hang here.
    pub fn wait(&mut self) -> Option<Readiness> {
        loop {
            if let Some(readiness) = self.socket.poll() {
                return Some(readiness);
            }
            if !self.peer_acts() {
                return None;
            }
        }
    }

    /// Waits for the next event until this time. `None`: the time has come.
    pub fn wait_until(&mut self, deadline: Instant) -> Option<Readiness> {
        let event = self.wait();
        if event.is_none() {
            self.now = self.now.max(deadline);
        }
        event
    }

    /// The virtual clock of the loop. Only a deadline and a stall move it.
    pub fn now(&self) -> Instant {
        self.now
    }

    /// The peer does what it can, or takes its next step. Returns whether there was anything to do.
    fn peer_acts(&mut self) -> bool {
        if self.peer.write() | self.peer.read() {
            return true;
        }
        let step = self.schedule.next();
        step.is_some_and(|step| {
            step(&mut self.peer);
            self.peer.write();
            self.now += self.stall;
            true
        })
    }

    /// Closes the socket of the loop, as dropping it does, and lets the peer go on.
    ///
    /// A close with unread bytes in the socket resets the connection. Here the peer loses everything that it has not
    /// read: it counts as being on its way. On Linux the peer keeps what its kernel has received.
    pub fn close(&mut self) {
        self.peer.write();
        if self.unread() > 0 {
            let lane = &mut self.socket.outgoing();
            lane.cut = Some((lane.taken, Cut::Reset));
        } else if !self.socket.outgoing().fin {
            self.socket.shutdown_write().unwrap();
        }
        while self.peer_acts() {}
    }

    /// How many bytes wait in the socket of the loop.
    pub fn unread(&self) -> usize {
        let lane = self.socket.incoming();
        lane.log.len() - lane.taken
    }
}

/// What a naive server has: its end of a session, its socket, and its poll. Its peer is a client with this schedule.
pub fn server(tls: &Shared, schedule: &'static [Step]) -> (ServerConnection, Socket, Poll) {
    let (near, far) = connection();
    let poll = Poll::new(Raw::new(tls.client(), &near), &far, schedule);
    (tls.server(), far, poll)
}

/// What a naive client has. Its peer is a server with this schedule.
pub fn client(tls: &Shared, schedule: &'static [Step]) -> (ClientConnection, Socket, Poll) {
    let (near, far) = connection();
    let poll = Poll::new(Raw::new(tls.server(), &far), &near, schedule);
    (tls.client(), near, poll)
}

/// Runs a session and its peer through the same schedule, until nothing can happen any more.
pub fn run<A: Application>(mut pair: RawPair<A>, schedule: &[Step]) -> RawPair<A> {
    pair.settle();
    for step in schedule {
        step(&mut pair.raw);
        pair.settle();
    }
    pair
}

/// The configurations of both ends, with full handshakes. All random numbers are the same in every run.
pub fn tls(version: &'static SupportedProtocolVersion) -> Shared {
    cryptography::seed(1);
    Tls::new(version).shared()
}

/// The next bytes of this end do not arrive before [`release`].
pub fn hold(peer: &mut Raw) {
    let sent = peer.socket.sent().len();
    peer.socket.outgoing().arriving = sent;
}

/// Everything that this end has sent arrives at once.
pub fn release(peer: &mut Raw) {
    peer.socket.outgoing().arriving = usize::MAX;
}

/// Damages the next record of this end on its way.
pub fn damage_next_record(peer: &mut Raw) {
    const HEADER: usize = 5;
    let sent = peer.socket.sent().len();
    peer.socket.outgoing().flips.push(sent + HEADER);
}

/// The other end cannot write any more: this end does not read, and the kernel's buffers are full.
pub fn stop_reading(peer: &mut Raw) {
    peer.socket.incoming().capacity = 0;
}

/// A client with a ticket for so many bytes of early data, and the server that gave it the ticket.
pub fn with_ticket(early_data: u32) -> Tls {
    cryptography::seed(1);
    Tls::with_early_data(early_data)
}

/// A value that panics after ten thousand uses. It ends a loop that would never end by itself.
pub struct Finite<T> {
    inner: T,
    left: Cell<usize>,
}

impl<T> Finite<T> {
    /// No test of this folder needs more than a hundred uses.
    pub fn new(inner: T) -> Self {
        Self { inner, left: Cell::new(10_000) }
    }

    fn count(&self) {
        self.left.set(self.left.get().checked_sub(1).expect("the loop turns in circles"));
    }
}

impl<T> Deref for Finite<T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.count();
        &self.inner
    }
}

impl<T> DerefMut for Finite<T> {
    fn deref_mut(&mut self) -> &mut T {
        self.count();
        &mut self.inner
    }
}
