//! Chapter 9: the server of chapter 8, with the session of this crate.

use std::collections::HashMap;
use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use mio::{Events, Poll, Token};
use tls_session::application::{Application, Next, Outbox};
use tls_session::authorize::VerifiedByRustls;
use tls_session::buffers::Buffers;
use tls_session::close_reason::CloseReason;
use tls_session::context::Context;
use tls_session::deadline::Timeouts;
use tls_session::mio::{Draining, Listener, Registered, Registration};
use tls_session::observer::SessionId;
use tls_session::readiness::Readiness;
use tls_session::session::{Session, SessionConfig, Turn};

use super::{step_02, tls};

/// The application: sends back what the client sends.
pub struct Echo;

impl Application for Echo {
    fn received(&mut self, _now: Instant, plaintext: &[u8], outbox: Option<&mut Outbox<'_>>) -> Next {
        if let Some(outbox) = outbox {
            outbox.send(plaintext);
        }
        Next::Continue
    }
}

const LISTENER: Token = Token(0);
/// How many connections are accepted in one turn.
const ACCEPTS: usize = 10;

pub struct Server {
    poll: Poll,
    events: Events,
    listener: Listener,
    address: SocketAddr,
    buffers: Buffers,
    config: Arc<SessionConfig>,
    /// The sessions have odd tokens.
    pub sessions: HashMap<Token, Registered<Echo>>,
    /// The sockets of sessions that are over. They have even tokens.
    draining: Draining,
    last_number: usize,
    /// How the sessions have ended.
    pub reasons: Vec<CloseReason>,
}

impl Server {
    pub fn bind(timeouts: Timeouts) -> io::Result<Self> {
        let listener = Listener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), LISTENER)?;
        let mut server = Self {
            poll: Poll::new()?,
            events: Events::with_capacity(64),
            address: listener.address()?,
            listener,
            buffers: Buffers::default(),
            config: Arc::new(SessionConfig { authorize: Arc::new(VerifiedByRustls), timeouts }),
            sessions: HashMap::new(),
            draining: Draining::new(16, |key| Token(2 * key + 2)),
            last_number: 0,
            reasons: Vec::new(),
        };
        let mut nobody = ();
        let cx = &mut Context::new(Instant::now(), &mut server.buffers, &mut nobody);
        server.listener.set_room(true, server.poll.registry(), cx);
        Ok(server)
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns how long the poll may sleep.
    fn timeout(&self, now: Instant) -> Option<Duration> {
        if self.listener.is_ready() || self.sessions.values().any(Registered::is_runnable) {
            return Some(Duration::ZERO);
        }
        let sessions = self.sessions.values().filter_map(Registered::deadline).min();
        let next = [sessions, self.draining.deadline(), self.listener.deadline()].into_iter().flatten().min();
        next.map(|at| at.saturating_duration_since(now))
    }

    pub fn turn(&mut self, clock: impl Fn() -> Instant, limit: Option<Duration>) -> io::Result<()> {
        let timeout = [self.timeout(clock()), limit].into_iter().flatten().min();
        match self.poll.poll(&mut self.events, timeout) {
            Err(error) if error.kind() == ErrorKind::Interrupted => self.events.clear(),
            other => other?,
        }
        let mut nobody = (); // an observer
        let cx = &mut Context::new(clock(), &mut self.buffers, &mut nobody);
        let registry = self.poll.registry();
        for event in &self.events {
            match event.token() {
                LISTENER => self.listener.ready(),
                Token(even) if even % 2 == 0 => self.draining.ready((even - 2) / 2, cx),
                token => {
                    if let Some(session) = self.sessions.get_mut(&token) {
                        session.ready(Readiness::from_event(event), cx);
                    }
                }
            }
        }
        self.draining.expire(cx);
        for _ in 0..ACCEPTS {
            let Some((stream, peer)) = self.listener.accept(cx) else { break };
            self.last_number += 1;
            let (number, token) = (self.last_number as u64, Token(2 * self.last_number + 1));
            let (id, config) = (SessionId { number, peer }, Arc::clone(&self.config));
            let session = Session::new(id, self.address, tls::server(), stream, Echo, config, cx);
            self.sessions.insert(token, Registered::new(session, Registration::new(token)));
        }
        let is_due = |session: &Registered<Echo>| {
            session.is_runnable() || session.deadline().is_some_and(|at| at <= cx.now)
        };
        let due: Vec<Token> =
            self.sessions.iter().filter(|(_, session)| is_due(session)).map(|(token, _)| *token).collect();
        for token in due {
            let Some(session) = self.sessions.get_mut(&token) else { continue };
            match session.turn(registry, cx) {
                Turn::Wait(_) | Turn::Again(_) => {}
                Turn::Done(reason) => {
                    self.reasons.push(reason);
                    if let Some(session) = self.sessions.remove(&token) {
                        self.draining.close(session, registry, cx);
                    }
                }
            }
        }
        Ok(())
    }
}

/// Serves one client.
pub fn main() -> io::Result<()> {
    let mut server = Server::bind(Timeouts::default())?;
    let address = server.address();
    let client = thread::spawn(move || {
        let mut socket = std::net::TcpStream::connect(address)?;
        step_02::exchange(&mut tls::client().into(), &mut socket, b"hello")
    });
    while server.reasons.is_empty() {
        server.turn(Instant::now, None)?;
    }
    println!("the client has {:?}, and the session has ended: {:?}", client.join(), server.reasons);
    Ok(())
}
