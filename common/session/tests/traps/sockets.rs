//! What the traps of the kernel share: real connections over loopback, and a server whose loop is ours.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::process::Command;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use mio::{Events, Poll, Token};
use rustix::event::{PollFd, PollFlags, Timespec};
use slab::Slab;
use tls_session::application::Application;
use tls_session::buffers::Buffers;
use tls_session::close_reason::CloseReason;
use tls_session::context::Context;
use tls_session::mio::{Draining, Listener, Registered, Registration};
use tls_session::observer::SessionId;
use tls_session::readiness::Readiness;
use tls_session::session::{Session, Turn};
use tls_session::simulation::tls::Shared;

/// How long a test waits for what has to happen.
pub const LIMIT: Duration = Duration::from_secs(60);
/// How long a test polls for an event that must not come.
pub const SHORT: Duration = Duration::from_millis(20);

/// A free port of this machine.
pub const ANY: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// The two ends of a connection: the server's for mio, and the client's, which blocks.
pub fn connection() -> (mio::net::TcpStream, TcpStream) {
    let listener = TcpListener::bind(ANY).unwrap();
    let client = connect(listener.local_addr().unwrap());
    let (server, _) = listener.accept().unwrap();
    server.set_nonblocking(true).unwrap();
    (mio::net::TcpStream::from_std(server), client)
}

/// A client that waits for its server for a limited time.
pub fn connect(address: SocketAddr) -> TcpStream {
    let client = TcpStream::connect(address).unwrap();
    client.set_read_timeout(Some(LIMIT)).unwrap();
    client.set_write_timeout(Some(LIMIT)).unwrap();
    client
}

/// Returns whether a read of this socket, or an accept, would return at once. poll(2) is level-triggered: it says
/// what is, and uses up nothing.
pub fn is_readable(socket: &impl AsFd) -> bool {
    level_poll(socket, Duration::ZERO)
}

/// Waits until [`is_readable`].
pub fn wait_readable(socket: &impl AsFd) {
    assert!(level_poll(socket, LIMIT), "nothing has come");
}

fn level_poll(socket: &impl AsFd, timeout: Duration) -> bool {
    let mut watched = [PollFd::new(socket, PollFlags::IN)];
    rustix::event::poll(&mut watched, Some(&Timespec::try_from(timeout).unwrap())).unwrap() > 0
}

/// A client in a thread of its own. It sends a message, waits for its echo, and closes as it should. Returns the echo.
pub fn visit(address: SocketAddr, tls: &Shared) -> JoinHandle<Vec<u8>> {
    let mut tls = tls.client();
    thread::spawn(move || {
        let mut socket = connect(address);
        let mut echo = [0; 5];
        let mut stream = rustls::Stream::new(&mut tls, &mut socket);
        stream.write_all(b"hello").unwrap();
        stream.read_exact(&mut echo).unwrap();
        tls.send_close_notify();
        let mut rest = Vec::new();
        rustls::Stream::new(&mut tls, &mut socket).read_to_end(&mut rest).unwrap();
        [&echo[..], &rest].concat()
    })
}

/// Runs the test that calls this once more, in a child process: the program `wrapper`, such as `sh`, executes it. In
/// the child this returns `None`. In the parent it returns the command.
pub fn in_a_child(test: &str, wrapper: &[&str]) -> Option<Command> {
    const MARK: &str = "TRAPS_CHILD";
    if std::env::var_os(MARK).is_some() {
        return None;
    }
    let executable = std::env::current_exe().unwrap();
    let mut command = match wrapper {
        [] => Command::new(executable),
        [program, arguments @ ..] => {
            let mut command = Command::new(program);
            command.args(arguments).arg(executable);
            command
        }
    };
    command.args([test, "--exact", "--nocapture", "--test-threads=1"]).env(MARK, "yes");
    Some(command)
}

const LISTENER: Token = Token(0);

