//! Drains the sockets of sessions that are over, and closes them.
//!
//! A socket that is closed with unread bytes resets its connection. RFC 1122, 4.2.2.13: "If such a host issues a
//! CLOSE call while received data is still pending in TCP, or if new data is received after CLOSE is called, its TCP
//! SHOULD send a RST to show that data was lost." The reset destroys output that the peer has not read yet, such as
//! an alert or the rest of an answer.
//!
//! So the session sends its FIN. If [`Session::needs_draining`](crate::session::Session::needs_draining) returns
//! `true`, the loop then reads and drops what the peer still sends: at most 64 KiB, in at most 2 seconds. The number
//! of these sockets is limited, because any peer can cause this work.

use std::io::{self, Read as _};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use mio::net::TcpStream;
use mio::{Registry, Token};
use slab::Slab;

use crate::application::Application;
use crate::context::Context;
use crate::mio::{Registered, Registration};
use crate::observer::{SocketEvent, SocketKind};
use crate::readiness::Interest;

/// The largest number of bytes that are read from one socket.
const MAX_BYTES: usize = 64 * 1024;
/// The longest time for which a socket is drained.
const MAX_TIME: Duration = Duration::from_secs(2);

/// The sockets that are being drained.
pub struct Draining {
    sockets: Slab<Socket>,
    capacity: usize,
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
    /// Creates a set that drains up to `capacity` sockets at a time, at least one. If one more comes, the oldest is
    /// closed. The poll reports the socket with the key `key` as `token(key)`.
    pub fn new(capacity: usize, token: fn(usize) -> Token) -> Self {
        Self { sockets: Slab::new(), capacity: capacity.max(1), token }
    }

    /// Returns whether no socket is being drained.
    pub fn is_empty(&self) -> bool {
        self.sockets.is_empty()
    }

    /// Returns when the next socket is closed, if its peer does nothing before.
    pub fn deadline(&self) -> Option<Instant> {
        self.sockets.iter().map(|(_, socket)| socket.until).min()
    }

    /// Closes the socket of a session, and returns its application. If the socket needs draining, it is drained first. A
    /// session that is not over is aborted: its peer gets a FIN, and no close_notify unless one was sent before.
    pub fn close<A: Application>(
        &mut self,
        mut session: Registered<A>,
        registry: &Registry,
        cx: &mut Context<'_>,
    ) -> A {
        session.abort(cx); // changes nothing if the session is over
        let (session, registration) = session.into_parts();
        let (peer, needs_draining) = (session.id().peer, session.needs_draining());
        let (stream, application) = session.into_parts();
        if needs_draining {
            self.add(stream, peer, registration, registry, cx);
        }
        application
    }

    /// Adds a socket whose FIN is sent, with its registration. If the poll refuses the socket, it is closed.
    pub fn add(
        &mut self,
        stream: TcpStream,
        peer: SocketAddr,
        registration: Registration,
        registry: &Registry,
        cx: &mut Context<'_>,
    ) {
        if self.sockets.len() >= self.capacity
            && let Some((oldest, _)) = self.sockets.iter().min_by_key(|(_, socket)| socket.until)
        {
            self.remove(oldest, cx);
        }
        let entry = self.sockets.vacant_entry();
        let key = entry.key();
        let registration = registration.with_token((self.token)(key));
        entry.insert(Socket { stream, peer, registration, drained: 0, until: cx.now + MAX_TIME });
        self.drain(key, cx);
        let Some(socket) = self.sockets.get_mut(key) else { return };
        let wanted = Interest::READABLE;
        match socket.registration.apply(registry, &mut socket.stream, wanted) {
            Ok(true) => {
                cx.socket(&SocketEvent::InterestChanged(SocketKind::Draining(peer), wanted));
            }
            Ok(false) => {}
            Err(_) => self.remove(key, cx),
        }
    }

    /// Reads from the socket with this key, which the poll has reported.
    pub fn ready(&mut self, key: usize, cx: &mut Context<'_>) {
        let Some(socket) = self.sockets.get(key) else { return };
        cx.socket(&SocketEvent::Ready(SocketKind::Draining(socket.peer)));
        self.drain(key, cx);
    }

    /// Reads until the socket is empty. At end-of-file, or at the largest number of bytes, closes it.
    fn drain(&mut self, key: usize, cx: &mut Context<'_>) {
        let Some(socket) = self.sockets.get_mut(key) else { return };
        let mut sink = [0; 4096];
        while socket.drained < MAX_BYTES {
            match socket.stream.read(&mut sink) {
                Ok(0) => break,
                Ok(length) => socket.drained += length,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(_) => break, // a reset: the peer reads nothing more
            }
        }
        self.remove(key, cx);
    }

    /// Closes the sockets whose deadline has passed.
    pub fn expire(&mut self, cx: &mut Context<'_>) {
        let expired: Vec<usize> =
            self.sockets.iter().filter_map(|(key, socket)| (socket.until <= cx.now).then_some(key)).collect();
        for key in expired {
            self.remove(key, cx);
        }
    }

    /// Moves every deadline that is after `until` to `until`.
    pub fn cap_deadline(&mut self, until: Instant) {
        for (_, socket) in &mut self.sockets {
            socket.until = socket.until.min(until);
        }
    }

    /// Closes a socket. The kernel removes its registration, because this is its only descriptor.
    fn remove(&mut self, key: usize, cx: &mut Context<'_>) {
        if let Some(socket) = self.sockets.try_remove(key) {
            cx.socket(&SocketEvent::Drained { peer: socket.peer, drained: socket.drained });
        }
    }
}
