//! Passes the plaintext of each session on to a plain TCP server, and its answer back, with backpressure and
//! half-close in both directions. It teaches how sessions and other sockets share one loop.

use std::cell::RefCell;
use std::collections::HashMap;
use std::io::{self, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr};
use std::process::ExitCode;
use std::rc::Rc;
use std::time::{Duration, Instant};

use clap::Parser;
use log::warn;
use mio::event::Event;
use mio::net::TcpStream;
use mio_server::{Flags, Round, Service, foreign_number, foreign_token};
use tls_session::application::{Application, Next, Outbox};
use tls_session::close_reason::CloseReason;
use tls_session::mio::Registration;
use tls_session::observer::SessionId;
use tls_session::readiness::{Interest, Readiness};

/// How many bytes may wait for the TCP server before the session pauses.
const HIGH_WATER_MARK: usize = 64 * 1024;
/// How long the TCP server may take the rest of the data after the session is over.
const LAST_WAIT: Duration = Duration::from_secs(10);

/// A TLS server that forwards the data of each client to a TCP server
#[derive(Parser)]
struct Cli {
    #[command(flatten)]
    flags: Flags,

    /// Address to forward to
    #[arg(long, value_name = "ADDR:PORT")]
    to: SocketAddr,
}

/// The TCP connection for one session.
struct Upstream {
    client: SessionId,
    /// `None` until the handshake is done.
    socket: Option<TcpStream>,
    registration: Registration,
    readiness: Readiness,
    /// Plaintext of the client that the socket has not taken.
    pending: Vec<u8>,
    is_established: bool,
    client_finished: bool,
    sent_fin: bool,
    received_fin: bool,
    /// Set when the session is over: the rest of `pending` must be written until then.
    ends_by: Option<Instant>,
}

/// The application of a session: its end of the connection behind it.
struct Tunnel(Rc<RefCell<Upstream>>);

impl Application for Tunnel {
    fn established(&mut self, _now: Instant, _outbox: &mut Outbox<'_>) -> Next {
        self.0.borrow_mut().is_established = true;
        Next::Continue
    }

    fn received(&mut self, _now: Instant, plaintext: &[u8], _outbox: Option<&mut Outbox<'_>>) -> Next {
        self.0.borrow_mut().pending.extend_from_slice(plaintext);
        Next::Continue
    }

    /// The two directions are independent, so the pending output of the session does not matter.
    fn reads_on(&self, _pending_output: usize) -> bool {
        self.0.borrow().pending.len() < HIGH_WATER_MARK
    }

    fn peer_finished(&mut self, _now: Instant, _outbox: &mut Outbox<'_>) -> Next {
        self.0.borrow_mut().client_finished = true;
        Next::Continue
    }

    /// The FIN of the TCP server ends the answer.
    fn is_answering(&self) -> bool {
        !self.0.borrow().received_fin
    }
}

impl Upstream {
    /// Moves what can be moved in both directions. Returns whether the connection is still of use.
    ///
    /// # Errors
    /// Those of the TCP connection.
    fn pump(&mut self, to: SocketAddr, round: &mut Round<'_, '_, Tunnel>) -> io::Result<bool> {
        if self.socket.is_none() && self.is_established {
            self.socket = Some(TcpStream::connect(to)?);
        }
        let Some(mut socket) = self.socket.take() else { return Ok(self.ends_by.is_none()) };
        self.write(&mut socket, round)?;
        self.read(&mut socket, round)?;
        let wanted = Interest {
            readable: self.has_room(round) && !self.received_fin,
            writable: !self.pending.is_empty() || self.owes_fin() || !self.readiness.is_writable(),
        };
        self.registration.apply(round.registry(), &mut socket, wanted)?;
        self.socket = Some(socket);
        let is_late = self.ends_by.is_some_and(|at| at <= round.now());
        Ok(self.ends_by.is_none() || !self.pending.is_empty() && !is_late)
    }

    fn owes_fin(&self) -> bool {
        self.client_finished && !self.sent_fin
    }

