//! Chapter 7: every session ends in time, and none that is alive. The clock is the test's.

use std::cell::{Cell, RefCell};
use std::io::Write as _;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use crate::peer::{Peer, drive, listener};
use crate::steps::step_04::Serve as _;
use crate::steps::step_07::{CLOSE, HANDSHAKE, IDLE, Server, WRITE, main};

const SHORT: Option<Duration> = Some(Duration::from_millis(1));
const MILLISECOND: Duration = Duration::from_millis(1);

#[test]
fn chapter_07_runs() {
    main().unwrap();
}

/// A server whose clock stands still until the test moves it.
struct World {
    server: RefCell<Server>,
    address: SocketAddr,
    now: Cell<Instant>,
}

impl World {
    fn new(batch: usize) -> Self {
        let (listener, address) = listener();
        let server = RefCell::new(Server::new(listener, batch).unwrap());
        Self { server, address, now: Cell::new(Instant::now()) }
    }

    fn turn(&self) {
        self.server.borrow_mut().turn(|| self.now.get(), SHORT).unwrap();
    }

    fn pass(&self, time: Duration) {
        self.now.set(self.now.get() + time);
    }

    fn sessions(&self) -> usize {
        self.server.borrow().sessions.len()
    }

    /// Checks that the only session is there until `time` has passed, and not longer.
    fn ends_after(&self, time: Duration) {
        self.pass(time - MILLISECOND);
        self.turn();
        assert_eq!(self.sessions(), 1);
        self.pass(MILLISECOND);
        self.turn();
        assert_eq!(self.sessions(), 0);
    }
}

#[test]
fn chapter_07_a_silent_client_ends_at_the_handshake_deadline() {
    let world = World::new(64);
    let _client = std::net::TcpStream::connect(world.address).unwrap();
    drive(|| world.turn(), || world.sessions() == 1);
    world.ends_after(HANDSHAKE);
}

#[test]
fn chapter_07_bytes_do_not_move_the_handshake_deadline() {
    let world = World::new(64);
    let mut client = std::net::TcpStream::connect(world.address).unwrap();
    drive(|| world.turn(), || world.sessions() == 1);
    world.pass(HANDSHAKE / 2);
    client.write_all(&[22, 3, 1]).unwrap();
    drive(
        || world.turn(),
        || world.server.borrow().sessions.values().all(|timed| timed.session.read_bytes == 3),
    );
    world.ends_after(HANDSHAKE / 2);
}

#[test]
fn chapter_07_an_idle_client_ends_at_the_idle_deadline() {
    let world = World::new(64);
    let _peer = Peer::established(world.address, || world.turn());
    world.turn();
    world.ends_after(IDLE);
}

#[test]
fn chapter_07_a_client_that_does_not_read_ends_at_the_write_deadline() {
    let world = World::new(64);
    let mut peer = Peer::established(world.address, || world.turn());
    peer.send(&[7; 3_000_000]);
    drive(
        || world.turn(),
        || !peer.write() && world.server.borrow().sessions.values().all(|timed| timed.session.is_blocked()),
    );
    // Linux reports "writable" when a third of the buffer is free. So the last try may find room that no event has announced.
    for _ in 0..5 {
        world.pass(WRITE);
        world.turn();
    }
    assert_eq!(world.sessions(), 0);
}

#[test]
fn chapter_07_a_client_that_does_not_close_ends_at_the_close_deadline() {
    let world = World::new(64);
    let mut peer = Peer::established(world.address, || world.turn());
    peer.tls.send_close_notify();
    assert!(peer.write());
    drive(
        || world.turn(),
        || world.server.borrow().sessions.values().all(|timed| timed.session.is_closing()),
    );
    world.ends_after(CLOSE);
}

#[test]
fn chapter_07_after_a_pause_a_session_that_is_due_tries_its_socket_once_more() {
    let world = World::new(1); // one event for each poll
    let mut peers: Vec<Peer> = (0..3).map(|_| Peer::established(world.address, || world.turn())).collect();
    for peer in &mut peers {
        peer.send(b"hello");
        assert!(peer.write());
    }
    for timed in world.server.borrow_mut().sessions.values_mut() {
        let socket = timed.session.socket();
        drive(|| {}, || socket.peek(&mut [0]).is_ok()); // the bytes are there
    }
    world.pass(IDLE * 2); // the process was stopped
    let late = world.server.borrow().sessions.values().filter(|timed| timed.is_over(world.now.get())).count();
    assert_eq!(late, 3, "by the clock alone, all of them are late");
    world.turn();
    assert_eq!(world.sessions(), 3, "the poll has reported one, and the others have tried");
    drive(
        || world.turn(),
        || {
            peers.iter_mut().all(|peer| {
                peer.read();
                peer.received == b"hello"
            })
        },
    );
}
