//! # `read_tls(&mut &buffer[..n])` takes a part of the buffer, and the rest is lost
//!
//! **Symptom:** The handshake stalls until a timeout. Or `process_new_packets` returns `cannot decrypt peer's
//! message` (`DecryptError`), and the peer receives the alert `bad_record_mac`. It happens when much data arrives at
//! once. Tests with small messages pass.
//!
//! **Cause:** The loop reads the socket into its own buffer, and passes that to `read_tls`. `read_tls` may take less: it
//! takes at most 4,096 bytes if rustls holds no ciphertext. The next read of the socket overwrites the rest (rustls,
//! `DeframerVecBuffer::prepare_read`, `msgs/deframer/buffers.rs`).
//!
//! **Rule:** Use the number that `read_tls` returns. Call `read_tls` and `process_new_packets` in turn until the
//! buffer is used up.
//!
//! **Ours:** `common/session/src/session.rs`, `Session::receive`
//!
//! **Seen in:** Abso1ut3Zer0/nexus#200

use std::io::{self, Read as _};

use rustls::ServerConnection;
use rustls::version::TLS13;
use tls_session::simulation::network::Socket;
use tls_session::simulation::raw_pair::RawPair;
use tls_session::simulation::roles::Echo;

use super::support::{self, Poll, Step, tls};

/// A server that collects a request. It reads with a large buffer, to save system calls.
fn naive(mut tls: ServerConnection, mut socket: Socket, poll: &mut Poll) -> io::Result<Vec<u8>> {
    let (mut request, mut buffer) = (Vec::new(), vec![0; 64 * 1024]);
    while poll.wait().is_some() {
        loop {
            match socket.read(&mut buffer) {
                Ok(0) => return Ok(request),
                Ok(received) => {
                    tls.read_tls(&mut &buffer[..received])?;
                    tls.process_new_packets().map_err(io::Error::other)?;
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
            let _ = tls.reader().read_to_end(&mut request);
        }
        while tls.wants_write() {
            tls.write_tls(&mut socket)?;
        }
    }
    Ok(request)
}

/// Two messages, each of them in one record.
const SCHEDULE: &[Step] = &[|client| client.send(&[b'x'; 8000]), |client| client.send(&[b'y'; 8000])];

#[test]
fn the_naive_loop_loses_bytes_and_cannot_decrypt_the_rest() {
    let (server, socket, mut poll) = support::server(&tls(&TLS13), SCHEDULE);
    let error = naive(server, socket, &mut poll).unwrap_err();
    assert_eq!(error.to_string(), "cannot decrypt peer's message");
}

#[test]
fn ours_uses_up_what_it_has_read() {
    let pair = support::run(RawPair::server(tls(&TLS13), Echo::default()), SCHEDULE);
    assert_eq!(pair.session.received(), [[b'x'; 8000], [b'y'; 8000]].concat());
}
