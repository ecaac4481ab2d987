//! # `accept` fails with `Too many open files`, and the listener reports nothing after descriptors are free again
//!
//! **Symptom:** The log says `Too many open files (os error 24)` a few times. Then the load falls, descriptors are
//! free, and clients still hang: they are connected, and the server does not accept them. When another client connects, one of
//! them may be served.
//!
//! **Cause:** `EMFILE` and `ENFILE` leave the connection in the backlog. The edge that announced it is used up, and a
//! descriptor that becomes free is no event of the listener. (A level-triggered loop spins: the listener stays
//! readable, and each `accept` fails.) A loop that returns the error from `main` ends the server instead.
//!
//! **Rule:** After an error that concerns every connection, leave the accept loop. Set a deadline, 100 ms for
//! example, and call `accept` again at that time without an event. In a level-triggered loop do not watch the
//! listener until then. `ECONNABORTED` concerns one connection: go on with the next.
//!
//! **Ours:** `common/session/src/mio/listener.rs`, `State::Paused`, `Listener::deadline`, `concerns_one_connection`
//!
//! **Seen in:** projecteru/redis-cerberus#29, dom96/httpbeast#27

use std::fs::File;
use std::io;
use std::time::Instant;

use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};
use tls_session::buffers::Buffers;
use tls_session::context::Context;
use tls_session::mio::Listener;

use super::sockets::{ANY, LIMIT, SHORT, connect, in_a_child, is_readable, wait_readable};

/// One round of a server's loop.
fn naive(listener: &mut TcpListener, poll: &mut Poll, clients: &mut Vec<TcpStream>) -> io::Result<()> {
    let mut events = Events::with_capacity(64);
    poll.poll(&mut events, Some(SHORT))?;
    for _event in &events {
        loop {
            match listener.accept() {
                Ok((client, _)) => clients.push(client),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) => {
                    eprintln!("cannot accept a client: {error}");
                    break; // the next event tries again
                }
            }
        }
    }
    Ok(())
}

/// Runs this test in a child process that may open 64 files. Returns whether this is the child.
fn is_limited(test: &str) -> bool {
    let shell = ["sh", "-c", "ulimit -n 64 && exec \"$@\"", "sh"];
    let test = format!("accept_fails_with_emfile::{test}");
    let Some(mut command) = in_a_child(&test, &shell) else { return true };
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(String::from_utf8_lossy(&output.stdout).contains("1 passed"));
    false
}

/// Opens files until none is left.
fn use_up_descriptors() -> Vec<File> {
    std::iter::from_fn(|| File::open("/dev/null").ok()).collect()
}

#[test]
fn the_naive_loop_hears_nothing_after_descriptors_are_free() {
    if !is_limited("the_naive_loop_hears_nothing_after_descriptors_are_free") {
        return;
    }
    let mut listener = TcpListener::bind(ANY).unwrap();
    let (mut poll, mut clients) = (Poll::new().unwrap(), Vec::new());
    poll.registry().register(&mut listener, Token(0), Interest::READABLE).unwrap();
    let _client = connect(listener.local_addr().unwrap());
    wait_readable(&listener);
    let files = use_up_descriptors();
    naive(&mut listener, &mut poll, &mut clients).unwrap();
    assert_eq!(clients.len(), 0, "no descriptor was left");

    drop(files);
    for _ in 0..5 {
        naive(&mut listener, &mut poll, &mut clients).unwrap();
    }
    assert_eq!(clients.len(), 0, "no event comes");
    assert!(is_readable(&listener), "the client is waiting");
    assert!(listener.accept().is_ok());
}

#[test]
fn ours_tries_again_without_an_event() {
    if !is_limited("ours_tries_again_without_an_event") {
        return;
    }
    let mut listener = Listener::bind(ANY, Token(0)).unwrap();
    let (mut poll, mut events) = (Poll::new().unwrap(), Events::with_capacity(64));
    let (mut buffers, mut nobody) = (Buffers::default(), ());
    let cx = &mut Context::new(Instant::now(), &mut buffers, &mut nobody);
    listener.set_room(true, poll.registry(), cx);
    let _client = connect(listener.address().unwrap());
    poll.poll(&mut events, Some(LIMIT)).unwrap();
    assert!(!events.is_empty());
    listener.ready();
    let files = use_up_descriptors();
    assert!(listener.accept(cx).is_none(), "no descriptor was left");

    drop(files);
    cx.now = listener.deadline().expect("a time for the next attempt");
    assert!(listener.accept(cx).is_some());
}
