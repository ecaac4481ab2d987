//! # `read_tls` until `WouldBlock`, then `process_new_packets` once: "message buffer full"
//!
//! **Symptom:** `read_tls` returns an error of the kind `InvalidData` with the text `message buffer full`. Requests
//! of up to 18 KB work, and larger ones fail.
//!
//! **Cause:** `read_tls` puts ciphertext into a buffer of 18,437 bytes, which is the size of the largest record. Only
//! `process_new_packets` empties that buffer. `wants_read` does not know the buffer, so it stays true (rustls,
//! `DeframerVecBuffer::prepare_read`, `msgs/deframer/buffers.rs`).
//!
//! **Rule:** Call `process_new_packets` once after every `read_tls` that returns bytes.
//!
//! **Ours:** `common/session/src/session.rs`, `Session::receive`
//!
//! **Seen in:** tokio-rs/tls#14
//!
//! **Note:** A handshake message of 64 KB or more causes the same error. No loop can prevent that one
//! (rustls/rustls#3176).

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
        // First, read everything that the kernel has.
        loop {
            match tls.read_tls(&mut socket) {
                Ok(0) => return Ok(request),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
        // Then, process it.
        tls.process_new_packets().map_err(io::Error::other)?;
        let _ = tls.reader().read_to_end(&mut request);
        while tls.wants_write() {
            tls.write_tls(&mut socket)?;
        }
    }
    Ok(request)
}

/// Two records.
static REQUEST: [u8; 20_000] = [b'x'; 20_000];
const SCHEDULE: &[Step] = &[|client| client.send(&REQUEST)];

#[test]
fn the_naive_loop_fails_with_message_buffer_full() {
    let (server, socket, mut poll) = support::server(&tls(&TLS13), SCHEDULE);
    let error = naive(server, socket, &mut poll).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    assert_eq!(error.to_string(), "message buffer full");
}

#[test]
fn ours_processes_every_read() {
    let pair = support::run(RawPair::server(tls(&TLS13), Echo::default()), SCHEDULE);
    assert_eq!(pair.session.received(), REQUEST);
}
