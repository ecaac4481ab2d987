//! # A connection that pauses ignores its event, and gets no other event for those bytes
//!
//! **Symptom:** Backpressure works, and then the transfer stops for ever. The consumer has room again, the kernel
//! holds bytes, and `poll` reports nothing.
//!
//! **Cause:** While the consumer was full, the event came, and the loop skipped it. The edge is used up. mio has no
//! empty interest that would pause a socket: `Interest` is never zero, and `Interest::remove` returns `None` when
//! nothing is left (`src/interest.rs`). So the loop leaves the socket registered as it is.
//!
//! **Rule:** `deregister` a socket that wants nothing, and `register` it when it wants something again: that reports
//! what is ready by then. Or note the skipped event, and read without an event after the pause.
//!
//! **Ours:** `common/session/src/mio/registration.rs`, `Registration::apply`; `common/session/src/application.rs`,
//! `reads_on`
//!
//! **Seen in:** tokio-rs/mio#640, Genymobile/gnirehtet#208
//!
//! **Note:** A deregistered socket reports nothing at all, not even a reset. The deadlines of the connection must go on.

use std::io::{self, Read as _, Write as _};
use std::thread;
use std::time::Instant;

use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};
use rustls::version::TLS13;
use tls_session::application::{Application, Next, Outbox};
use tls_session::phase::Phase;

use super::sockets::{SHORT, Server, connect, connection, is_readable, wait_readable};
use super::support::tls;

/// The place where a relay keeps what it has received, until its consumer takes it.
struct Inbox {
    bytes: Vec<u8>,
    capacity: usize,
}

/// One round of a relay's loop. It reads while there is room in the inbox.
fn naive(socket: &mut TcpStream, poll: &mut Poll, inbox: &mut Inbox) -> io::Result<()> {
    let mut events = Events::with_capacity(64);
    poll.poll(&mut events, Some(SHORT))?;
    for _event in &events {
        if inbox.bytes.len() >= inbox.capacity {
            continue; // the consumer is slow: let the sender wait
        }
        let mut buffer = [0; 4096];
        loop {
            match socket.read(&mut buffer) {
                Ok(0) => return Ok(()),
                Ok(length) => inbox.bytes.extend_from_slice(&buffer[..length]),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
    }
    Ok(())
}

#[test]
fn the_naive_loop_hears_nothing_after_the_pause() {
    let (mut socket, mut sender) = connection();
    let (mut poll, mut inbox) = (Poll::new().unwrap(), Inbox { bytes: Vec::new(), capacity: 3 });
    poll.registry().register(&mut socket, Token(0), Interest::READABLE).unwrap();
    sender.write_all(b"one").unwrap();
    wait_readable(&socket);
    naive(&mut socket, &mut poll, &mut inbox).unwrap();
    assert_eq!(inbox.bytes, b"one", "the inbox is full");
    sender.write_all(b"two").unwrap();
    wait_readable(&socket);
    naive(&mut socket, &mut poll, &mut inbox).unwrap();

    inbox.bytes.clear(); // the consumer has taken everything
    for _ in 0..5 {
        naive(&mut socket, &mut poll, &mut inbox).unwrap();
    }
    assert_eq!(inbox.bytes, b"", "no event comes");
    assert!(is_readable(&socket), "the bytes are there");
}

/// An application with an inbox.
struct Relay(Inbox);

impl Application for Relay {
    fn received(&mut self, _now: Instant, plaintext: &[u8], _outbox: Option<&mut Outbox<'_>>) -> Next {
        self.0.bytes.extend_from_slice(plaintext);
        Next::Continue
    }

    fn reads_on(&self, _pending_output: usize) -> bool {
        self.0.bytes.len() < self.0.capacity
    }
}

#[test]
fn ours_registers_the_socket_again_after_the_pause() {
    let tls = tls(&TLS13);
    let mut server = Server::new(&tls, 1, || Relay(Inbox { bytes: Vec::new(), capacity: 3 }));
    let (address, mut client) = (server.address(), tls.client());
    let handshake = thread::spawn(move || {
        let mut socket = connect(address);
        let mut sender = rustls::Stream::new(&mut client, &mut socket);
        sender.write_all(b"one").unwrap();
        (client, socket)
    });
    server.run_until(|server| inbox(server).is_some_and(|inbox| inbox == b"one"));
    let (mut client, mut socket) = handshake.join().unwrap();
    rustls::Stream::new(&mut client, &mut socket).write_all(b"two").unwrap();
    for _ in 0..5 {
        server.round(SHORT);
        assert_eq!(server.events, 0, "the socket is not watched");
    }

    let session = server.sessions().next().unwrap();
    assert_eq!(session.session().phase(), &Phase::Established);
    session.application_mut().0.bytes.clear(); // the consumer has taken everything
    server.run_until(|server| inbox(server).is_some_and(|inbox| inbox == b"two"));
}

/// What the relay holds.
fn inbox(server: &mut Server<Relay>) -> Option<Vec<u8>> {
    server.sessions().next().map(|session| session.session().application().0.bytes.clone())
}
