//! Chapter 7: a server with deadlines. The session is that of chapter 6, with a clock beside it.

use std::collections::HashMap;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use mio::net::TcpListener;
use mio::{Events, Interest, Poll, Token};

use super::step_04::Serve;
use super::step_06::Session;
use super::{step_02, tls};

/// From the connection to the end of the handshake.
pub const HANDSHAKE: Duration = Duration::from_secs(10);
/// Without a byte in either direction.
pub const IDLE: Duration = Duration::from_secs(60);
/// With output that the client does not take.
pub const WRITE: Duration = Duration::from_secs(30);
/// From our last bytes to the client's FIN.
pub const CLOSE: Duration = Duration::from_secs(5);

/// A session and the moments that its deadlines count from.
pub struct Timed {
    pub session: Session,
    began: Instant,
    moved: Instant,
    closing: Option<Instant>,
}

impl Timed {
    pub fn new(session: Session, now: Instant) -> Self {
        Self { session, began: now, moved: now, closing: None }
    }

    /// Returns when the session is late.
    pub fn deadline(&self) -> Instant {
        match self.closing {
            Some(since) => since + CLOSE,
            None if self.session.is_handshaking() => self.began + HANDSHAKE,
            None if self.session.is_blocked() => self.moved + WRITE,
            None => self.moved + IDLE,
        }
    }

    /// Does everything that is possible at `now`, in at most `steps` steps. Returns whether there is more to do.
    pub fn run(&mut self, now: Instant, steps: usize) -> io::Result<bool> {
        if self.deadline() <= now {
            self.session.try_again(); // the kernel may have something that no event has told us yet
        }
        let before = (self.session.read_bytes, self.session.written_bytes);
        let mut has_more = true;
        for _ in 0..steps {
            has_more = self.session.step()?;
            if !has_more {
                break;
            }
        }
        if before != (self.session.read_bytes, self.session.written_bytes) {
            self.moved = now;
        }
        if self.session.is_closing() {
            self.closing.get_or_insert(now);
        }
        Ok(has_more)
    }

    /// Returns whether the session is over, or late although it has just tried.
    pub fn is_over(&self, now: Instant) -> bool {
        self.session.is_over() || self.deadline() <= now
    }
}

const LISTENER: Token = Token(0);

pub struct Server {
    poll: Poll,
    events: Events,
    listener: TcpListener,
    can_accept: bool,
    retry_at: Option<Instant>,
    pub sessions: HashMap<Token, Timed>,
    last_token: usize,
}

impl Server {
    /// `batch` is the largest number of events of one poll.
    pub fn new(mut listener: TcpListener, batch: usize) -> io::Result<Self> {
        let (poll, events) = (Poll::new()?, Events::with_capacity(batch));
        poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
        let sessions = HashMap::new();
        Ok(Self { poll, events, listener, can_accept: false, retry_at: None, sessions, last_token: 0 })
    }

    /// Returns when the next deadline passes.
    fn deadline(&self) -> Option<Instant> {
        self.sessions.values().map(Timed::deadline).chain(self.retry_at).min()
    }

    /// Waits for events, for the next deadline, or for `limit`, and then does everything that is possible.
    pub fn turn(&mut self, clock: impl Fn() -> Instant, limit: Option<Duration>) -> io::Result<()> {
        let timeout = self.deadline().map(|at| at.saturating_duration_since(clock()));
        match self.poll.poll(&mut self.events, [timeout, limit].into_iter().flatten().min()) {
            Err(error) if error.kind() == ErrorKind::Interrupted => self.events.clear(),
            other => other?,
        }
        let now = clock(); // after the sleep
        for event in &self.events {
            match event.token() {
                LISTENER => self.can_accept = true,
                token => _ = self.sessions.get_mut(&token).map(|timed| timed.session.ready(event)),
            }
        }
        self.accept(now);
        let registry = self.poll.registry();
        self.sessions.retain(|token, timed| {
            let has_failed = timed.run(now, usize::MAX).is_err();
            let goes_on = !has_failed && !timed.is_over(now);
            let goes_on = goes_on && timed.session.watch(registry, *token).is_ok();
            if !goes_on {
                let _ = registry.deregister(timed.session.socket());
            }
            goes_on
        });
        Ok(())
    }

    fn accept(&mut self, now: Instant) {
        self.can_accept |= self.retry_at.take_if(|at| *at <= now).is_some();
        while self.can_accept {
            match self.listener.accept() {
                Ok((socket, _)) => {
                    self.last_token += 1;
                    let timed = Timed::new(Session::new(socket), now);
                    self.sessions.insert(Token(self.last_token), timed);
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
}

/// Serves one client.
pub fn main() -> io::Result<()> {
    let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
    let address = listener.local_addr()?;
    let mut server = Server::new(listener, 64)?;
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
