//! # A client connects and sends nothing: the server serves no other client
//!
//! **Symptom:** The process is alive, its CPU is idle, its log is silent, and every client hangs in the handshake. A
//! restart helps. A port scanner, a load balancer's health check, a laptop that went to sleep, or `nc host 443` is
//! enough to cause it.
//!
//! **Cause:** The server serves one connection at a time, or has a limited number of slots, or does the handshake in
//! its accept loop. No event comes from a client that is silent, so `poll` sleeps, and `poll(&mut events, None)`
//! sleeps for ever. TCP itself never ends an idle connection.
//!
//! **Rule:** Give each phase of a session a deadline: handshake, idle, write progress, close. Compute the timeout of
//! `poll` from the earliest one. The accept loop only accepts: the handshake is a part of the session. In TLS the
//! client sends first, so a client that has sent nothing does not need a slot.
//!
//! **Ours:** `common/session/src/deadline.rs`, `Timeouts`; `server/src/accept_queue.rs`, `next_with_data`, which
//! passes over silent clients
//!
//! **Seen in:** scylladb/seastar#335, hashview/hashview#528, Govcraft/acton-service#94, rustls/tokio-rustls#4

use std::io::{self, Read as _, Write as _};

use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};
use rustls::version::TLS13;
use tls_session::close_reason::CloseReason;
use tls_session::deadline::Timeout;
use tls_session::simulation::roles::Echo;

use super::sockets::{ANY, SHORT, Server, connect, is_readable, visit, wait_readable};
use super::support::tls;

const LISTENER: Token = Token(0);
const CLIENT: Token = Token(1);

/// A server that serves one client after the other. It ends when the poll reports nothing more. Returns the active
/// client.
fn naive(listener: &mut TcpListener) -> io::Result<Option<TcpStream>> {
    let (mut poll, mut events) = (Poll::new()?, Events::with_capacity(64));
    poll.registry().register(listener, LISTENER, Interest::READABLE)?;
    let mut active: Option<TcpStream> = None;
    loop {
        if active.is_none() {
            active = listener.accept().ok().map(|(client, _)| client);
            if let Some(client) = &mut active {
                poll.registry().register(client, CLIENT, Interest::READABLE)?;
            }
        }
        poll.poll(&mut events, Some(SHORT))?;
        if events.is_empty() {
            return Ok(active); // a server would wait here
        }
        let mut buffer = [0; 4096];
        if let Some(client) = &mut active {
            match client.read(&mut buffer) {
                Ok(0) => active = None, // the next one
                Ok(length) => client.write_all(&buffer[..length])?,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(_) => active = None,
            }
        }
    }
}

#[test]
fn the_naive_loop_sleeps_while_a_client_waits() {
    let mut listener = TcpListener::bind(ANY).unwrap();
    let silent = connect(listener.local_addr().unwrap());
    let mut other = connect(listener.local_addr().unwrap());
    other.write_all(b"hello").unwrap();
    wait_readable(&listener);
    let active = naive(&mut listener).unwrap().expect("the silent client");
    assert_eq!(active.peer_addr().unwrap(), silent.local_addr().unwrap());
    assert!(!is_readable(&other), "no echo");
    wait_readable(&listener); // the other client is in the backlog
}

#[test]
fn ours_ends_the_silent_client_at_its_deadline() {
    let tls = tls(&TLS13);
    let mut server = Server::new(&tls, 1, Echo::default);
    let silent = connect(server.address());
    server.run_until(|server| server.sessions().count() == 1);
    let other = visit(server.address(), &tls);
    for _ in 0..5 {
        server.round(SHORT);
    }
    assert!(!other.is_finished());

    server.now = server.deadline().expect("every phase has a deadline");
    server.run_until(|_| other.is_finished());
    assert_eq!(other.join().unwrap(), b"hello");
    assert_eq!(server.over[0], CloseReason::TimedOut(Timeout::Handshake));
    drop(silent);
}
