//! # The answer is written and the socket is closed: the client gets a part of it, and `Connection reset by peer`
//!
//! **Symptom:** A server refuses an upload and closes. Some clients see the answer, others a part of it and then
//! `Connection reset by peer (os error 104)`; browsers show `ERR_CONNECTION_RESET`. Every write of the server has
//! succeeded.
//!
//! **Cause:** The socket still held bytes of the upload. RFC 1122, 4.2.2.13: a host that closes a socket with unread
//! data "SHOULD send a RST to show that data was lost". Linux then also drops what it had not sent yet (`tcp_close`,
//! `net/ipv4/tcp.c`), so a successful `write` does not mean that the client gets the bytes. `shutdown(Both)` before
//! the close does not help. TLS itself puts bytes into the socket that a program may never read, close_notify for
//! example. So a program that works over plain TCP can fail over TLS.
//!
//! **Rule:** Send a FIN with `shutdown(Write)`. Read and drop what the peer still sends, until its FIN, within limits
//! of bytes and time. Then close.
//!
//! **Ours:** `common/session/src/mio/draining.rs`, `Draining::close`; `common/session/src/session/advance.rs`,
//! `may_receive_more`
//!
//! **Seen in:** benoitc/gunicorn#3590, benoitc/gunicorn#1644, benoitc/gunicorn#3334

use std::io::{self, Read as _, Write as _};
use std::net::Shutdown;
use std::thread;
use std::time::Instant;

use mio::net::TcpStream;
use rustls::version::TLS13;
use tls_session::application::{Application, Next, Outbox};

use super::sockets::{Server, connect, connection, wait_readable};
use super::support::tls;

/// A server that refuses an upload as soon as it has seen the beginning.
fn naive(mut client: TcpStream, refusal: &[u8]) -> io::Result<()> {
    let mut beginning = [0; 1024];
    let length = client.read(&mut beginning)?;
    assert!(length > 0);
    client.write_all(refusal)?; // the kernel takes all of it
    client.shutdown(Shutdown::Both)?;
    Ok(()) // drops the socket
}

/// It is long, so that the client's kernel has no room for all of it at once.
fn refusal() -> Vec<u8> {
    b"your upload is too large. ".repeat(20_000)
}

static UPLOAD: [u8; 48 * 1024] = [b'x'; 48 * 1024];

#[test]
fn the_naive_loop_sends_a_reset_behind_a_part_of_the_answer() {
    let (server, mut client) = connection();
    client.write_all(&UPLOAD).unwrap();
    wait_readable(&server);
    naive(server, &refusal()).unwrap();
    let mut answer = Vec::new();
    let error = client.read_to_end(&mut answer).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
    assert!(answer.len() < refusal().len());
}

/// Refuses an upload as soon as it has seen the beginning, and takes nothing more.
struct Refusal;

impl Application for Refusal {
    fn received(&mut self, _now: Instant, _beginning: &[u8], outbox: Option<&mut Outbox<'_>>) -> Next {
        if let Some(outbox) = outbox {
            outbox.send(&refusal());
        }
        Next::Abandon
    }
}

#[test]
fn ours_drains_the_socket_and_the_answer_arrives() {
    let tls = tls(&TLS13);
    let mut server = Server::new(&tls, 1, || Refusal);
    let (address, mut client) = (server.address(), tls.client());
    let client = thread::spawn(move || {
        let mut socket = connect(address);
        let mut stream = rustls::Stream::new(&mut client, &mut socket);
        stream.write_all(&UPLOAD).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        answer
    });
    server.run_until(|_| client.is_finished());
    assert_eq!(client.join().unwrap(), refusal());
}