    fn has_room(&self, round: &Round<'_, '_, Tunnel>) -> bool {
        round.session(self.client).is_some_and(|session| session.has_room())
    }

    fn write(&mut self, socket: &mut TcpStream, round: &mut Round<'_, '_, Tunnel>) -> io::Result<()> {
        let was_full = self.pending.len() >= HIGH_WATER_MARK;
        while !self.pending.is_empty() && self.readiness.is_writable() {
            match socket.write(&self.pending) {
                Ok(taken) => _ = self.pending.drain(..taken),
                Err(error) if is_not_ready(&error) => self.readiness.write_blocked(),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        if was_full && self.pending.len() < HIGH_WATER_MARK {
            round.wake(self.client); // the session resumes reading
        }
        // A FIN before the connection is there would end the attempt.
        if self.owes_fin() && self.pending.is_empty() && self.readiness.is_writable() {
            self.sent_fin = true;
            socket.shutdown(Shutdown::Write)?;
        }
        Ok(())
    }

    fn read(&mut self, socket: &mut TcpStream, round: &mut Round<'_, '_, Tunnel>) -> io::Result<()> {
        let mut buffer = [0; 16 * 1024];
        while self.readiness.is_readable() && !self.received_fin && self.has_room(round) {
            match socket.read(&mut buffer) {
                Ok(0) => {
                    self.received_fin = true;
                    round.finish_sending(self.client);
                }
                // This fails only if the session has just failed, and then it is over soon.
                Ok(length) => _ = round.send(self.client, &buffer[..length]),
                Err(error) if is_not_ready(&error) => self.readiness.read_blocked(),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

/// Returns whether to try again after the next event. A socket that is not connected yet is not ready either.
fn is_not_ready(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::NotConnected)
}

/// All connections, by the number of their session.
struct Forward {
    to: SocketAddr,
    upstreams: HashMap<u64, Rc<RefCell<Upstream>>>,
}

impl Service for Forward {
    type Application = Tunnel;

    fn application(&mut self, client: SessionId) -> Tunnel {
        let upstream = Rc::new(RefCell::new(Upstream {
            client,
            socket: None,
            registration: Registration::new(foreign_token(client.number as usize)),
            readiness: Readiness::default(),
            pending: Vec::new(),
            is_established: false,
            client_finished: false,
            sent_fin: false,
            received_fin: false,
            ends_by: None,
        }));
        self.upstreams.insert(client.number, Rc::clone(&upstream));
        Tunnel(upstream)
    }

    /// TCP has no close_notify: if the client's data was cut off, the TCP server cannot know.
    fn ended(&mut self, _session: SessionId, Tunnel(upstream): Tunnel, _reason: &CloseReason) {
        upstream.borrow_mut().ends_by = Some(Instant::now() + LAST_WAIT);
    }

    fn deadline(&self) -> Option<Instant> {
        self.upstreams.values().filter_map(|upstream| upstream.borrow().ends_by).min()
    }

    fn ready(&mut self, event: &Event, _round: &mut Round<'_, '_, Tunnel>) {
        let number = foreign_number(event.token()).and_then(|number| u64::try_from(number).ok());
        if let Some(upstream) = number.and_then(|number| self.upstreams.get(&number)) {
            upstream.borrow_mut().readiness.merge(Readiness::from_event(event));
        }
    }

    fn after_round(&mut self, round: &mut Round<'_, '_, Tunnel>) {
        self.upstreams.retain(|_, upstream| {
            let mut upstream = upstream.borrow_mut();
            let client = upstream.client;
            upstream.pump(self.to, round).unwrap_or_else(|error| {
                warn!("{client}: the connection to {} failed: {error}", self.to);
                round.abort(client);
                false
            })
        });
    }
}

fn main() -> ExitCode {
    match mio_server::parse("forward", |cli: &Cli| cli.flags.check()) {
        Ok(Cli { flags, to }) => {
            let service = Forward { to, upstreams: HashMap::new() };
            mio_server::run_with("forward", &flags, service)
        }
        Err(status) => status.into(),
    }
}
