//! # `from_std` does not make a socket non-blocking: one read stops the whole loop
//!
//! **Symptom:** A server answers its first client when that client closes, or never. All other clients hang too. A
//! debugger shows the loop in `recvfrom`, not in `epoll_wait`. The socket comes from `std::net`, from systemd, or
//! from another library.
//!
//! **Cause:** `from_std` of mio does not change the mode of a socket: "it is left up to the user to set it in
//! non-blocking mode" (mio, `src/net/tcp/stream.rs`, `TcpStream::from_std`). mio 0.6 did set it. A read until
//! `WouldBlock` then blocks in the call that would have returned `WouldBlock`.
//!
//! **Rule:** Call `set_nonblocking(true)` before `from_std`. The sockets of mio's own `accept` and `connect` are
//! non-blocking.
//!
//! **Ours:** `common/session/src/mio/listener.rs`, `Listener::accept`; `common/session/src/mio/connecting.rs`,
//! `Connecting::start`
//!
//! **Seen in:** tokio-rs/tokio#3001, tokio-rs/tokio#3099, tokio-rs/tokio#3539, librespeed/speedtest-rust#21,
//! NLnetLabs/routinator#447

use std::io::{self, Read as _, Write as _};
use std::net::Shutdown;
use std::thread;

use mio::{Events, Interest, Poll, Token};
use rustls::version::TLS13;
use tls_session::simulation::roles::Echo;

use super::sockets::{ANY, LIMIT, SHORT, Server, connect, visit};
use super::support::tls;

/// An echo server for a client that another thread has accepted.
fn naive(client: std::net::TcpStream) -> io::Result<()> {
    let (mut poll, mut events) = (Poll::new()?, Events::with_capacity(64));
    let mut client = mio::net::TcpStream::from_std(client);
    poll.registry().register(&mut client, Token(0), Interest::READABLE)?;
    loop {
        poll.poll(&mut events, Some(LIMIT))?;
        for _event in &events {
            let (mut message, mut buffer) = (Vec::new(), [0; 4096]);
            loop {
                match client.read(&mut buffer) {
                    Ok(0) => return Ok(()),
                    Ok(length) => message.extend_from_slice(&buffer[..length]),
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                    Err(error) => return Err(error),
                }
            }
            client.write_all(&message)?;
        }
    }
}

#[test]
fn the_naive_loop_blocks_in_its_second_read() {
    let listener = std::net::TcpListener::bind(ANY).unwrap();
    let mut client = connect(listener.local_addr().unwrap());
    let (accepted, _) = listener.accept().unwrap();
    let server = thread::spawn(|| naive(accepted));
    client.write_all(b"hello").unwrap();
    client.set_read_timeout(Some(SHORT)).unwrap();
    let error = client.read(&mut [0; 16]).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::WouldBlock, "no echo");

    client.shutdown(Shutdown::Write).unwrap(); // this ends the read
    server.join().unwrap().unwrap();
    client.set_read_timeout(Some(LIMIT)).unwrap();
    assert_eq!(client.read(&mut [0; 16]).unwrap(), 0, "there was never an echo");
}

#[test]
fn ours_accepts_sockets_that_do_not_block() {
    let tls = tls(&TLS13);
    let mut server = Server::new(&tls, 2, Echo::default);
    let silent = connect(server.address());
    let client = visit(server.address(), &tls);
    server.run_until(|_| client.is_finished());
    assert_eq!(client.join().unwrap(), b"hello");
    drop(silent);
}
