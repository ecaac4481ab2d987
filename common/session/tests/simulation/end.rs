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
use tls_session::buffers::Buffers;
use tls_session::close_reason::CloseReason;
use tls_session::context::{Context, Limits};
use tls_session::mio::{Registered, Registration};
use tls_session::observer::SessionId;
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
    session: Registered<Role, Socket>,
    part: Part,
    fed: usize,
    said_all: bool,
    /// Whether there is something to feed without an event.
    is_fed: bool,
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
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 443));
        let id = SessionId { number: 1, peer: address };
        let socket = Socket { network: Rc::clone(network), side };
        let mut buffers = Buffers::default();
        let cx = &mut Context::new(now, &mut buffers, &mut record);
        let session = Session::new(id, address, tls, socket, Role::new(part), Arc::clone(terms), cx);
        Self {
            session: Registered::new(session, Registration::new(Token(0))),
            part,
            fed: 0,
            said_all: part.feeds == 0 && part.ending != Ending::SaysAll,
            is_fed: false,
            record,
            reason: None,
        }
    }

    /// Whether there is something to do without an event.
    pub fn is_runnable(&self) -> bool {
        self.session.is_runnable() || self.is_fed
    }

    /// The poll has reported this.
    pub fn ready(&mut self, readiness: Readiness, now: Instant, buffers: &mut Buffers) {
        self.session.ready(readiness, &mut Context::new(now, buffers, &mut self.record));
    }

    /// One round of the loop: feed, and turn.
    pub fn round(&mut self, now: Instant, registry: &Registry, buffers: &mut Buffers) {
        let cx = &mut Context::new(now, buffers, &mut self.record);
        cx.limits = Limits::ALONE;
        if !self.said_all && self.session.session().has_room() {
            let length = FEED.min(self.part.feeds - self.fed);
            if length > 0 {
                self.session.send(text(self.part.says + self.fed, length), cx).unwrap();
                self.fed += length;
            } else {
                self.said_all = true;
                if self.part.ending == Ending::SaysAll {
                    self.session.finish_sending(cx);
                }
            }
        }
        if let Turn::Done(reason) = self.session.turn(registry, cx) {
            self.reason = Some(reason);
        }
        self.is_fed = !self.said_all && self.session.session().has_room();
    }

    /// Closes the session from outside, as a signal does.
    pub fn close(&mut self, now: Instant, buffers: &mut Buffers) {
        self.session.close(&mut Context::new(now, buffers, &mut self.record));
        self.record.ending_at = self.record.ending_at.or(Some(now));
    }

    /// When the session wants to be turned even if nothing happens; nothing once it is over.
    pub fn deadline(&self) -> Option<Instant> {
        if self.reason.is_some() { None } else { self.session.session().wants().deadline }
    }

    /// What the session waits for.
    pub fn interest(&mut self) -> Interest {
        self.session.session().wants().interest()
    }

    /// Whether the socket of the session, which is over, must be drained.
    pub fn needs_draining(&self) -> bool {
        self.session.session().needs_draining()
    }

    /// The application.
    pub fn role(&self) -> &Role {
        self.session.session().application()
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
    const SHORT_READ_MEANS_EMPTY: bool = true;

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
