//! A listening socket.

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use mio::net::{TcpListener, TcpStream};
use mio::{Registry, Token};

use crate::context::Context;
use crate::mio::Registration;
use crate::observer::{SocketEvent, SocketKind};
use crate::readiness::Interest;

/// The pause after an `accept` that failed because file descriptors or memory ran out.
const PAUSE: Duration = Duration::from_millis(100);

/// A listening socket. It is registered with the poll while its owner has room for connections.
pub struct Listener {
    socket: TcpListener,
    registration: Registration,
    state: State,
    has_room: bool,
}

/// The state of the kernel's backlog.
enum State {
    /// It is empty. The poll will report the next connection.
    Empty,
    /// It may hold connections.
    Ready,
    /// `accept` failed with an error that concerns every connection. For example, file descriptors ran out. The poll
    /// has already reported these connections and does not report them again, so only the clock can end the pause.
    Paused { until: Instant },
}

impl Listener {
    /// Listens on `address`. The poll will report the listener as `token`. mio sets the kernel's backlog to 128.
    ///
    /// # Errors
    /// The errors of `bind(2)` and `listen(2)`: the address is in use, not local, or not permitted.
    pub fn bind(address: SocketAddr, token: Token) -> io::Result<Self> {
        Ok(Self {
            socket: TcpListener::bind(address)?,
            registration: Registration::new(token),
            state: State::Empty,
            has_room: false,
        })
    }

    /// Returns the address that it listens on, with the real port.
    ///
    /// # Errors
    /// The errors of `getsockname(2)`.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// Notes that the poll has reported a connection.
    pub fn ready(&mut self) {
        if let State::Empty = self.state {
            self.state = State::Ready;
        }
    }

    /// Returns when to call [`accept`](Self::accept) even if the poll reports nothing.
    pub fn deadline(&self) -> Option<Instant> {
        match self.state {
            State::Paused { until } if self.has_room => Some(until),
            _ => None,
        }
    }

    /// Returns whether [`accept`](Self::accept) may return a connection now.
    pub fn is_ready(&self) -> bool {
        matches!(self.state, State::Ready)
    }

    /// Accepts a connection. `None`: there is none now, or the listener pauses. Call this until it returns `None`, or
    /// until there is no room for more.
    pub fn accept(&mut self, cx: &mut Context<'_>) -> Option<(TcpStream, SocketAddr)> {
        match self.state {
            State::Empty => return None,
            State::Paused { until } if until > cx.now => return None,
            State::Ready | State::Paused { .. } => {}
        }
        loop {
            match self.socket.accept() {
                Ok((stream, peer)) => {
                    self.state = State::Ready;
                    cx.socket(&SocketEvent::Accepted(peer));
                    return Some((stream, peer));
                }
                Err(error) if concerns_one_connection(&error) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.state = State::Empty;
                    return None;
                }
                Err(error) => {
                    self.pause(&error, cx);
                    return None;
                }
            }
        }
    }

    /// Registers the listener with the poll if there is room for connections, and deregisters it if not. While it is
    /// deregistered, connections wait in the kernel's backlog. Registering it again reports them.
    ///
    /// If the poll fails, the listener pauses, as after an `accept` that fails.
    pub fn set_room(&mut self, has_room: bool, registry: &Registry, cx: &mut Context<'_>) {
        self.has_room = has_room;
        let wanted = if has_room { Interest::READABLE } else { Interest::NONE };
        match self.registration.apply(registry, &mut self.socket, wanted) {
            Ok(true) => cx.socket(&SocketEvent::InterestChanged(SocketKind::Listener, wanted)),
            Ok(false) => {}
            Err(error) => self.pause(&error, cx),
        }
    }

    /// Pauses. Reports the error only if the listener is not paused yet, because `accept` may fail ten times in a
    /// second.
    fn pause(&mut self, error: &io::Error, cx: &mut Context<'_>) {
        if !matches!(self.state, State::Paused { .. }) {
            cx.socket(&SocketEvent::AcceptFailed(error));
        }
        self.state = State::Paused { until: cx.now + PAUSE };
    }
}

/// Returns whether an error of accept(2) concerns only the connection that it was about to return. The kernel has
/// removed that connection from the backlog, and the next call returns the next one.
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
