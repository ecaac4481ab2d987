//! Chapter 9: the server on tls-session passes the tests of all chapters before.

use std::cell::{Cell, RefCell};
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use tls_session::close_reason::{CloseReason, Endpoint};
use tls_session::deadline::{Timeout, Timeouts};

use crate::peer::{Peer, drive};
use crate::steps::step_09::{Server, main};

const SHORT: Option<Duration> = Some(Duration::from_millis(1));

#[test]
fn chapter_09_runs() {
    main().unwrap();
}

/// The server, and a clock that stands still until the test moves it.
struct World {
    server: RefCell<Server>,
    address: SocketAddr,
    now: Cell<Instant>,
}

impl World {
    fn new() -> Self {
        let server = Server::bind(Timeouts::default()).unwrap();
        let address = server.address();
        Self { server: RefCell::new(server), address, now: Cell::new(Instant::now()) }
    }

    fn turn(&self) {
        self.server.borrow_mut().turn(|| self.now.get(), SHORT).unwrap();
    }

    fn reason(&self) -> Option<CloseReason> {
        self.server.borrow().reasons.first().cloned()
    }

    fn until_end(&self) -> CloseReason {
        drive(|| self.turn(), || self.reason().is_some());
        self.reason().unwrap()
    }
}

#[test]
fn chapter_09_a_client_that_reads_late_gets_everything_and_close_notify() {
    for behind in [&b""[..], b"bytes behind close_notify"] {
        let world = World::new();
        let mut peer = Peer::established(world.address, || world.turn());
        let request = vec![7; 1_000_000];
        peer.send(&request);
        peer.tls.send_close_notify();
        peer.raw.extend(behind);
        peer.run_to_end(|| world.turn());
        assert_eq!(peer.end, Some(Ok(())));
        assert!(peer.received == request);
        assert_eq!(world.until_end(), CloseReason::Clean { first: Endpoint::Peer });
    }
}

#[test]
fn chapter_09_a_client_that_speaks_http_gets_an_alert() {
    let world = World::new();
    let mut socket = TcpStream::connect(world.address).unwrap();
    socket.write_all(b"GET / HTTP/1.0\r\n").unwrap();
    socket.write_all(&[b'x'; 10_000]).unwrap();
    socket.set_nonblocking(true).unwrap();
    let mut received = Vec::new();
    drive(|| world.turn(), || socket.read_to_end(&mut received).is_ok());
    assert_eq!(received[..2], [21, 3], "an alert");
    assert!(matches!(world.until_end(), CloseReason::NotTls(_)));
}

#[test]
fn chapter_09_a_bare_fin_is_a_truncation() {
    let world = World::new();
    let mut peer = Peer::established(world.address, || world.turn());
    peer.send(b"hello");
    assert!(peer.write());
    peer.socket.shutdown(Shutdown::Write).unwrap();
    peer.run_to_end(|| world.turn());
    assert_eq!((&peer.received[..], peer.end), (&b"hello"[..], Some(Err(ErrorKind::UnexpectedEof))));
    assert_eq!(world.until_end(), CloseReason::Truncated { established: true });
}

#[test]
fn chapter_09_each_client_that_stays_meets_its_deadline() {
    let world = World::new();
    let _silent = TcpStream::connect(world.address).unwrap();
    drive(|| world.turn(), || world.server.borrow().sessions.len() == 1);
    world.now.set(world.now.get() + Timeouts::default().handshake.unwrap());
    assert_eq!(world.until_end(), CloseReason::TimedOut(Timeout::Handshake));

    let world = World::new();
    let mut idle = Peer::established(world.address, || world.turn());
    world.turn();
    world.now.set(world.now.get() + Timeouts::default().idle.unwrap());
    drive(
        || world.turn(),
        || {
            idle.read();
            idle.has_close_notify
        },
    );
    idle.tls.send_close_notify();
    assert!(idle.write());
    assert_eq!(world.until_end(), CloseReason::TimedOut(Timeout::Idle));
}

#[test]
fn chapter_09_a_quiet_session_is_served_beside_fast_ones() {
    let world = World::new();
    let mut fast: Vec<Peer> = (0..5).map(|_| Peer::established(world.address, || world.turn())).collect();
    let mut quiet = Peer::established(world.address, || world.turn());
    for peer in &mut fast {
        peer.send(&[7; 5_000_000]);
    }
    for _ in 0..5 {
        quiet.received.clear();
        quiet.send(b"hello");
        drive(
            || world.turn(),
            || {
                for peer in &mut fast {
                    peer.write();
                    peer.read();
                }
                quiet.write();
                quiet.read();
                quiet.received == b"hello"
            },
        );
    }
}
