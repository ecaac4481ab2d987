//! The listening socket: when to accept, and when not to.

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use mio::Registry;
use mio::net::TcpListener;
use tls_session::mio::registration::Registrar;
use tls_session::observer::{EventSource, LoopEvent, Watch};
use tls_session::readiness::Interest;

use crate::accept_queue::AcceptQueue;
use crate::place::Place;

/// How long to leave `accept` alone after it failed for want of file descriptors or memory.
const PAUSE: Duration = Duration::from_millis(100);

/// The listener, and what is known about its backlog.
pub struct Listener {
    socket: TcpListener,
    registrar: Registrar,
    backlog: Backlog,
    /// Whether the queue was full when last looked at.
    full: bool,
}

/// What is known about the connections that the kernel holds for us.
enum Backlog {
    /// The poll will say when somebody is there.
    Watched,
    /// The poll has said that somebody is there: one for all we know, or several.
    Ready { crowd: bool },
    /// One was taken. Others may have come with the same edge, so the poll has been asked: if it says anything, they
    /// have.
    Asked,
    /// Accepting failed with an error that concerns us all, out of file descriptors for one. The edge that announced
    /// the connection is used up, and there may never be another, so only a clock can bring us back.
    Failing { retry_at: Instant },
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
            backlog: Backlog::Watched,
            full: false,
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
        match self.backlog {
            Backlog::Watched => self.backlog = Backlog::Ready { crowd: false },
            Backlog::Asked => self.backlog = Backlog::Ready { crowd: true },
            Backlog::Ready { .. } | Backlog::Failing { .. } => {}
        }
    }

    /// When to call [`accept`](Self::accept) even if nobody seems to have come.
    pub fn deadline(&self, queue: &AcceptQueue) -> Option<Instant> {
        match self.backlog {
            Backlog::Failing { retry_at } if !queue.is_full() => Some(retry_at),
            _ => None,
        }
    }

    /// Accepts one, if somebody is there and the queue has room. `true`: there may be another, to be accepted at once.
    ///
    /// A crowd is accepted until nobody is left; one for each round would have them wait for everybody's turn each. A
    /// single one is more usual. Whether it was single, an `accept` that fails would say too; but the kernel makes a
    /// socket before it looks whether there is anybody to give it to. The poll says it for less, see
    /// [`follow`](Self::follow).
    pub fn accept(&mut self, queue: &mut AcceptQueue, watch: &mut Watch<'_>) -> bool {
        let crowd = match self.backlog {
            Backlog::Ready { crowd } => crowd,
            Backlog::Failing { retry_at } if retry_at <= watch.now => false,
            Backlog::Asked => {
                self.backlog = Backlog::Watched; // it has said nothing
                return false;
            }
            Backlog::Watched | Backlog::Failing { .. } => return false,
        };
        if queue.is_full() {
            return false;
        }
        match self.socket.accept() {
            Ok((socket, peer)) => {
                watch.event_loop(&LoopEvent::Accepted(peer));
                queue.enter(socket, peer, watch.now);
                self.backlog = Backlog::Ready { crowd };
            }
            Err(error) if concerns_one_connection(&error) => self.backlog = Backlog::Ready { crowd },
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.backlog = Backlog::Watched,
            Err(error) => self.fail(&error, watch),
        }
        matches!(self.backlog, Backlog::Ready { crowd: true })
    }

    /// Tells of the first failure of a row; the tenth in a second is no news.
    fn fail(&mut self, error: &io::Error, watch: &mut Watch<'_>) {
        if !matches!(self.backlog, Backlog::Failing { .. }) {
            watch.event_loop(&LoopEvent::AcceptFailed(error));
        }
        self.backlog = Backlog::Failing { retry_at: watch.now + PAUSE };
    }

    /// Watches the backlog while there is room. Who is there already, when the watching begins or when one was taken
    /// out, is reported like who comes. A poll that refuses is tried again, like an accept that fails.
    pub fn follow(&mut self, queue: &AcceptQueue, registry: &Registry, watch: &mut Watch<'_>) {
        let wanted = if queue.is_full() { Interest::NONE } else { Interest::READABLE };
        let asks = matches!(self.backlog, Backlog::Ready { .. });
        let changed = match queue.is_full() {
            false if asks => self.registrar.rearm(registry, &mut self.socket).map(|()| false),
            _ => self.registrar.apply(registry, &mut self.socket, wanted),
        };
        match changed {
            Ok(true) => watch.event_loop(&LoopEvent::InterestChanged(EventSource::Listener, wanted)),
            Ok(false) => {}
            Err(error) => return self.fail(&error, watch),
        }
        if asks {
            self.backlog = if !queue.is_full() { Backlog::Asked } else { Backlog::Watched };
        }
        if self.full != queue.is_full() {
            self.full = queue.is_full();
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
