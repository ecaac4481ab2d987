//! The clients that were accepted and not yet served.

use std::collections::VecDeque;
use std::io::{self, Read as _};
use std::net::SocketAddr;

use common::observer::{Left, LoopEvent, Watch};
use common::readiness::Readiness;
use mio::net::TcpStream;

/// A queue of accepted sockets, in the order of their arrival.
///
/// A waiter is not registered with the poll. Its bytes wait in the kernel, where they cost us nothing, and no edge
/// is lost: registering reports what is ready by then. The price is that nobody tells us when a waiter leaves, so
/// each is asked when its turn comes.
pub struct WaitingRoom {
    waiters: VecDeque<Waiter>,
    places: usize,
    /// How many of them, from the front, have been told of.
    announced: usize,
}

/// A client that waits.
pub struct Waiter {
    /// Its socket.
    pub socket: TcpStream,
    /// Its address, taken from `accept`: a socket that was reset has none any more.
    pub peer: SocketAddr,
}

impl WaitingRoom {
    /// An empty room with this many places.
    pub fn new(places: usize) -> Self {
        Self { waiters: VecDeque::new(), places, announced: 0 }
    }

    /// Whether there is no place left.
    pub fn is_full(&self) -> bool {
        self.waiters.len() >= self.places
    }

    /// How many wait.
    pub fn len(&self) -> usize {
        self.waiters.len()
    }

    /// A client takes its place at the end.
    pub fn enter(&mut self, socket: TcpStream, peer: SocketAddr) {
        self.waiters.push_back(Waiter { socket, peer });
    }

    /// The one that has waited longest and is still there, and what its socket is ready for.
    pub fn next(&mut self, watch: &mut Watch<'_>) -> Option<(Waiter, Readiness)> {
        while let Some(waiter) = self.waiters.pop_front() {
            self.announced = self.announced.saturating_sub(1);
            let peeked = waiter.socket.peek(&mut [0]);
            let left = match &peeked {
                Ok(1..) => return Some((waiter, Readiness::all())),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    return Some((waiter, Readiness::fresh())); // silent so far: its handshake timeout starts now
                }
                Ok(0) => Left::Fin,
                Err(error) => Left::Error(error),
            };
            watch.event_loop(&LoopEvent::Skipped { peer: waiter.peer, left });
        }
        None
    }

    /// Tells of those who came and have to stay.
    pub fn announce(&mut self, watch: &mut Watch<'_>) {
        for (waiter, place) in self.waiters.iter().zip(1..).skip(self.announced) {
            watch.event_loop(&LoopEvent::Waiting { peer: waiter.peer, place });
        }
        self.announced = self.waiters.len();
    }

    /// Sends everybody away.
    pub fn dismiss(&mut self) {
        for mut waiter in self.waiters.drain(..) {
            // Closing a socket with unread bytes resets the connection; reading them first makes it a plain FIN.
            // Whatever this read says, the socket is closed next.
            let _ = waiter.socket.read(&mut [0; 4096]);
        }
    }
}
