//! The accept queue: clients that were accepted and have no slot yet.
//!
//! A queued client is not registered with the poll. Its bytes wait in the kernel, where they cost us nothing, and no
//! edge is lost: registering a socket reports whatever is ready by then. The price is that the poll does not tell us
//! when a queued client speaks or leaves, so the queue peeks at the sockets.
//!
//! TLS clients speak first. A client that has sent nothing has no claim to a slot, so a slot goes to the client that
//! has waited longest among those that have spoken. When a slot is free, the queue looks from the front and stops at the
//! first such client.

use std::collections::BTreeMap;
use std::io::{self, Read as _};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use mio::net::TcpStream;
use program::observer::{Left, LoopContext, LoopEvent};

/// How often the queue looks for a client that has spoken while a silent client holds a slot.
pub const LOOK_AGAIN: Duration = Duration::from_millis(100);
/// The largest number of sockets that one call looks at; the next call goes on behind them. A look is a system call.
const LOOKS: usize = 256;
/// How many connections the kernel holds behind a full queue. mio calls `listen(2)` with 128, and Linux allows one more.
const BACKLOG: usize = 129;
/// A full queue keeps a silent client at least this long. The first byte of an honest client needs a round trip.
const LEAST_PATIENCE: Duration = Duration::from_secs(1);

/// The queue, in order of arrival.
pub struct AcceptQueue {
    /// Clients whose sockets held bytes when the queue looked at them, by their arrival.
    spoken: BTreeMap<u64, QueuedClient>,
    /// The other clients.
    silent: BTreeMap<u64, QueuedClient>,
    capacity: usize,
    /// How many clients have come so far.
    arrivals: u64,
    /// The last arrival that the observer knows of.
    announced: u64,
    look: Look,
}

/// One pass over the silent clients, from the front of the queue. It takes one round of the loop, or more if the queue
/// is long.
#[derive(Default)]
struct Look {
    /// When the pass began; `None` before the first.
    began: Option<Instant>,
    /// When the pass last went on.
    last: Option<Instant>,
    /// The last arrival that was looked at.
    at: u64,
    /// Whether there was more to look at than one call may.
    goes_on: bool,
}

/// A client that was accepted and has no session yet.
pub struct QueuedClient {
    /// Its socket.
    pub socket: TcpStream,
    /// Its address, taken from `accept`: a socket that was reset has none any more.
    pub peer: SocketAddr,
    /// When it was accepted.
    pub since: Instant,
    /// Its number in the order of arrival, from 1.
    arrival: u64,
}

/// What a look at a client's socket found.
pub enum Sign {
    /// The client has sent something.
    Spoken,
    /// The client is there and has sent nothing.
    Silent,
    /// The client closed its connection with a FIN and sent nothing before it.
    Fin,
    /// The client's connection was reset, or failed otherwise.
    Failed(io::Error),
}

impl QueuedClient {
    /// Looks at the socket, and leaves in it what it finds.
    pub fn peek(&self) -> Sign {
        match self.socket.peek(&mut [0]) {
            Ok(1..) => Sign::Spoken,
            Ok(0) => Sign::Fin,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Sign::Silent,
            Err(error) => Sign::Failed(error),
        }
    }

    /// Closes the connection with a FIN.
    pub fn dismiss(mut self) {
        // Closing a socket with unread bytes resets the connection. Reading them first makes it a plain FIN. The socket
        // is closed next, whatever this read returns.
        let _ = self.socket.read(&mut [0; 4096]);
    }

    /// Its place in the order of arrival.
    pub fn arrival(&self) -> u64 {
        self.arrival
    }
}

impl AcceptQueue {
    /// An empty queue for this many clients.
    pub fn new(capacity: usize) -> Self {
        Self {
            spoken: BTreeMap::new(),
            silent: BTreeMap::new(),
            capacity,
            arrivals: 0,
            announced: 0,
            look: Look::default(),
        }
    }

    /// Whether the queue takes no further client.
    pub fn is_full(&self) -> bool {
        self.len() >= self.capacity
    }

    /// The number of queued clients.
    pub fn len(&self) -> usize {
        self.spoken.len() + self.silent.len()
    }

    /// Adds a client that was just accepted.
    pub fn enter(&mut self, socket: TcpStream, peer: SocketAddr, now: Instant) {
        self.arrivals += 1;
        self.reenter(QueuedClient { socket, peer, since: now, arrival: self.arrivals });
    }

