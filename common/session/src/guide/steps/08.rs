//! Chapter 8: a server for many sessions. None of them can hold up the others.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use mio::net::TcpListener;
use mio::{Events, Interest, Poll, Token};

use super::step_04::Serve;
use super::step_06::Session;
use super::step_07::Timed;
use super::{step_02, tls};

const LISTENER: Token = Token(0);
/// How often a session reads in one turn.
const STEPS: usize = 1;
/// How many records a session processes in one turn.
const RECORDS: usize = 64;
/// How many connections are accepted in one turn. A handshake is much more work than a message.
const ACCEPTS: usize = 10;

/// A position in the stream of records that a client sends.
#[derive(Clone, Default)]
struct Framing {
    /// How many bytes of the header have come. 0 between two records, and inside a body.
    header: usize,
    /// The length in the header.
    length: usize,
    /// How many bytes of the body are missing.
    body: usize,
}

impl Framing {
    /// Goes over `bytes`, and stops where the next record would be one more than `limit`. Returns the number of bytes.
    fn walk(&mut self, bytes: &[u8], limit: usize) -> usize {
        let (mut at, mut records) = (0, 0);
        while at < bytes.len() {
            if self.body > 0 {
                let part = self.body.min(bytes.len() - at);
                (self.body, at) = (self.body - part, at + part);
                continue;
            }
            if self.header == 0 {
                if records == limit {
                    break;
                }
                (records, self.length) = (records + 1, 0);
            }
            if self.header >= 3 {
                self.length = self.length << 8 | usize::from(bytes[at]);
            }
            (self.header, at) = (self.header + 1, at + 1);
            if self.header == 5 {
                (self.header, self.body) = (0, self.length);
            }
        }
        at
    }
}

struct Slot {
    timed: Timed,
    framing: Framing,
    /// Whether the token is in the queue.
    is_runnable: bool,
    /// The deadline as it is in the set.
    deadline: Instant,
}

impl Slot {
    /// Gives the session a turn of one read, and of a limited number of records. Returns whether there is more to do.
    fn run(&mut self, now: Instant, buffer: &mut [u8]) -> io::Result<bool> {
        let session = &mut self.timed.session;
        let before = session.read_bytes;
        session.read_limit = match session.socket().peek(buffer) {
            Ok(0) => usize::MAX, // the client's FIN
            Ok(seen) => self.framing.clone().walk(&buffer[..seen], RECORDS),
            Err(error) if error.kind() == ErrorKind::WouldBlock => 0,
            Err(error) => return Err(error), // the kernel reports it once, so the read would not get it
        };
        let has_more = self.timed.run(now, STEPS)?;
        let read = self.timed.session.read_bytes - before; // at most what was seen
        self.framing.walk(&buffer[..read], usize::MAX);
        Ok(has_more)
    }
}

pub struct Server {
    poll: Poll,
    events: Events,
    listener: TcpListener,
    can_accept: bool,
    retry_at: Option<Instant>,
    sessions: HashMap<Token, Slot>,
    /// The sessions that have something to do now, in the order of their turns.
    runnable: VecDeque<Token>,
    /// All deadlines, in order.
    deadlines: BTreeSet<(Instant, Token)>,
    last_token: usize,
    /// What is in the socket of the session that has its turn.
    buffer: Vec<u8>,
}

impl Server {
    pub fn new(mut listener: TcpListener) -> io::Result<Self> {
        let (poll, events) = (Poll::new()?, Events::with_capacity(64));
        poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
        Ok(Self {
            poll,
            events,
            listener,
            can_accept: false,
            retry_at: None,
            sessions: HashMap::new(),
            runnable: VecDeque::new(),
            deadlines: BTreeSet::new(),
            last_token: 0,
            buffer: vec![0; 16 * 1024],
        })
    }

    /// Returns how long the poll may sleep.
    fn timeout(&self, now: Instant) -> Option<Duration> {
        if !self.runnable.is_empty() || self.can_accept {
            return Some(Duration::ZERO); // ask for news, but do not sleep
        }
        let deadline = self.deadlines.first().map(|(at, _)| *at);
        let next = [deadline, self.retry_at].into_iter().flatten().min();
        next.map(|at| at.saturating_duration_since(now))
    }

