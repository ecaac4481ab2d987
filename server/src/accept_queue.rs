//! The accept queue: clients that were accepted and have no slot yet.
//!
//! A queued client is not registered with the poll. Its bytes stay in the kernel and cost the server nothing. No edge
//! is lost, because registering a socket reports whatever is ready by then. But the poll does not report when a
//! queued client sends or closes, so the queue peeks at the sockets.
//!
//! A TLS client sends first. So a slot goes to the longest-waiting client that has sent data. When a slot is free,
//! the queue searches from its front and stops at the first such client. A client that has sent nothing is silent.

use std::collections::BTreeMap;
use std::io::{self, Read as _};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use mio::net::TcpStream;
use program::observer::{LoopContext, LoopEvent, SkipReason};

/// How often the queue searches for a client that has sent data while a silent client holds a slot.
pub const PASS_INTERVAL: Duration = Duration::from_millis(100);
/// The largest number of sockets at which one call peeks. The next call continues behind them. Each peek is a system
/// call.
const PEEKS_PER_CALL: usize = 256;
/// The number of connections that the kernel holds behind a full queue. mio passes 128 to `listen(2)`, and Linux
/// allows one more.
const BACKLOG: usize = 129;
/// The shortest time for which a full queue keeps a silent client. The first byte of an honest client needs a round
/// trip.
const MIN_SILENCE: Duration = Duration::from_secs(1);

/// The queue, in order of arrival.
pub struct AcceptQueue {
    /// The clients that were found to have sent data, by their arrival.
    with_data: BTreeMap<u64, QueuedClient>,
    /// The other clients.
    silent: BTreeMap<u64, QueuedClient>,
    capacity: usize,
    /// The number of clients that have arrived so far.
    arrivals: u64,
    /// The last arrival that was reported to the observer.
    announced: u64,
    pass: Pass,
}

/// One search over the silent clients, from the front of the queue. It takes one round of the loop, or more if the
/// queue is long.
#[derive(Default)]
struct Pass {
    /// When the pass began. `None`: there was no pass yet.
    began: Option<Instant>,
    /// When the pass last continued.
    last: Option<Instant>,
    /// The last arrival at whose socket the pass has peeked.
    position: u64,
    /// Whether the last call reached its limit before the end of the queue.
    is_unfinished: bool,
}

/// A client that was accepted and has no session yet.
pub struct QueuedClient {
    /// The socket.
    pub socket: TcpStream,
    /// The client's address. It comes from `accept`, because a socket that was reset has no peer address any more.
    pub peer: SocketAddr,
    /// When the client was accepted.
    pub since: Instant,
    /// The client's number in the order of arrival, from 1.
    arrival: u64,
}

/// The result of a peek at a client's socket.
pub enum Peeked {
    /// The client has sent data.
    Data,
    /// The client is connected and has sent nothing.
    Silent,
    /// The client has closed its connection with a FIN and has sent nothing before.
    Fin,
    /// The connection was reset, or failed in another way.
    Failed(io::Error),
}

impl QueuedClient {
    /// Peeks at the socket. The bytes stay in it.
    pub fn peek(&self) -> Peeked {
        match self.socket.peek(&mut [0]) {
            Ok(1..) => Peeked::Data,
            Ok(0) => Peeked::Fin,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Peeked::Silent,
            Err(error) => Peeked::Failed(error),
        }
    }

    /// Closes the connection with a FIN instead of a reset.
    pub fn close(mut self) {
        // Closing a socket with unread bytes resets the connection (RFC 1122, 4.2.2.13), so they are read first. The
        // result does not matter, because the socket is closed next.
        let _ = self.socket.read(&mut [0; 4096]);
    }

    /// Returns the client's number in the order of arrival.
    pub fn arrival(&self) -> u64 {
        self.arrival
    }
}

impl AcceptQueue {
    /// Creates an empty queue for up to `capacity` clients.
    pub fn new(capacity: usize) -> Self {
        Self {
            with_data: BTreeMap::new(),
            silent: BTreeMap::new(),
            capacity,
            arrivals: 0,
            announced: 0,
            pass: Pass::default(),
        }
    }

    /// Returns whether the queue is full.
    pub fn is_full(&self) -> bool {
        self.len() >= self.capacity
    }

    /// Returns the number of queued clients.
    pub fn len(&self) -> usize {
        self.with_data.len() + self.silent.len()
    }

    /// Adds a client that was just accepted.
    pub fn push(&mut self, socket: TcpStream, peer: SocketAddr, now: Instant) {
        self.arrivals += 1;
        self.put_back(QueuedClient { socket, peer, since: now, arrival: self.arrivals });
    }