    /// Gives a client its old position back. It has held a slot and sent nothing.
    pub fn reenter(&mut self, client: QueuedClient) {
        self.silent.insert(client.arrival, client);
    }

    /// Removes and returns the client that has waited longest among those that have spoken.
    pub fn next_speaker(&mut self, cx: &mut LoopContext<'_>) -> Option<QueuedClient> {
        let is_over = !self.look.goes_on && self.look.began != Some(cx.now);
        // A pass that was left unfinished says nothing about the clients that have spoken since.
        let is_stale = self.look.last.is_none_or(|at| at + LOOK_AGAIN <= cx.now);
        if is_over || is_stale {
            self.look = Look { began: Some(cx.now), ..Look::default() };
        }
        (self.look.last, self.look.goes_on) = (Some(cx.now), false);
        for _ in 0..LOOKS {
            let first_known = self.spoken.first_key_value().map_or(u64::MAX, |(first, _)| *first);
            // A full queue may have found a client to have spoken that this pass is already behind.
            let next = (self.look.at + 1).min(first_known);
            let mut unknown = self.silent.range(next..first_known);
            let Some((&arrival, client)) = unknown.next() else {
                return self.spoken.pop_first().map(|(_, client)| client);
            };
            self.look.at = arrival;
            match client.peek() {
                Sign::Silent => {}
                Sign::Spoken => return self.silent.remove(&arrival),
                Sign::Fin => self.remove(arrival, Left::Fin, cx),
                Sign::Failed(error) => self.remove(arrival, Left::Error(&error), cx),
            }
        }
        self.look.goes_on = true;
        None
    }

    /// Removes and returns the client that has waited longest among the silent ones.
    pub fn next_silent(&mut self) -> Option<QueuedClient> {
        self.silent.pop_first().map(|(_, client)| client)
    }

    /// When to look again for a client that has spoken if no slot becomes free before; `None` if there is no reason to
    /// wait.
    pub fn next_look(&self) -> Option<Instant> {
        self.look.began.filter(|_| !self.look.goes_on).map(|began| began + LOOK_AGAIN)
    }

    // ---- a full queue --------------------------------------------------------------------------------------

    /// How long a silent client may stay in a full queue.
    ///
    /// Behind a full queue stands the kernel's backlog, and a client that speaks may be its last. If all clients before
    /// it are silent, they leave in so many waves, and all waves together may take one handshake timeout.
    fn patience(&self, handshake_timeout: Duration) -> Duration {
        let waves = 1 + BACKLOG.div_ceil(self.capacity.max(1));
        let share = handshake_timeout / u32::try_from(waves).unwrap_or(u32::MAX);
        share.max(LEAST_PATIENCE.min(handshake_timeout))
    }

    /// When [`make_room`](Self::make_room) is due: the queue is full, and one of its clients has been silent for too long
    /// by then.
    pub fn deadline(&self, handshake_timeout: Option<Duration>) -> Option<Instant> {
        if self.is_full() { self.end_of_patience(handshake_timeout?) } else { None }
    }

    fn end_of_patience(&self, handshake_timeout: Duration) -> Option<Instant> {
        let (_, longest) = self.silent.first_key_value()?;
        longest.since.checked_add(self.patience(handshake_timeout))
    }

    /// Makes room in a full queue: sends clients away that have been silent for too long, `limit` of them at most.
    pub fn make_room(&mut self, limit: usize, handshake_timeout: Option<Duration>, cx: &mut LoopContext<'_>) {
        let Some(timeout) = handshake_timeout.filter(|_| self.is_full()) else { return };
        for _ in 0..limit {
            if self.end_of_patience(timeout).is_none_or(|at| at > cx.now) {
                return;
            }
            let Some((arrival, client)) = self.silent.pop_first() else { return };
            match client.peek() {
                Sign::Spoken => {
                    self.spoken.insert(arrival, client);
                }
                Sign::Fin => self.skip(&client, Left::Fin, cx),
                Sign::Failed(error) => self.skip(&client, Left::Error(&error), cx),
                Sign::Silent => {
                    self.skip(&client, Left::Silent(cx.now - client.since), cx);
                    client.dismiss();
                }
            }
        }
    }

    // ---- what the observer is told -------------------------------------------------------------------------

    fn remove(&mut self, arrival: u64, left: Left<'_>, cx: &mut LoopContext<'_>) {
        if let Some(client) = self.silent.remove(&arrival) {
            self.skip(&client, left, cx);
        }
    }

