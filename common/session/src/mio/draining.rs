//! Drains the sockets of sessions that are over, before they are closed.
//!
//! A socket that is closed with unread bytes resets its connection, and the reset destroys what the peer has not read
//! yet: the alert that says what went wrong, or the rest of an answer (RFC 1122, 4.2.2.13). So the session sends its
//! FIN. If [`Session::needs_draining`](crate::session::Session::needs_draining) says so, the loop then reads what the peer
//! still sends, and throws it away: at most 64 KiB in at most 2 seconds. The number of these sockets is limited, because any
//! peer can cause this work.

use std::io::{self, Read as _};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use mio::net::TcpStream;
use mio::{Registry, Token};
use slab::Slab;

use crate::context::Context;
use crate::mio::Registration;
use crate::observer::{EventSource, LoopEvent};
use crate::readiness::Interest;

/// At most this much is read from each.
const BYTES: usize = 64 * 1024;
/// At most this long.
const TIME: Duration = Duration::from_secs(2);

/// The sockets that are being drained.
pub struct Draining {
    sockets: Slab<Socket>,
    places: usize,
    token: fn(usize) -> Token,
}

struct Socket {
    stream: TcpStream,
    peer: SocketAddr,
    registration: Registration,
    drained: usize,
    until: Instant,
}

impl Draining {
    /// Room for `places` sockets, at least one. When one more comes, the oldest is closed. The socket with the key `key`
    /// is registered with the poll as `token(key)`.
    pub fn new(places: usize, token: fn(usize) -> Token) -> Self {
        Self { sockets: Slab::new(), places: places.max(1), token }
    }

    /// Whether no socket is being drained.
    pub fn is_empty(&self) -> bool {
        self.sockets.is_empty()
    }

    /// When the next one is due.
    pub fn deadline(&self) -> Option<Instant> {
        self.sockets.iter().map(|(_, socket)| socket.until).min()
    }

    /// Takes a socket whose FIN is sent, with its registration. If the poll refuses it, it is closed: draining is a
    /// courtesy.
    pub fn add(
        &mut self,
        stream: TcpStream,
        peer: SocketAddr,
        registration: Registration,
        registry: &Registry,
        cx: &mut Context<'_>,
    ) {
        if self.sockets.len() >= self.places {
            self.drop_oldest(cx);
        }
        let entry = self.sockets.vacant_entry();
        let key = entry.key();
        let registration = registration.with_token((self.token)(key));
        entry.insert(Socket { stream, peer, registration, drained: 0, until: cx.now + TIME });
        self.drain(key, cx);
        let Some(socket) = self.sockets.get_mut(key) else { return };
        let wanted = Interest::READABLE;
        match socket.registration.apply(registry, &mut socket.stream, wanted) {
            Ok(true) => {
                cx.event_loop(&LoopEvent::InterestChanged(EventSource::Draining(peer), wanted));
            }
            Ok(false) => {}
            Err(_) => self.close(key, cx),
        }
    }

    /// The poll has said that there is something to drain.
    pub fn ready(&mut self, key: usize, cx: &mut Context<'_>) {
        let Some(socket) = self.sockets.get(key) else { return };
        cx.event_loop(&LoopEvent::Ready(EventSource::Draining(socket.peer)));
        self.drain(key, cx);
    }

    /// Reads and throws away, until nothing comes, the peer is done, or it has been enough.
    fn drain(&mut self, key: usize, cx: &mut Context<'_>) {
        let Some(socket) = self.sockets.get_mut(key) else { return };
        let mut sink = [0; 4096];
        while socket.drained < BYTES {
            match socket.stream.read(&mut sink) {
                Ok(0) => break,
                Ok(length) => socket.drained += length,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(_) => break, // a reset: the peer wants nothing more
            }
        }
        self.close(key, cx);
    }

    /// Closes those whose time is over.
    pub fn expire(&mut self, cx: &mut Context<'_>) {
        let late: Vec<usize> =
            self.sockets.iter().filter_map(|(key, socket)| (socket.until <= cx.now).then_some(key)).collect();
        for key in late {
            self.close(key, cx);
        }
    }

    /// Drains no socket for longer than until `until`.
    pub fn cap_deadline(&mut self, until: Instant) {
        for (_, socket) in &mut self.sockets {
            socket.until = socket.until.min(until);
        }
    }

    fn drop_oldest(&mut self, cx: &mut Context<'_>) {
        let oldest = self.sockets.iter().min_by_key(|(_, socket)| socket.until).map(|(key, _)| key);
        if let Some(key) = oldest {
            self.close(key, cx);
        }
    }

    /// Dropping the socket closes it, and closing the only descriptor ends its registration.
    fn close(&mut self, key: usize, cx: &mut Context<'_>) {
        if let Some(socket) = self.sockets.try_remove(key) {
            cx.event_loop(&LoopEvent::Drained { peer: socket.peer, drained: socket.drained });
        }
    }
}
