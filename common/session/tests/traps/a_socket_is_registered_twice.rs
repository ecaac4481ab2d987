//! # A socket is registered a second time: `File exists (os error 17)`
//!
//! **Symptom:** `register` fails with `File exists (os error 17)`, and in a debug build of mio with "I/O source
//! already registered with a `Registry`". On macOS nothing fails, so the code works until it runs on Linux.
//!
//! **Cause:** `register` is `EPOLL_CTL_ADD`, which fails for a descriptor that the poll already watches
//! (epoll_ctl(2), `EEXIST`). kqueue takes a second `EV_ADD` as a change. One part of the program, such as a connect
//! or a handshake, registers the socket and hands it to the next part. The next part does not know that.
//!
//! **Rule:** Keep the registration with the socket: the token and the interest that the poll knows. Then one place
//! decides whether `register`, `reregister` or `deregister` is right.
//!
//! **Ours:** `common/session/src/mio/registration.rs`, `Registration::apply`, `Registration::with_token`
//!
//! **Seen in:** panjf2000/gnet#572, iowarp/clio-core#273

use std::io::{self, Write as _};

use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};
use tls_session::mio::Registration;
use tls_session::readiness;

use super::sockets::{LIMIT, connection};

/// Waits for the first byte of a client, which says what protocol it speaks.
fn first_byte(socket: &mut TcpStream, poll: &mut Poll) -> io::Result<u8> {
    let mut events = Events::with_capacity(64);
    poll.registry().register(socket, Token(0), Interest::READABLE)?;
    loop {
        poll.poll(&mut events, Some(LIMIT))?;
        let mut byte = [0];
        match socket.peek(&mut byte) {
            Ok(1) => return Ok(byte[0]),
            Ok(_) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
}

/// Serves TLS clients, and refuses others.
fn naive(socket: &mut TcpStream, poll: &mut Poll) -> io::Result<()> {
    const HANDSHAKE: u8 = 22; // RFC 8446, 5.1
    if first_byte(socket, poll)? != HANDSHAKE {
        return Err(io::ErrorKind::InvalidData.into());
    }
    poll.registry().register(socket, Token(1), Interest::READABLE | Interest::WRITABLE)?;
    // and so on, with rustls
    Ok(())
}

#[test]
fn the_naive_loop_cannot_register_the_socket() {
    let (mut socket, mut client) = connection();
    client.write_all(&[22, 3, 1]).unwrap();
    let error = naive(&mut socket, &mut Poll::new().unwrap()).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
}

#[test]
fn ours_changes_the_registration_that_there_is() {
    let (mut socket, mut client) = connection();
    let (mut poll, mut events) = (Poll::new().unwrap(), Events::with_capacity(64));
    let mut registration = Registration::new(Token(0));
    let readable = readiness::Interest::READABLE;
    assert!(registration.apply(poll.registry(), &mut socket, readable).unwrap());
    let mut registration = registration.with_token(Token(1));
    assert!(registration.apply(poll.registry(), &mut socket, readable).unwrap());
    client.write_all(&[22, 3, 1]).unwrap();
    poll.poll(&mut events, Some(LIMIT)).unwrap();
    let tokens: Vec<Token> = events.iter().map(mio::event::Event::token).collect();
    assert_eq!(tokens, [Token(1)]);
}