    /// Puts a silent client, which has held a slot, back at its old position.
    pub fn put_back(&mut self, client: QueuedClient) {
        self.silent.insert(client.arrival, client);
    }

    /// Removes and returns the longest-waiting client that has sent data.
    pub fn next_with_data(&mut self, cx: &mut LoopContext<'_>) -> Option<QueuedClient> {
        let is_over = !self.pass.is_unfinished && self.pass.began != Some(cx.now);
        // An unfinished pass that is old may have missed clients that have sent data since.
        let is_stale = self.pass.last.is_none_or(|at| at + PASS_INTERVAL <= cx.now);
        if is_over || is_stale {
            self.pass = Pass { began: Some(cx.now), ..Pass::default() };
        }
        (self.pass.last, self.pass.is_unfinished) = (Some(cx.now), false);
        for _ in 0..PEEKS_PER_CALL {
            let first_known = self.with_data.first_key_value().map_or(u64::MAX, |(first, _)| *first);
            // `make_room` may have found data of a client that this pass has already passed.
            let next = (self.pass.position + 1).min(first_known);
            let mut unknown = self.silent.range(next..first_known);
            let Some((&arrival, client)) = unknown.next() else {
                return self.with_data.pop_first().map(|(_, client)| client);
            };
            self.pass.position = arrival;
            match client.peek() {
                Peeked::Silent => {}
                Peeked::Data => return self.silent.remove(&arrival),
                Peeked::Fin => self.remove(arrival, SkipReason::Fin, cx),
                Peeked::Failed(error) => self.remove(arrival, SkipReason::Error(&error), cx),
            }
        }
        self.pass.is_unfinished = true;
        None
    }

    /// Removes and returns the longest-waiting silent client.
    pub fn next_silent(&mut self) -> Option<QueuedClient> {
        self.silent.pop_first().map(|(_, client)| client)
    }

    /// Returns when to search again for a client that has sent data, if no slot becomes free before. `None`: at once.
    pub fn next_pass(&self) -> Option<Instant> {
        self.pass.began.filter(|_| !self.pass.is_unfinished).map(|began| began + PASS_INTERVAL)
    }

    // ---- a full queue --------------------------------------------------------------------------------------

    /// Returns how long a silent client may stay in a full queue.
    ///
    /// A client that sends data may be the last one in the kernel's backlog, behind the full queue. If all clients
    /// before it are silent, the server closes them in waves, one full queue at a time. All waves together must not
    /// take longer than one handshake timeout.
    fn max_silence(&self, handshake_timeout: Duration) -> Duration {
        let waves = 1 + BACKLOG.div_ceil(self.capacity.max(1));
        let share = handshake_timeout / u32::try_from(waves).unwrap_or(u32::MAX);
        share.max(MIN_SILENCE.min(handshake_timeout))
    }

    /// Returns when [`make_room`](Self::make_room) is due. `None`: the queue is not full, has no silent client,
    /// or there is no handshake timeout.
    pub fn deadline(&self, handshake_timeout: Option<Duration>) -> Option<Instant> {
        if self.is_full() { self.silence_deadline(handshake_timeout?) } else { None }
    }

    /// Returns when the longest-waiting silent client has been silent for too long.
    fn silence_deadline(&self, handshake_timeout: Duration) -> Option<Instant> {
        let (_, longest) = self.silent.first_key_value()?;
        longest.since.checked_add(self.max_silence(handshake_timeout))
    }

    /// Makes room in a full queue. Closes the connections of up to `limit` clients that have been silent for too long.
    pub fn make_room(&mut self, limit: usize, handshake_timeout: Option<Duration>, cx: &mut LoopContext<'_>) {
        let Some(timeout) = handshake_timeout.filter(|_| self.is_full()) else { return };
        for _ in 0..limit {
            if self.silence_deadline(timeout).is_none_or(|at| at > cx.now) {
                return;
            }
            let Some((arrival, client)) = self.silent.pop_first() else { return };
            match client.peek() {
                Peeked::Data => {
                    self.with_data.insert(arrival, client);
                }
                Peeked::Fin => self.skip(&client, SkipReason::Fin, cx),
                Peeked::Failed(error) => self.skip(&client, SkipReason::Error(&error), cx),
                Peeked::Silent => {
                    self.skip(&client, SkipReason::Silent(cx.now - client.since), cx);
                    client.close();
                }
            }
        }
    }

    // ---- reports to the observer ---------------------------------------------------------------------------

