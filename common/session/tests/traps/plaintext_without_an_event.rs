//! # The request comes with the last message of the handshake, and no event reports it
//!
//! **Symptom:** The handshake is done and the client has sent its request, but the server waits for it. The
//! connection hangs until the client sends more. It happens if Finished and the request arrive in one read, so it
//! comes and goes with the network.
//!
//! **Cause:** One `read_tls` takes what the kernel has. One `process_new_packets` processes all of it, and does not
//! stop at the end of the handshake. Then the request is in rustls and the socket is empty. A poll reports sockets,
//! not plaintext in rustls (rustls, `ConnectionCore::process_new_packets`, `conn.rs`).
//!
//! **Rule:** Read the plaintext after every `process_new_packets`, during the handshake too. Never wait for an event
//! while rustls holds bytes.
//!
//! **Ours:** `common/session/src/session.rs`, `Session::receive` and `Session::deliver`
//!
//! **Seen in:** sozu-proxy/sozu#460, curl/curl#6894
//!
//! **Note:** OpenSSL has the same trap. `SSL_pending` and `SSL_has_pending` exist because of it.

use std::io::{self, Read as _};

use rustls::ServerConnection;
use rustls::version::TLS13;
use tls_session::simulation::network::Socket;
use tls_session::simulation::raw_pair::RawPair;
use tls_session::simulation::roles::Echo;

use super::support::{self, Poll, Step, tls};

/// A server that collects a request.
fn naive(mut tls: ServerConnection, mut socket: Socket, poll: &mut Poll) -> io::Result<Vec<u8>> {
    let mut request = Vec::new();
    while poll.wait().is_some() {
        let is_handshake = tls.is_handshaking();
        loop {
            match tls.read_tls(&mut socket) {
                Ok(0) => return Ok(request),
                Ok(_) => _ = tls.process_new_packets().map_err(io::Error::other)?,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
        while tls.wants_write() {
            tls.write_tls(&mut socket)?;
        }
        if is_handshake {
            continue; // a handshake brings no data
        }
        let _ = tls.reader().read_to_end(&mut request);
    }
    Ok(request) // nothing can happen any more
}

const REQUEST: &[u8] = b"GET /";
/// The client wants to send this as soon as it may. So rustls sends it together with Finished.
const BEFORE: Step = |client| client.send(REQUEST);

#[test]
fn the_naive_loop_hangs_with_the_request_in_rustls() {
    let (server, socket, mut poll) = support::server(&tls(&TLS13), &[]);
    BEFORE(&mut poll.peer);
    let request = naive(server, socket, &mut poll).unwrap();
    assert!(request.is_empty());
    assert_eq!(poll.unread(), 0, "the kernel has nothing left to report");
}

#[test]
fn ours_reads_plaintext_behind_every_call() {
    let mut pair = RawPair::server(tls(&TLS13), Echo::default());
    BEFORE(&mut pair.raw);
    let pair = support::run(pair, &[]);
    assert_eq!(pair.session.received(), REQUEST);
}
