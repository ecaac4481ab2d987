//! Sockets of failed sessions, drained outside the slot.
//!
//! A socket that is closed with unread bytes resets its connection, and the reset may destroy the alert that says
//! what went wrong before the peer has read it (RFC 1122, 4.2.2.13). So the FIN is sent, the slot is given to the
//! next client, and what the peer still sends is thrown away for a while: not for long, and not for many, since
//! this is work that any peer can cause.

use std::io::{self, Read as _};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use common::observer::{EventSource, LoopEvent, Watch};
use common::registrar::Registrar;
use mio::net::TcpStream;
use mio::{Interest, Registry};
use slab::Slab;

use crate::place::Place;

/// At most this many sockets linger; the oldest makes room.
pub const PLACES: usize = 64;
/// At most this much is read from each.
const BYTES: usize = 64 * 1024;
/// At most this long.
const TIME: Duration = Duration::from_secs(2);

/// The sockets that linger.
#[derive(Default)]
pub struct Lingering {
    sockets: Slab<Socket>,
}

struct Socket {
    stream: TcpStream,
    peer: SocketAddr,
    registrar: Registrar,
    drained: usize,
    until: Instant,
}

impl Lingering {
    /// Whether none lingers.
    pub fn is_empty(&self) -> bool {
        self.sockets.is_empty()
    }

    /// When the next one is due.
    pub fn deadline(&self) -> Option<Instant> {
        self.sockets.iter().map(|(_, socket)| socket.until).min()
    }

    /// Takes a socket whose FIN is sent, with its registration. If the poll will not have it, it is closed: to
    /// linger is a courtesy.
    pub fn add(
        &mut self,
        stream: TcpStream,
        peer: SocketAddr,
        registrar: Registrar,
        registry: &Registry,
        watch: &mut Watch<'_>,
    ) {
        if self.sockets.len() >= PLACES {
            self.drop_oldest(watch);
        }
        let entry = self.sockets.vacant_entry();
        let key = entry.key();
        let registrar = registrar.adopt(Place::Lingering(key).into());
        entry.insert(Socket { stream, peer, registrar, drained: 0, until: watch.now + TIME });
        self.drain(key, watch);
        let Some(socket) = self.sockets.get_mut(key) else { return };
        let wanted = Some(Interest::READABLE);
        match socket.registrar.apply(registry, &mut socket.stream, wanted) {
            Ok(true) => {
                watch.event_loop(&LoopEvent::InterestChanged(EventSource::Lingering(peer), wanted));
            }
            Ok(false) => {}
            Err(_) => self.close(key, watch),
        }
    }

    /// The poll has said that there is something to drain.
    pub fn ready(&mut self, key: usize, watch: &mut Watch<'_>) {
        let Some(socket) = self.sockets.get(key) else { return };
        watch.event_loop(&LoopEvent::Ready(EventSource::Lingering(socket.peer)));
        self.drain(key, watch);
    }

    /// Reads and throws away, until nothing comes, the peer is done, or it has been enough.
    fn drain(&mut self, key: usize, watch: &mut Watch<'_>) {
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
        self.close(key, watch);
    }

    /// Closes those whose time is over.
    pub fn expire(&mut self, watch: &mut Watch<'_>) {
        let late: Vec<usize> = self
            .sockets
            .iter()
            .filter_map(|(key, socket)| (socket.until <= watch.now).then_some(key))
            .collect();
        for key in late {
            self.close(key, watch);
        }
    }

    /// None lingers longer than this.
    pub fn hurry(&mut self, until: Instant) {
        for (_, socket) in &mut self.sockets {
            socket.until = socket.until.min(until);
        }
    }

    fn drop_oldest(&mut self, watch: &mut Watch<'_>) {
        let oldest = self.sockets.iter().min_by_key(|(_, socket)| socket.until).map(|(key, _)| key);
        if let Some(key) = oldest {
            self.close(key, watch);
        }
    }

    /// Dropping the socket closes it, and closing the only descriptor ends its registration.
    fn close(&mut self, key: usize, watch: &mut Watch<'_>) {
        if let Some(socket) = self.sockets.try_remove(key) {
            watch.event_loop(&LoopEvent::LingeringOver { peer: socket.peer, drained: socket.drained });
        }
    }
}