/// A server with the loop of the crate's first page, and several slots.
pub struct Server<A> {
    /// The time. Only the test moves it.
    pub now: Instant,
    /// The ends of the sessions, in their order.
    pub over: Vec<CloseReason>,
    /// How many events the last round had.
    pub events: usize,
    poll: Poll,
    listener: Listener,
    draining: Draining,
    sessions: Slab<Registered<A>>,
    slots: usize,
    began: u64,
    buffers: Buffers,
    tls: Shared,
    application: fn() -> A,
}

impl<A: Application> Server<A> {
    /// A server with this many slots.
    pub fn new(tls: &Shared, slots: usize, application: fn() -> A) -> Self {
        let mut server = Self {
            now: Instant::now(),
            over: Vec::new(),
            events: 0,
            poll: Poll::new().unwrap(),
            listener: Listener::bind(ANY, LISTENER).unwrap(),
            draining: Draining::new(16, |key| Token(2 * key + 2)),
            sessions: Slab::new(),
            slots,
            began: 0,
            buffers: Buffers::default(),
            tls: tls.clone(),
            application,
        };
        server.round(Duration::ZERO); // registers the listener
        server
    }

    /// Where the server listens.
    pub fn address(&self) -> SocketAddr {
        self.listener.address().unwrap()
    }

    /// The sessions that are not over.
    pub fn sessions(&mut self) -> impl Iterator<Item = &mut Registered<A>> {
        self.sessions.iter_mut().map(|(_, session)| session)
    }

    /// The earliest deadline of a session.
    pub fn deadline(&self) -> Option<Instant> {
        self.sessions.iter().filter_map(|(_, session)| session.deadline()).min()
    }

    /// One round of the loop. If there is nothing to do, it waits so long for an event.
    pub fn round(&mut self, wait: Duration) {
        let has_room = self.sessions.len() < self.slots;
        let is_runnable = self.sessions.iter().any(|(_, session)| session.is_runnable());
        let is_busy = is_runnable || has_room && self.listener.is_ready();
        let mut events = Events::with_capacity(64);
        self.poll.poll(&mut events, Some(if is_busy { Duration::ZERO } else { wait })).unwrap();
        self.events = events.iter().count();
        let mut nobody = ();
        let cx = &mut Context::new(self.now, &mut self.buffers, &mut nobody);

        for event in &events {
            match event.token() {
                LISTENER => self.listener.ready(),
                Token(odd) if odd % 2 == 1 => {
                    if let Some(session) = self.sessions.get_mut(odd / 2) {
                        session.ready(Readiness::from_event(event), cx);
                    }
                }
                Token(even) => self.draining.ready(even / 2 - 1, cx),
            }
        }
        self.draining.expire(cx);

        while self.sessions.len() < self.slots
            && let Some((stream, peer)) = self.listener.accept(cx)
        {
            self.began += 1;
            let id = SessionId { number: self.began, peer };
            let (tls, config) = (self.tls.server(), self.tls.server_sessions.clone());
            let session = Session::new(id, ANY, tls, stream, (self.application)(), config, cx);
            let entry = self.sessions.vacant_entry();
            let registration = Registration::new(Token(2 * entry.key() + 1));
            entry.insert(Registered::new(session, registration));
        }

        let keys: Vec<usize> = self.sessions.iter().map(|(key, _)| key).collect();
        for key in keys {
            let session = &mut self.sessions[key];
            let is_due = session.deadline().is_some_and(|at| at <= self.now);
            if !session.is_runnable() && !is_due {
                continue;
            }
            if let Turn::Done(reason) = session.turn(self.poll.registry(), cx) {
                self.over.push(reason);
                self.draining.close(self.sessions.remove(key), self.poll.registry(), cx);
            }
        }
        let has_room = self.sessions.len() < self.slots;
        self.listener.set_room(has_room, self.poll.registry(), cx);
    }

    /// Runs the loop until something has happened.
    pub fn run_until(&mut self, has_happened: impl Fn(&mut Self) -> bool) {
        let started = Instant::now();
        while !has_happened(self) {
            assert!(started.elapsed() < LIMIT, "it has not happened");
            self.round(SHORT);
        }
    }
}
