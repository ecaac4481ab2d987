//! The loop: accept, wait, and give every session its turn.

use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use mio::net::TcpListener;
use mio::{Events, Interest, Poll, Token};
use rustls::{ServerConfig, ServerConnection};

use crate::fault::Fault;
use crate::session::{Session, Timeouts, Turn};

const LISTENER: Token = Token(0);
/// The number of sessions at a time. More clients wait in the kernel's backlog.
const SLOTS: usize = 128;
/// The wait after `accept` has failed, for example because there is no free descriptor.
const ACCEPT_AGAIN: Duration = Duration::from_millis(100);

/// A server with its sessions.
pub struct Server {
    poll: Poll,
    listener: TcpListener,
    /// The backlog may hold clients.
    has_clients: bool,
    sessions: BTreeMap<usize, Session>,
    /// The token of the newest session. No token is used twice.
    newest: usize,
    config: Arc<ServerConfig>,
    timeouts: Timeouts,
    fault: Fault,
}

impl Server {
    /// Listens on this address.
    pub fn bind(
        address: SocketAddr,
        config: Arc<ServerConfig>,
        fault: Fault,
        timeouts: Timeouts,
    ) -> io::Result<Self> {
        let (poll, mut listener) = (Poll::new()?, TcpListener::bind(address)?);
        poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
        let sessions = BTreeMap::new();
        Ok(Self { poll, listener, has_clients: false, sessions, newest: LISTENER.0, config, timeouts, fault })
    }

    /// Returns the address that the server listens on.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves until the poll fails.
    pub fn run(mut self) -> io::Result<()> {
        let mut events = Events::with_capacity(256);
        let mut timeout = None;
        loop {
            match self.poll.poll(&mut events, timeout) {
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                other => other?,
            }
            if self.fault == Fault::ShortReadIsDrained {
                thread::sleep(Duration::from_millis(20)); // a busy machine, so that a FIN comes with the data before it
            }
            for event in &events {
                if event.token() == LISTENER {
                    self.has_clients = true;
                    if self.fault == Fault::FewAcceptsForEachEvent {
                        thread::sleep(Duration::from_millis(20)); // so that a crowd comes with one event
                    }
                } else if let Some(session) = self.sessions.get_mut(&event.token().0) {
                    session.ready(event);
                }
            }
            let accepting = self.accept()?;
            timeout = [self.turns(), accepting].into_iter().flatten().min();
        }
    }

    /// Accepts until the backlog is empty or no slot is free. Returns how long to wait before the next attempt.
    fn accept(&mut self) -> io::Result<Option<Duration>> {
        let slots = match self.fault {
            Fault::OneSession => 1,
            Fault::FewSlots => 8,
            _ => SLOTS,
        };
        let mut accepted = 0;
        while self.has_clients && self.sessions.len() < slots {
            let mut stream = match self.listener.accept() {
                Ok((stream, _)) => stream,
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    self.has_clients = false;
                    break;
                }
                Err(_) => return Ok(Some(ACCEPT_AGAIN)),
            };
            let _ = stream.set_nodelay(true); // fails if the client is gone, which the first read reports
            self.newest += 1;
            let interest = Interest::READABLE | Interest::WRITABLE;
            self.poll.registry().register(&mut stream, Token(self.newest), interest)?;
            let tls = ServerConnection::new(Arc::clone(&self.config)).map_err(io::Error::other)?;
            let session = Session::new(stream, tls, self.timeouts, self.fault);
            self.sessions.insert(self.newest, session);
            accepted += 1;
            if self.fault == Fault::FewAcceptsForEachEvent && accepted == 8 {
                self.has_clients = false;
            }
        }
        Ok(None)
    }

    /// Gives every session a turn, and closes those that are done. Returns how long the loop may wait for an event.
    fn turns(&mut self) -> Option<Duration> {
        let mut is_again = false;
        self.sessions.retain(|_, session| match session.turn() {
            Ok(Turn::Wait) => true,
            Ok(Turn::Again) => {
                is_again = true;
                true
            }
            Ok(Turn::Done) => false, // the socket is closed here
            Err(error) => session.keeps_slot_after(&error),
        });
        if is_again || (self.has_clients && self.sessions.len() < SLOTS) {
            return Some(Duration::ZERO);
        }
        let deadline = self.sessions.values().filter_map(Session::deadline).min()?;
        Some(deadline.saturating_duration_since(Instant::now()))
    }
}