    /// Reports a client that gets no session.
    pub fn skip(&self, client: &QueuedClient, left: Left<'_>, cx: &mut LoopContext<'_>) {
        cx.event_loop(&LoopEvent::Skipped { peer: client.peer, left, waiting: self.len() });
    }

    /// Reports the clients that have arrived since the last call and are still here. All of them are silent as far as
    /// the queue knows: it keeps no client that it has found to have spoken in the round of its arrival.
    pub fn announce(&mut self, cx: &mut LoopContext<'_>) {
        let new = || self.silent.range(self.announced + 1..);
        for (place, (_, client)) in (self.len() - new().count() + 1..).zip(new()) {
            cx.event_loop(&LoopEvent::Waiting { peer: client.peer, place });
        }
        self.announced = self.arrivals;
    }

    /// Sends all clients away.
    pub fn dismiss(&mut self) {
        for client in std::mem::take(&mut self.spoken).into_values() {
            client.dismiss();
        }
        for client in std::mem::take(&mut self.silent).into_values() {
            client.dismiss();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tls_session::buffers::Buffers;

    /// A queue of silent clients, and their ends of the connections.
    fn silent_queue(capacity: usize, now: Instant) -> (AcceptQueue, Vec<std::net::TcpStream>) {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let mut queue = AcceptQueue::new(capacity);
        let clients = (0..capacity).map(|_| {
            let client = std::net::TcpStream::connect(address).unwrap();
            let (socket, peer) = listener.accept().unwrap();
            socket.set_nonblocking(true).unwrap();
            queue.enter(TcpStream::from_std(socket), peer, now);
            client
        });
        let clients = clients.collect();
        (queue, clients)
    }

    fn wait_until_spoken(queue: &AcceptQueue, arrival: u64) {
        while !matches!(queue.silent[&arrival].peek(), Sign::Spoken) {
            std::thread::yield_now();
        }
    }

    #[test]
    fn a_client_that_a_full_queue_finds_to_have_spoken_is_before_an_unfinished_look() {
        let now = Instant::now();
        let (mut queue, mut clients) = silent_queue(LOOKS + 44, now);
        let mut nobody = ();
        let mut buffers = Buffers::default();
        assert!(queue.next_speaker(&mut LoopContext::new(now, &mut buffers, &mut nobody)).is_none());
        assert!(queue.look.goes_on);

        std::io::Write::write_all(&mut clients[0], b"x").unwrap();
        wait_until_spoken(&queue, 1);
        let later = now + Duration::from_secs(10);
        queue.make_room(
            1,
            Some(Duration::from_secs(10)),
            &mut LoopContext::new(later, &mut buffers, &mut nobody),
        );
        let cx = &mut LoopContext::new(later, &mut buffers, &mut nobody);
        assert_eq!(queue.next_speaker(cx).map(|client| client.arrival()), Some(1));
    }

    #[test]
    fn a_look_that_was_left_unfinished_begins_again() {
        let now = Instant::now();
        let (mut queue, mut clients) = silent_queue(LOOKS + 44, now);
        let mut nobody = ();
        let mut buffers = Buffers::default();
        assert!(queue.next_speaker(&mut LoopContext::new(now, &mut buffers, &mut nobody)).is_none());
        for arrival in [1, LOOKS + 1] {
            std::io::Write::write_all(&mut clients[arrival - 1], b"x").unwrap();
            wait_until_spoken(&queue, arrival as u64);
        }
        let cx = &mut LoopContext::new(now + LOOK_AGAIN, &mut buffers, &mut nobody);
        assert_eq!(queue.next_speaker(cx).map(|client| client.arrival()), Some(1));
    }

    /// Silent clients fill the queue, and the backlog behind it but for the last place, where a client speaks.
    #[test]
    fn silent_clients_leave_a_full_queue_and_its_backlog_within_one_handshake_timeout() {
        let timeout = Duration::from_secs(10);
        let wait = |capacity: usize| {
            let waves = (capacity + BACKLOG - 1).div_ceil(capacity);
            AcceptQueue::new(capacity).patience(timeout) * u32::try_from(waves).unwrap()
        };
        assert!((15..2000).all(|capacity| wait(capacity) <= timeout));
        assert_eq!(wait(1), Duration::from_secs(129), "a second is the least that a client gets");
    }
}
