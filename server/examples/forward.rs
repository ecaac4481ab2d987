//! TLS outside, plain TCP inside: passes both directions on, with backpressure and half-close. A session feeds a socket of the
//! service's own, and is fed by it.

use std::cell::RefCell;
use std::collections::HashMap;
use std::io::{self, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr};
use std::process::ExitCode;
use std::rc::Rc;
use std::time::Instant;

use clap::Parser;
use mio::event::Event;
use mio::net::TcpStream;
use mio_server::{Flags, Round, Service, foreign_number, foreign_token};
use tls_session::application::{Application, Next, Outbox};
use tls_session::mio::Registration;
use tls_session::observer::SessionId;
use tls_session::readiness::{Interest, Readiness};

/// How many bytes may wait for the socket before the session pauses.
const HIGH_WATER_MARK: usize = 64 * 1024;

#[derive(Parser)]
struct Cli {
    #[command(flatten)]
    flags: Flags,

    /// Where to forward to
    #[arg(long, value_name = "ADDR:PORT")]
    to: SocketAddr,
}

/// The connection behind one session.
struct Upstream {
    client: SessionId,
    socket: TcpStream,
    registration: Registration,
    readiness: Readiness,
    /// Plaintext of the client that the socket has not taken.
    pending: Vec<u8>,
    /// Whether the client has sent its close_notify.
    client_finished: bool,
    sent_fin: bool,
    received_fin: bool,
}

/// The application of a session: its side of the connection behind it. `None` if that connection could not even begin.
struct Tunnel(Option<Rc<RefCell<Upstream>>>);

impl Application for Tunnel {
    fn established(&mut self, _now: Instant, _outbox: &mut Outbox<'_>) -> Next {
        if self.0.is_some() { Next::Continue } else { Next::Close }
    }

    fn received(&mut self, _now: Instant, plaintext: &[u8], _outbox: Option<&mut Outbox<'_>>) -> Next {
        if let Some(upstream) = &self.0 {
            upstream.borrow_mut().pending.extend_from_slice(plaintext);
        }
        Next::Continue
    }

    /// The two directions do not depend on each other, so the session's own pending output does not matter.
    fn reads_on(&self, _pending_output: usize) -> bool {
        self.0.as_ref().is_none_or(|upstream| upstream.borrow().pending.len() < HIGH_WATER_MARK)
    }

    /// The answer may still come.
    fn peer_finished(&mut self, _now: Instant, _outbox: &mut Outbox<'_>) -> Next {
        let Some(upstream) = &self.0 else { return Next::Close };
        upstream.borrow_mut().client_finished = true;
        Next::Continue
    }
}

impl Upstream {
    /// Moves what can be moved in both directions. Returns an error if the connection is of no use any more.
    fn pump(&mut self, round: &mut Round<'_, '_, Tunnel>) -> io::Result<()> {
        self.write(round)?;
        self.read(round)?;
        let has_room = round.session(self.client).is_some_and(|session| session.has_room());
        let wanted =
            Interest { readable: has_room && !self.received_fin, writable: !self.pending.is_empty() };
        self.registration.apply(round.registry(), &mut self.socket, wanted).map(drop)
    }

    fn write(&mut self, round: &mut Round<'_, '_, Tunnel>) -> io::Result<()> {
        let was_full = self.pending.len() >= HIGH_WATER_MARK;
        while !self.pending.is_empty() && self.readiness.is_writable() {
            match self.socket.write(&self.pending) {
                Ok(taken) => _ = self.pending.drain(..taken),
                Err(error) if is_not_ready(&error) => self.readiness.write_blocked(),
                Err(error) => return Err(error),
            }
        }
        if was_full && self.pending.len() < HIGH_WATER_MARK {
            round.wake(self.client); // it reads on
        }
        if self.client_finished && self.pending.is_empty() && !self.sent_fin {
            self.sent_fin = true;
            self.socket.shutdown(Shutdown::Write)?;
        }
        Ok(())
    }

    fn read(&mut self, round: &mut Round<'_, '_, Tunnel>) -> io::Result<()> {
        let mut buffer = [0; 16 * 1024];
        while self.readiness.is_readable()
            && !self.received_fin
            && round.session(self.client).is_some_and(|session| session.has_room())
        {
            match self.socket.read(&mut buffer) {
                Ok(0) => {
                    self.received_fin = true;
                    round.finish_sending(self.client);
                }
                // A session that has just failed takes nothing, and is over soon.
                Ok(length) => _ = round.send(self.client, &buffer[..length]),
                Err(error) if is_not_ready(&error) => self.readiness.read_blocked(),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

/// A socket that is not connected yet is not ready either.
fn is_not_ready(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::NotConnected)
}

/// All connections.
struct Forward {
    to: SocketAddr,
    upstreams: HashMap<u64, Rc<RefCell<Upstream>>>,
}

impl Service for Forward {
    type Application = Tunnel;

    fn application(&mut self, client: SessionId) -> Tunnel {
        let number = client.number;
        let Ok(socket) = TcpStream::connect(self.to) else { return Tunnel(None) };
        let upstream = Rc::new(RefCell::new(Upstream {
            client,
            socket,
            registration: Registration::new(foreign_token(number as usize)),
            readiness: Readiness::default(),
            pending: Vec::new(),
            client_finished: false,
            sent_fin: false,
            received_fin: false,
        }));
        self.upstreams.insert(number, Rc::clone(&upstream));
        Tunnel(Some(upstream))
    }

    fn ready(&mut self, event: &Event, _round: &mut Round<'_, '_, Tunnel>) {
        let number = foreign_number(event.token()).and_then(|number| self.upstreams.get(&(number as u64)));
        if let Some(upstream) = number {
            upstream.borrow_mut().readiness.merge(Readiness::from_event(event));
        }
    }

    fn after_round(&mut self, round: &mut Round<'_, '_, Tunnel>) {
        self.upstreams.retain(|_, upstream| {
            let mut upstream = upstream.borrow_mut();
            if round.session(upstream.client).is_none() {
                return false; // dropping the socket closes it
            }
            if let Err(error) = upstream.pump(round) {
                eprintln!("{}: {error}", upstream.client);
                round.close(upstream.client);
                return false;
            }
            true
        });
    }
}

fn main() -> ExitCode {
    match mio_server::parse(|cli: &Cli| cli.flags.check()) {
        Ok(Cli { flags, to }) => {
            let service = Forward { to, upstreams: HashMap::new() };
            mio_server::run_with("forward", &flags, service)
        }
        Err(status) => status.into(),
    }
}
