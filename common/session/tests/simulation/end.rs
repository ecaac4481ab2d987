//! One end: a real session with its registration, driven as the event loops drive theirs.

use std::cell::RefCell;
use std::io::{self, IoSlice, Read, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use mio::event::Source;
use mio::{Registry, Token};
use rustls::Connection;
use tls_session::buffers::Scratch;
use tls_session::close_reason::CloseReason;
use tls_session::mio::registration::Registrar;
use tls_session::observer::{SessionId, Watch};
use tls_session::readiness::Interest;
use tls_session::readiness::Readiness;
use tls_session::session::{Session, SessionConfig, Turn};
use tls_session::transport::Transport;

use crate::network::Network;
use crate::record::Record;
use crate::role::{Role, text};
use crate::scenario::{Ending, Part, Side};

/// An application is fed so much at a time.
const FEED: usize = 16 * 1024;

/// One end's socket.
pub struct Socket {
    network: Rc<RefCell<Network>>,
    side: Side,
}

/// A session, and what an event loop keeps beside it.
pub struct End {
    session: Session<Socket, Role>,
    registrar: Registrar,
    part: Part,
    fed: usize,
    said_all: bool,
    /// Whether there is something to do without an event.
    pub runnable: bool,
    /// What the session says of itself.
    pub record: Record,
    /// Why it is over, if it is.
    pub reason: Option<CloseReason>,
}

impl End {
    /// A session at the start of its handshake.
    pub fn new(
        side: Side,
        tls: impl Into<Connection>,
        part: Part,
        network: &Rc<RefCell<Network>>,
        terms: &Arc<SessionConfig>,
        mut record: Record,
        now: Instant,
    ) -> Self {
        let id = SessionId { number: 1, peer: SocketAddr::from((Ipv4Addr::LOCALHOST, 443)) };
        let socket = Socket { network: Rc::clone(network), side };
        let watch = &mut Watch::new(now, &mut record);
        Self {
            session: Session::new(id, tls, socket, Role::new(part), Arc::clone(terms), watch),
            registrar: Registrar::new(Token(0)),
            part,
            fed: 0,
            said_all: part.feeds == 0 && part.ending != Ending::SaysAll,
            runnable: true,
            record,
            reason: None,
        }
    }

    /// The poll said so.
    pub fn ready(&mut self, readiness: Readiness) {
        self.session.ready(readiness);
        self.runnable = true;
    }

    /// One round of the loop: feed, turn, and tell the poll what to watch for.
    pub fn round(&mut self, now: Instant, registry: &Registry, scratch: &mut Scratch) {
        let watch = &mut Watch::new(now, &mut self.record);
        if !self.said_all && self.session.wants_input() {
            let length = FEED.min(self.part.feeds - self.fed);
            if length > 0 {
                self.session.send(text(self.part.says + self.fed, length), watch).unwrap();
                self.fed += length;
            } else {
                self.said_all = true;
                if self.part.ending == Ending::SaysAll {
                    self.session.said_all(watch);
                }
            }
        }
        let turn = self.session.turn(watch, scratch);
        let turn = self.session.await_events(turn, &mut self.registrar, registry, watch);
        let yields = turn == Turn::Yield;
        if let Turn::Done(reason) = turn {
            self.reason = Some(reason);
        }
        self.runnable = yields || !self.said_all && self.session.wants_input();
    }

    /// Closes the session from outside, as a signal does.
    pub fn close(&mut self, now: Instant) {
        self.session.close(&mut Watch::new(now, &mut self.record));
        self.record.ending_at = self.record.ending_at.or(Some(now));
        self.runnable = true;
    }

    /// When the session wants to be turned even if nothing happens; nothing once it is over.
    pub fn deadline(&self) -> Option<Instant> {
        if self.reason.is_some() { None } else { self.session.earliest_deadline() }
    }

    /// What the session waits for.
    pub fn interest(&mut self) -> Interest {
        self.session.interest()
    }

    /// Whether the socket of the session, which is over, must be drained.
    pub fn needs_draining(&self) -> bool {
        self.session.needs_draining()
    }

    /// The application.
    pub fn role(&self) -> &Role {
        self.session.application()
    }
}

impl Read for Socket {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.network.borrow_mut().read(self.side, buffer)
    }
}

impl Write for Socket {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_vectored(&[IoSlice::new(bytes)])
    }

    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        self.network.borrow_mut().write(self.side, slices)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Transport for Socket {
    fn shutdown_write(&mut self) -> io::Result<()> {
        self.network.borrow_mut().shutdown_write(self.side)
    }
}

/// The poll is the network's: the real one is never told of anything.
impl Source for Socket {
    fn register(&mut self, _registry: &Registry, _token: Token, interest: mio::Interest) -> io::Result<()> {
        self.network.borrow_mut().register(
            self.side,
            Interest { readable: interest.is_readable(), writable: interest.is_writable() },
        );
        Ok(())
    }

    fn reregister(&mut self, registry: &Registry, token: Token, interest: mio::Interest) -> io::Result<()> {
        self.register(registry, token, interest)
    }

    fn deregister(&mut self, _registry: &Registry) -> io::Result<()> {
        self.network.borrow_mut().register(self.side, Interest::NONE);
        Ok(())
    }
}
