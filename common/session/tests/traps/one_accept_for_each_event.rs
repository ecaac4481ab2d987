//! # One `accept` for each event: clients wait in the backlog until another one connects
//!
//! **Symptom:** Under load some clients hang. They are connected (`ESTAB` in `ss -t`), and their handshake gets no
//! answer. They go on when another client connects. `ss -lt` shows a `Recv-Q` of the listener that does not fall to
//! 0.
//!
//! **Cause:** Connections that arrive before the next `poll` make one edge together. An `accept` takes one of them,
//! and the listener stays readable, which is no new edge (mio, `src/poll.rs`, "Draining readiness").
//!
//! **Rule:** Call `accept` until it returns `WouldBlock`. A server that stops before, because its slots are full,
//! must remember that more connections may wait, and accept without an event when a slot is free.
//!
//! **Ours:** `common/session/src/mio/listener.rs`, `Listener::accept`, `Listener::is_ready`
//!
//! **Seen in:** tokio-rs/mio#845, pgexporter/pgexporter#586, envoyproxy/envoy#27773

use std::io;
use std::net::SocketAddr;
use std::time::Instant;

use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};
use tls_session::buffers::Buffers;
use tls_session::context::Context;
use tls_session::mio::Listener;

use super::sockets::{ANY, LIMIT, SHORT, connect, is_readable, wait_readable};

/// A server that accepts clients. It ends when the poll reports nothing more.
fn naive(listener: &mut TcpListener) -> io::Result<Vec<TcpStream>> {
    let (mut poll, mut events) = (Poll::new()?, Events::with_capacity(64));
    poll.registry().register(listener, Token(0), Interest::READABLE)?;
    let mut clients = Vec::new();
    loop {
        poll.poll(&mut events, Some(SHORT))?;
        if events.is_empty() {
            return Ok(clients); // a server would wait here
        }
        for _event in &events {
            match listener.accept() {
                Ok((client, _)) => clients.push(client),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
    }
}

const COUNT: usize = 10;

/// Several clients connect before the server looks.
fn connect_all(address: SocketAddr) -> Vec<std::net::TcpStream> {
    (0..COUNT).map(|_| connect(address)).collect()
}

#[test]
fn the_naive_loop_sleeps_while_clients_wait() {
    let mut listener = TcpListener::bind(ANY).unwrap();
    let clients = connect_all(listener.local_addr().unwrap());
    wait_readable(&listener);
    let accepted = naive(&mut listener).unwrap();
    assert!(accepted.len() < clients.len());
    assert!(is_readable(&listener), "clients are waiting");
    assert!(listener.accept().is_ok());
}

#[test]
fn ours_accepts_all_that_one_event_announces() {
    let mut listener = Listener::bind(ANY, Token(0)).unwrap();
    let clients = connect_all(listener.address().unwrap());
    let (mut poll, mut events) = (Poll::new().unwrap(), Events::with_capacity(64));
    let (mut buffers, mut nobody) = (Buffers::default(), ());
    let cx = &mut Context::new(Instant::now(), &mut buffers, &mut nobody);
    listener.set_room(true, poll.registry(), cx);
    let mut accepted = Vec::new();
    while accepted.len() < clients.len() {
        poll.poll(&mut events, Some(LIMIT)).unwrap();
        assert!(!events.is_empty(), "clients are waiting");
        listener.ready();
        accepted.extend(std::iter::from_fn(|| listener.accept(cx)));
    }
    assert!(!listener.is_ready());
}
