//! # The socket is writable, so the loop believes that it is connected
//!
//! **Symptom:** The log says `connected` for a port on which no server listens. Then `peer_addr` fails with `Transport
//! endpoint is not connected (os error 107)`, or the first read returns 0, "closed by the server". `Connection
//! refused (os error 111)` appears nowhere.
//!
//! **Cause:** A connection attempt that has failed makes the socket readable and writable, with an error. The error
//! is in the socket once, and the first call that meets it takes it (`SO_ERROR`). `connect` of mio does not block,
//! and returns `Ok` before the server has answered (mio, `src/net/tcp/stream.rs`, `TcpStream::connect`, which lists
//! the steps).
//!
//! **Rule:** After the first event call `take_error`. Without an error call `peer_addr`: `NotConnected` or
//! `EINPROGRESS` means that the attempt still lasts, and the event was spurious. Only an address means connected.
//!
//! **Ours:** `common/session/src/mio/connecting.rs`, `Connecting::finish`
//!
//! **Seen in:** tokio-rs/mio#1523, tokio-rs/mio#1565, tokio-rs/mio#1942, smol-rs/async-io#21

use std::io;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;

use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};
use rustix::net::{self, AddressFamily, SocketType};
use tls_session::mio::{Attempt, Connecting};

use super::sockets::{ANY, LIMIT};

/// Connects. Returns the stream when the poll reports it.
fn naive(address: SocketAddr) -> io::Result<TcpStream> {
    let (mut poll, mut events) = (Poll::new()?, Events::with_capacity(64));
    let mut stream = TcpStream::connect(address)?;
    poll.registry().register(&mut stream, Token(0), Interest::READABLE | Interest::WRITABLE)?;
    loop {
        poll.poll(&mut events, Some(LIMIT))?;
        for event in &events {
            if event.is_writable() {
                return Ok(stream); // there is room to write: it is connected
            }
        }
    }
}

/// An address on which no server listens, and the socket that keeps others from listening there: it is bound, and that is all.
fn closed_port() -> (SocketAddr, OwnedFd) {
    let holder = net::socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
    net::bind(&holder, &ANY).unwrap();
    let address = net::getsockname(&holder).unwrap();
    (address.try_into().unwrap(), holder)
}

#[test]
fn the_naive_loop_is_connected_to_a_closed_port() {
    let (address, _holder) = closed_port();
    let stream = naive(address).expect("connected");
    assert_eq!(stream.peer_addr().unwrap_err().kind(), io::ErrorKind::NotConnected);
    let error = stream.take_error().unwrap().expect("the error that this program has not asked for yet");
    assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
    let read = io::Read::read(&mut &stream, &mut [0; 16]).unwrap();
    assert_eq!(read, 0, "now it looks like the end of a session");
}

#[test]
fn ours_returns_the_error_of_the_attempt() {
    let (address, _holder) = closed_port();
    let (mut poll, mut events) = (Poll::new().unwrap(), Events::with_capacity(64));
    let mut attempt = Connecting::start(address, poll.registry(), Token(0)).unwrap();
    let error = loop {
        poll.poll(&mut events, Some(LIMIT)).unwrap();
        assert!(!events.is_empty());
        attempt = match attempt.finish() {
            Ok(Attempt::Pending(attempt)) => attempt,
            Ok(Attempt::Done(..)) => panic!("connected to a closed port"),
            Err(error) => break error,
        };
    };
    assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
}
