//! # A socket was cloned, so dropping it does not end its events
//!
//! **Symptom:** Events come for a token whose connection is gone: `no entry found for key`, an index out of bounds,
//! or a loop that spins without a reason. `deregister` cannot stop them any more: `No such file or directory (os
//! error 2)` or `Bad file descriptor`. The program has cloned the socket, for a writer thread or for a second half,
//! or has forked a child process.
//!
//! **Cause:** epoll registers the open file description, not the descriptor. Closing a descriptor removes the
//! registration only if it was the last one for this description (epoll(7), question 6). mio asks for a `deregister`
//! before the drop for this reason (mio, `src/event/source.rs`).
//!
//! **Rule:** Keep one descriptor for a connection, and let its registration move with it. If there are two, call
//! `deregister` on the registered one before it is dropped.
//!
//! **Ours:** `common/session/src/mio/registered.rs`, `into_parts`; `common/session/src/mio/draining.rs`,
//! `Draining::add`, which keeps the socket and its registration together after the session's end
//!
//! **Seen in:** tokio-rs/mio#361, dwrensha/gj#3, tokio-rs/tokio-core#172, manticoresoftware/manticoresearch#4057
//!
//! **Note:** Our test clones no socket. It runs the server of `sockets.rs`, with our `Registered` and `Draining`. It
//! checks that no event comes after the end of a session.

use std::collections::HashMap;
use std::io::{self, Read as _, Write as _};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};
use rustls::version::TLS13;
use tls_session::close_reason::{CloseReason, Endpoint};
use tls_session::simulation::roles::Echo;

use super::sockets::{LIMIT, SHORT, Server, connect, connection};
use super::support::tls;

/// One round of a server's loop. A client that has closed its half leaves the map. Its clone still writes the rest of
/// the answer.
fn naive(clients: &mut HashMap<Token, TcpStream>, poll: &mut Poll) -> io::Result<()> {
    let mut events = Events::with_capacity(64);
    poll.poll(&mut events, Some(LIMIT))?;
    for event in &events {
        let mut request = Vec::new();
        let mut client = &clients[&event.token()];
        match client.read_to_end(&mut request) {
            Ok(_) => _ = clients.remove(&event.token()), // the end: drops the socket
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

#[test]
fn the_naive_loop_gets_events_of_a_dropped_socket() {
    let (reader, client) = {
        let (server, client) = connection();
        (std::net::TcpStream::from(std::os::fd::OwnedFd::from(server)), client)
    };
    let mut writer = reader.try_clone().unwrap();
    let (mut poll, mut reader) = (Poll::new().unwrap(), TcpStream::from_std(reader));
    let interest = Interest::READABLE | Interest::WRITABLE;
    poll.registry().register(&mut reader, Token(7), interest).unwrap();
    let mut clients = HashMap::from([(Token(7), reader)]);

    client.shutdown(std::net::Shutdown::Write).unwrap();
    while !clients.is_empty() {
        naive(&mut clients, &mut poll).unwrap();
    }
    writer.write_all(b"the rest of the answer").unwrap();
    drop(client); // without reading: a reset
    let panic = catch_unwind(AssertUnwindSafe(|| naive(&mut clients, &mut poll))).unwrap_err();
    assert_eq!(panic.downcast_ref::<String>().unwrap(), "no entry found for key");
}

#[test]
fn ours_has_no_event_after_the_end() {
    let tls = tls(&TLS13);
    let mut server = Server::new(&tls, 1, Echo::default);
    let (address, mut client) = (server.address(), tls.client());
    let client = thread::spawn(move || {
        let mut socket = connect(address);
        let mut stream = rustls::Stream::new(&mut client, &mut socket);
        stream.write_all(b"hello").unwrap();
        client.send_close_notify();
        client.complete_io(&mut socket).unwrap();
        socket.shutdown(std::net::Shutdown::Write).unwrap();
        socket
    });
    server.run_until(|server| server.over.len() == 1);
    assert_eq!(server.over, [CloseReason::Clean { first: Endpoint::Peer }]);
    drop(client.join().unwrap()); // without reading: a reset
    for _ in 0..5 {
        server.round(SHORT);
        assert_eq!(server.events, 0);
    }
}
