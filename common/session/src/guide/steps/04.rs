//! Chapter 4: an echo server on mio. It waits in one place, for all sockets.

use std::collections::HashMap;
use std::io::{self, ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use mio::event::Event;
use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Registry, Token};
use rustls::ServerConnection;

use super::{step_02, tls};

const LISTENER: Token = Token(0);

/// What the server needs from a session.
pub trait Serve {
    fn new(socket: TcpStream) -> Self;
    /// Notes what the kernel has reported.
    fn ready(&mut self, event: &Event);
    /// Does everything that is possible without waiting. Returns whether the session goes on.
    fn turn(&mut self) -> io::Result<bool>;
    /// Tells the kernel what to report.
    fn watch(&mut self, registry: &Registry, token: Token) -> io::Result<()>;
    fn socket(&mut self) -> &mut TcpStream;
}

pub struct Server<S> {
    poll: Poll,
    events: Events,
    listener: TcpListener,
    /// Whether the kernel may hold connections to accept.
    can_accept: bool,
    /// When to try again after an accept that failed.
    retry_at: Option<Instant>,
    pub sessions: HashMap<Token, S>,
    last_token: usize,
}

impl<S: Serve> Server<S> {
    pub fn new(mut listener: TcpListener) -> io::Result<Self> {
        let (poll, events) = (Poll::new()?, Events::with_capacity(64));
        poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
        let sessions = HashMap::new();
        Ok(Self { poll, events, listener, can_accept: false, retry_at: None, sessions, last_token: 0 })
    }

    /// Waits for events, and then does everything that is possible without waiting.
    pub fn turn(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        let until_retry = self.retry_at.map(|at| at.saturating_duration_since(Instant::now()));
        let timeout = [timeout, until_retry].into_iter().flatten().min();
        match self.poll.poll(&mut self.events, timeout) {
            Err(error) if error.kind() == ErrorKind::Interrupted => self.events.clear(), // a signal handler ran
            other => other?,
        }
        // First gather what all events say. No session ends, and no token changes its owner, in the middle of a batch.
        for event in &self.events {
            match event.token() {
                LISTENER => self.can_accept = true,
                token => _ = self.sessions.get_mut(&token).map(|session| session.ready(event)),
            }
        }
        self.accept();
        let registry = self.poll.registry();
        self.sessions.retain(|token, session| {
            let goes_on =
                session.turn().and_then(|goes_on| session.watch(registry, *token).map(|()| goes_on));
            let goes_on = goes_on.unwrap_or(false);
            if !goes_on {
                let _ = registry.deregister(session.socket()); // mio asks for this before the socket is dropped
            }
            goes_on
        });
        Ok(())
    }

    /// Accepts until the kernel has no more connections.
    fn accept(&mut self) {
        self.can_accept |= self.retry_at.take_if(|at| *at <= Instant::now()).is_some();
        while self.can_accept {
            match self.listener.accept() {
                Ok((socket, _)) => {
                    self.last_token += 1; // never used before, so no old event can mean this session
                    self.sessions.insert(Token(self.last_token), S::new(socket));
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => self.can_accept = false,
                Err(error) if error.kind() == ErrorKind::ConnectionAborted => {} // that client is gone: next
                Err(_) => {
                    // Descriptors ran out, perhaps. The edge is used up, and the connection is still there.
                    self.can_accept = false;
                    self.retry_at = Some(Instant::now() + Duration::from_millis(100));
                }
            }
        }
    }
}

pub struct Session {
    tls: ServerConnection,
    socket: TcpStream,
    /// What the kernel has reported and not taken back.
    readable: bool,
    writable: bool,
    watched: Option<Interest>,
    unsent: Vec<u8>,
}

impl Serve for Session {
    fn new(socket: TcpStream) -> Self {
        Self {
            tls: tls::server(),
            socket,
            readable: false,
            writable: true,
            watched: None,
            unsent: Vec::new(),
        }
    }

    fn ready(&mut self, event: &Event) {
        self.readable |= event.is_readable() || event.is_read_closed() || event.is_error();
        self.writable |= event.is_writable() || event.is_write_closed() || event.is_error();
    }

    fn turn(&mut self) -> io::Result<bool> {
        self.write()?;
        while self.readable {
            let goes_on = self.read()?;
            self.write()?;
            if !goes_on {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn watch(&mut self, registry: &Registry, token: Token) -> io::Result<()> {
        let wanted = match self.tls.wants_write() {
            true => Interest::READABLE | Interest::WRITABLE,
            false => Interest::READABLE,
        };
        match self.watched.replace(wanted) {
            None => registry.register(&mut self.socket, token, wanted),
            Some(watched) if watched == wanted => Ok(()),
            Some(_) => registry.reregister(&mut self.socket, token, wanted),
        }
    }
    fn socket(&mut self) -> &mut TcpStream {
        &mut self.socket
    }
}

impl Session {
    fn write(&mut self) -> io::Result<()> {
        while self.writable {
            let taken = self.tls.writer().write(&self.unsent)?;
            self.unsent.drain(..taken);
            if !self.tls.wants_write() {
                break;
            }
            match self.tls.write_tls(&mut self.socket) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => self.writable = false,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Reads once. Returns `false` at the peer's close_notify.
    fn read(&mut self) -> io::Result<bool> {
        match self.tls.read_tls(&mut self.socket) {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                self.readable = false;
                return Ok(true); // nothing has come, so there is nothing to process
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => return Ok(true),
            Err(error) => return Err(error),
        }
        self.tls.process_new_packets().map_err(io::Error::other)?;
        match self.tls.reader().read_to_end(&mut self.unsent) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(true),
            Err(error) => Err(error),
            Ok(_) => Ok(false),
        }
    }
}

/// Returns whether a `TcpStream::connect` is done. Call this when the poll reports that the socket is writable.
pub fn is_connected(socket: &TcpStream) -> io::Result<bool> {
    if let Some(error) = socket.take_error()? {
        return Err(error); // refused, unreachable
    }
    match socket.peer_addr() {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == ErrorKind::NotConnected => Ok(false), // wait for the next event
        Err(error) if error.raw_os_error() == Some(libc::EINPROGRESS) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Serves one client, and returns what it has got.
pub fn serve_one<S: Serve>() -> io::Result<Vec<u8>> {
    let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
    let address = listener.local_addr()?;
    let mut server = Server::<S>::new(listener)?;
    let client = thread::spawn(move || {
        let mut socket = std::net::TcpStream::connect(address)?;
        step_02::exchange(&mut tls::client().into(), &mut socket, b"hello")
    });
    while server.sessions.is_empty() {
        server.turn(None)?;
    }
    while !server.sessions.is_empty() {
        server.turn(None)?;
    }
    client.join().map_err(|_| io::Error::other("the client has panicked"))?
}

/// Serves one client.
pub fn main() {
    println!("the client has {:?}", serve_one::<Session>());
}
