//! The listening socket: when to accept, and when not to.

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use common::observer::{EventSource, LoopEvent, Watch};
use common::registrar::Registrar;
use mio::net::TcpListener;
use mio::{Interest, Registry};

use crate::place::Place;
use crate::waiting_room::WaitingRoom;

/// How long to leave `accept` alone after it failed for want of file descriptors or memory.
const PAUSE: Duration = Duration::from_millis(100);

/// The listener, and what is known about its queue.
pub struct Listener {
    socket: TcpListener,
    registrar: Registrar,
    /// The backlog may hold a connection. Like a socket's readiness, only `WouldBlock` clears it.
    acceptable: bool,
    /// Whether the room was full when last looked at.
    full: bool,
    state: State,
}

/// Whether accepting works.
enum State {
    Working,
    /// It failed with an error that concerns us all, out of file descriptors for one. The edge that announced the
    /// connection in the backlog is used up, and there may never be another, so only a clock can bring us back.
    Failing {
        retry_at: Instant,
    },
}

impl Listener {
    /// Listens on `address`; the kernel's backlog is 128, as mio sets it.
    ///
    /// # Errors
    /// Those of `bind(2)` and `listen(2)`: in use, not ours, not permitted.
    pub fn bind(address: SocketAddr) -> io::Result<Self> {
        Ok(Self {
            socket: TcpListener::bind(address)?,
            registrar: Registrar::new(Place::Listener.into()),
            acceptable: true,
            full: false,
            state: State::Working,
        })
    }

    /// The address that it listens on, with the real port.
    ///
    /// # Errors
    /// Those of `getsockname(2)`.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// The poll has said that somebody has come.
    pub fn ready(&mut self) {
        self.acceptable = true;
    }

    /// When to call [`accept`](Self::accept) even if nobody seems to have come.
    pub fn deadline(&self) -> Option<Instant> {
        match self.state {
            State::Working => None,
            State::Failing { retry_at } => Some(retry_at),
        }
    }

    /// Whether somebody may be waiting in the backlog who could be accepted now.
    pub fn owes_accept(&self, room: &WaitingRoom) -> bool {
        matches!(self.state, State::Working) && self.acceptable && !room.is_full()
    }

    /// Accepts until nobody is left or the room is full.
    pub fn accept(&mut self, room: &mut WaitingRoom, watch: &mut Watch<'_>) {
        if matches!(self.state, State::Failing { retry_at } if watch.now < retry_at) {
            return;
        }
        while self.acceptable && !room.is_full() {
            match self.socket.accept() {
                Ok((socket, peer)) => {
                    watch.event_loop(&LoopEvent::Accepted(peer));
                    room.enter(socket, peer);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.acceptable = false,
                Err(error) if concerns_one_connection(&error) => {}
                Err(error) => return self.fail(&error, watch),
            }
            self.state = State::Working;
        }
    }

    /// Tells of the first failure of a row; the tenth in a second is no news.
    fn fail(&mut self, error: &io::Error, watch: &mut Watch<'_>) {
        if matches!(self.state, State::Working) {
            watch.event_loop(&LoopEvent::AcceptFailed(error));
        }
        self.acceptable = true;
        self.state = State::Failing { retry_at: watch.now + PAUSE };
    }

    /// Listens while there is room. Coming back, the backlog is looked at without waiting for an event. A poll that
    /// refuses is tried again, like an accept that fails.
    pub fn follow(&mut self, room: &WaitingRoom, registry: &Registry, watch: &mut Watch<'_>) {
        let wanted = (!room.is_full()).then_some(Interest::READABLE);
        match self.registrar.apply(registry, &mut self.socket, wanted) {
            Ok(true) => watch.event_loop(&LoopEvent::InterestChanged(EventSource::Listener, wanted)),
            Ok(false) => {}
            Err(error) => self.fail(&error, watch),
        }
        if self.full != room.is_full() {
            self.full = room.is_full();
            self.acceptable = true;
            watch.event_loop(if self.full { &LoopEvent::RoomFull } else { &LoopEvent::RoomAgain });
        }
    }
}

/// accept(2) also reports what happened to the connection it was about to return. Those errors use the connection
/// up, so the next call goes on with the next one.
fn concerns_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind as Kind;
    matches!(
        error.kind(),
        Kind::ConnectionAborted
            | Kind::ConnectionReset
            | Kind::Interrupted
            | Kind::HostUnreachable
            | Kind::NetworkUnreachable
            | Kind::NetworkDown
            | Kind::TimedOut
    )
}