    /// Waits for events, for the next deadline, or for `limit`. Then each session that has something to do gets one turn.
    pub fn turn(&mut self, clock: impl Fn() -> Instant, limit: Option<Duration>) -> io::Result<()> {
        let timeout = [self.timeout(clock()), limit].into_iter().flatten().min();
        match self.poll.poll(&mut self.events, timeout) {
            Err(error) if error.kind() == ErrorKind::Interrupted => self.events.clear(),
            other => other?,
        }
        let now = clock();
        for event in &self.events {
            if event.token() == LISTENER {
                self.can_accept = true;
            } else if let Some(slot) = self.sessions.get_mut(&event.token()) {
                slot.timed.session.ready(event);
                make_runnable(slot, event.token(), &mut self.runnable);
            }
        }
        for (_, token) in self.deadlines.iter().take_while(|(at, _)| *at <= now) {
            if let Some(slot) = self.sessions.get_mut(token) {
                make_runnable(slot, *token, &mut self.runnable);
            }
        }
        self.accept(now);
        for _ in 0..self.runnable.len() {
            let Some(token) = self.runnable.pop_front() else { break };
            self.run(token, now);
        }
        Ok(())
    }

    /// Gives one session a turn. If it has more to do, it goes to the end of the queue.
    fn run(&mut self, token: Token, now: Instant) {
        let Some(slot) = self.sessions.get_mut(&token) else { return };
        slot.is_runnable = false;
        self.deadlines.remove(&(slot.deadline, token));
        let registry = self.poll.registry();
        let result = slot.run(now, &mut self.buffer);
        let result = result.and_then(|has_more| slot.timed.session.watch(registry, token).map(|()| has_more));
        match result {
            Ok(has_more) if !slot.timed.is_over(now) => {
                if has_more {
                    make_runnable(slot, token, &mut self.runnable);
                }
                slot.deadline = slot.timed.deadline();
                self.deadlines.insert((slot.deadline, token));
            }
            _ => {
                let _ = registry.deregister(slot.timed.session.socket());
                self.sessions.remove(&token);
            }
        }
    }

    fn accept(&mut self, now: Instant) {
        self.can_accept |= self.retry_at.take_if(|at| *at <= now).is_some();
        for _ in 0..ACCEPTS {
            if !self.can_accept {
                break;
            }
            match self.listener.accept() {
                Ok((socket, _)) => {
                    self.last_token += 1;
                    let token = Token(self.last_token);
                    let timed = Timed::new(Session::new(socket), now);
                    let mut slot = Slot {
                        deadline: timed.deadline(),
                        timed,
                        framing: Framing::default(),
                        is_runnable: false,
                    };
                    make_runnable(&mut slot, token, &mut self.runnable);
                    self.deadlines.insert((slot.deadline, token));
                    self.sessions.insert(token, slot);
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => self.can_accept = false,
                Err(error) if error.kind() == ErrorKind::ConnectionAborted => {}
                Err(_) => {
                    self.can_accept = false;
                    self.retry_at = Some(now + Duration::from_millis(100));
                }
            }
        }
    }

    pub fn sessions(&self) -> impl Iterator<Item = &Session> {
        self.sessions.values().map(|slot| &slot.timed.session)
    }
}

/// Puts a session at the end of the queue, unless it is in the queue.
fn make_runnable(slot: &mut Slot, token: Token, runnable: &mut VecDeque<Token>) {
    if !slot.is_runnable {
        slot.is_runnable = true;
        runnable.push_back(token);
    }
}

/// Serves one client.
pub fn main() -> io::Result<()> {
    let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
    let address = listener.local_addr()?;
    let mut server = Server::new(listener)?;
    let client = thread::spawn(move || {
        let mut socket = std::net::TcpStream::connect(address)?;
        step_02::exchange(&mut tls::client().into(), &mut socket, b"hello")
    });
    while server.sessions.is_empty() {
        server.turn(Instant::now, None)?;
    }
    while !server.sessions.is_empty() {
        server.turn(Instant::now, None)?;
    }
    println!("the client has {:?}", client.join());
    Ok(())
}
