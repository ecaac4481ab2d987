//! Sessions under an event source that repeats what is ready.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Instant;

use rustls::version::TLS13;
use tls_session::application::{Application, Next, Outbox};
use tls_session::buffers::Buffers;
use tls_session::close_reason::{CloseReason, Endpoint};
use tls_session::context::Context;
use tls_session::observer::SessionId;
use tls_session::session::{Session, Turn, Wants};
use tls_session::simulation::network::{LevelTriggered, connection};
use tls_session::simulation::raw::Raw;
use tls_session::simulation::roles::Echo;
use tls_session::simulation::tls::Tls;

/// Its answer is not complete at the peer's close_notify.
struct Late;

impl Application for Late {
    fn received(&mut self, _now: Instant, _plaintext: &[u8], _outbox: Option<&mut Outbox<'_>>) -> Next {
        Next::Continue
    }

    fn peer_finished(&mut self, _now: Instant, _outbox: &mut Outbox<'_>) -> Next {
        Next::Continue
    }
}

/// A server's session, and a raw client.
struct World<A> {
    session: Session<LevelTriggered, A>,
    socket: LevelTriggered,
    raw: Raw,
    now: Instant,
}

impl<A: Application> World<A> {
    fn established(application: A) -> Self {
        let (near, far) = connection();
        let (tls, socket, now) = (Tls::new(&TLS13).shared(), LevelTriggered(far), Instant::now());
        let id = SessionId { number: 1, peer: SocketAddr::from((Ipv4Addr::LOCALHOST, 443)) };
        let (mut buffers, mut unobserved) = (Buffers::default(), ());
        let cx = &mut Context::new(now, &mut buffers, &mut unobserved);
        let config = Arc::clone(&tls.server_sessions);
        let session = Session::new(id, id.peer, tls.server(), socket.clone(), application, config, cx);
        let mut world = Self { session, socket, raw: Raw::new(tls.client(), &near), now };
        let _ = world.settle();
        assert_eq!(world.session.phase().name(), "Established");
        world
    }

    /// Runs both until nothing moves. Returns the result of the last turn.
    fn settle(&mut self) -> Turn {
        let (mut buffers, mut unobserved) = (Buffers::default(), ());
        loop {
            let moved = self.raw.write() | self.raw.read();
            let cx = &mut Context::new(self.now, &mut buffers, &mut unobserved);
            let readiness = self.socket.poll(self.session.wants().interest());
            if let Some(readiness) = readiness {
                self.session.ready(readiness, cx);
            }
            let turn = self.session.turn(cx);
            if !moved && readiness.is_none() || matches!(turn, Turn::Done(_)) {
                return turn;
            }
        }
    }
}

/// The socket is watched for a reset. After the FIN it stays readable, and the source would report it again and again.
#[test]
fn a_half_closed_session_watches_its_socket_until_the_fin() {
    let mut world = World::established(Late);
    world.raw.tls.send_close_notify();
    assert!(matches!(world.settle(), Turn::Wait(Wants { readable: true, .. })));
    assert_eq!(world.session.phase().name(), "HalfClosed");
    world.raw.send_fin();
    assert!(matches!(world.settle(), Turn::Wait(Wants { readable: false, .. })));
    assert_eq!(world.session.phase().name(), "HalfClosed");
}

/// Bytes may have come since. Only an edge-triggered source reports them.
#[test]
fn a_short_read_does_not_say_that_the_socket_is_empty() {
    let mut world = World::established(Echo::greeting(b"welcome!\n"));
    world.raw.send(b"hello");
    world.raw.tls.send_close_notify();
    assert_eq!(world.settle(), Turn::Done(CloseReason::Clean { first: Endpoint::Peer }));
    assert_eq!(world.session.plaintext_bytes(), (5, 14));
    assert!(world.session.needs_draining());
}