    /// Removes a silent client whose connection is over.
    fn remove(&mut self, arrival: u64, reason: SkipReason<'_>, cx: &mut LoopContext<'_>) {
        if let Some(client) = self.silent.remove(&arrival) {
            self.skip(&client, reason, cx);
        }
    }

    /// Reports a client that gets no session.
    pub fn skip(&self, client: &QueuedClient, reason: SkipReason<'_>, cx: &mut LoopContext<'_>) {
        cx.event_loop(&LoopEvent::Skipped { peer: client.peer, reason, waiting: self.len() });
    }

    /// Reports the clients that have arrived since the last call and are still queued.
    ///
    /// All of them are in `silent`. A client enters `with_data` only from `make_room`, which runs before new clients
    /// arrive.
    pub fn announce(&mut self, cx: &mut LoopContext<'_>) {
        let new = || self.silent.range(self.announced + 1..);
        for (position, (_, client)) in (self.len() - new().count() + 1..).zip(new()) {
            cx.event_loop(&LoopEvent::Waiting { peer: client.peer, position });
        }
        self.announced = self.arrivals;
    }

    /// Closes the connections of all clients.
    pub fn close_all(&mut self) {
        for client in std::mem::take(&mut self.with_data).into_values() {
            client.close();
        }
        for client in std::mem::take(&mut self.silent).into_values() {
            client.close();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tls_session::buffers::Buffers;

    /// Returns a full queue of silent clients, and their ends of the connections.
    fn silent_queue(capacity: usize, now: Instant) -> (AcceptQueue, Vec<std::net::TcpStream>) {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let mut queue = AcceptQueue::new(capacity);
        let clients = (0..capacity).map(|_| {
            let client = std::net::TcpStream::connect(address).unwrap();
            let (socket, peer) = listener.accept().unwrap();
            socket.set_nonblocking(true).unwrap();
            queue.push(TcpStream::from_std(socket), peer, now);
            client
        });
        let clients = clients.collect();
        (queue, clients)
    }

    fn wait_for_data(queue: &AcceptQueue, arrival: u64) {
        while !matches!(queue.silent[&arrival].peek(), Peeked::Data) {
            std::thread::yield_now();
        }
    }

    #[test]
    fn a_client_whose_data_make_room_finds_comes_before_an_unfinished_pass() {
        let now = Instant::now();
        let (mut queue, mut clients) = silent_queue(PEEKS_PER_CALL + 44, now);
        let mut nobody = ();
        let mut buffers = Buffers::default();
        assert!(queue.next_with_data(&mut LoopContext::new(now, &mut buffers, &mut nobody)).is_none());
        assert!(queue.pass.is_unfinished);

        std::io::Write::write_all(&mut clients[0], b"x").unwrap();
        wait_for_data(&queue, 1);
        let later = now + Duration::from_secs(10);
        queue.make_room(
            1,
            Some(Duration::from_secs(10)),
            &mut LoopContext::new(later, &mut buffers, &mut nobody),
        );
        let cx = &mut LoopContext::new(later, &mut buffers, &mut nobody);
        assert_eq!(queue.next_with_data(cx).map(|client| client.arrival()), Some(1));
    }

    #[test]
    fn an_old_unfinished_pass_begins_again() {
        let now = Instant::now();
        let (mut queue, mut clients) = silent_queue(PEEKS_PER_CALL + 44, now);
        let mut nobody = ();
        let mut buffers = Buffers::default();
        assert!(queue.next_with_data(&mut LoopContext::new(now, &mut buffers, &mut nobody)).is_none());
        for arrival in [1, PEEKS_PER_CALL + 1] {
            std::io::Write::write_all(&mut clients[arrival - 1], b"x").unwrap();
            wait_for_data(&queue, arrival as u64);
        }
        let cx = &mut LoopContext::new(now + PASS_INTERVAL, &mut buffers, &mut nobody);
        assert_eq!(queue.next_with_data(cx).map(|client| client.arrival()), Some(1));
    }

    /// Silent clients fill the queue and the backlog. Only the last client in the backlog sends data.
    #[test]
    fn silent_clients_in_queue_and_backlog_are_closed_within_one_handshake_timeout() {
        let timeout = Duration::from_secs(10);
        let wait = |capacity: usize| {
            let waves = (capacity + BACKLOG - 1).div_ceil(capacity);
            AcceptQueue::new(capacity).max_silence(timeout) * u32::try_from(waves).unwrap()
        };
        assert!((15..2000).all(|capacity| wait(capacity) <= timeout));
        assert_eq!(wait(1), Duration::from_secs(129), "a client gets at least one second");
    }
}
