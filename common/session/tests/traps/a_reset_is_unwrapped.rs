//! # `shutdown(..).unwrap()`: a client that leaves ends the server
//!
//! **Symptom:** The server panics, perhaps once a day: `called Result::unwrap() on an Err value: Os { code: 107,
//! kind: NotConnected, message: "Transport endpoint is not connected" }`. The line is a `shutdown`, a `peer_addr` or
//! a `set_nodelay` that "cannot fail", because the connection was accepted a moment before.
//!
//! **Cause:** A peer may reset its connection at any time, between any two calls of ours. After a reset the socket is
//! not connected any more: `shutdown` and `peer_addr` fail with `ENOTCONN` (Linux, `inet_shutdown` and
//! `inet_getname`, `net/ipv4/af_inet.c`). On macOS `set_nodelay` fails with `EINVAL`.
//!
//! **Rule:** An error of one connection ends that connection, and nothing else. Ignore the errors of `shutdown` and
//! `set_nodelay`. Take the peer's address from `accept`.
//!
//! **Ours:** `common/session/src/session/advance.rs`, the call of `shutdown_write`;
//! `common/session/src/mio/listener.rs`, `Listener::accept`, which returns the address
//!
//! **Seen in:** tiny-http/tiny-http#180, gotham-rs/gotham#461, hickory-dns/hickory-dns#1664, an-tao/trantor#290

use std::io::{self, Read as _, Write as _};
use std::net::Shutdown;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};
use rustls::version::TLS13;
use tls_session::close_reason::CloseReason;
use tls_session::simulation::roles::Echo;

use super::sockets::{LIMIT, Server, connect, connection, visit, wait_readable};
use super::support::tls;

/// A server that greets its client and reads until the client has finished.
fn naive(mut client: TcpStream) -> io::Result<()> {
    let (mut poll, mut events) = (Poll::new()?, Events::with_capacity(64));
    poll.registry().register(&mut client, Token(0), Interest::READABLE)?;
    client.write_all(b"welcome!\n")?;
    let mut request = Vec::new();
    loop {
        match client.read_to_end(&mut request) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                poll.poll(&mut events, Some(LIMIT))?;
            }
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => break, // that happens
            Ok(_) => break,
            Err(error) => return Err(error),
        }
    }
    client.shutdown(Shutdown::Both).unwrap();
    Ok(())
}

#[test]
fn the_naive_loop_panics_when_its_client_leaves() {
    let (server, client) = connection();
    let leaver = thread::spawn(move || {
        wait_readable(&client); // the greeting is here
        drop(client); // and unread: a reset
    });
    let panic = catch_unwind(AssertUnwindSafe(|| naive(server))).unwrap_err();
    leaver.join().unwrap();
    let message = panic.downcast_ref::<String>().unwrap();
    assert!(message.contains("NotConnected"), "{message}");
}

#[test]
fn ours_ends_the_session_and_serves_the_next_client() {
    let tls = tls(&TLS13);
    let mut server = Server::new(&tls, 1, || Echo::greeting(b"welcome!\n"));
    let (address, mut client) = (server.address(), tls.client());
    let leaver = thread::spawn(move || {
        let mut socket = connect(address);
        while client.is_handshaking() {
            client.complete_io(&mut socket).unwrap();
        }
        wait_readable(&socket); // the greeting is here
        drop(socket); // and unread: a reset
    });
    server.run_until(|server| server.over.len() == 1);
    leaver.join().unwrap();
    let CloseReason::Transport { kind, .. } = &server.over[0] else { panic!("{:?}", server.over) };
    assert_eq!(*kind, io::ErrorKind::ConnectionReset);

    let next = visit(address, &tls);
    server.run_until(|_| next.is_finished());
    assert!(next.join().unwrap().ends_with(b"hello"));
}
