//! # The plaintext is read too late: "received plaintext buffer full"
//!
//! **Symptom:** `read_tls` returns an error of the kind `Other` with the text `received plaintext buffer full`. A
//! loop that ignores this error never ends. Requests of up to 16 KB work.
//!
//! **Cause:** rustls keeps decrypted plaintext until the application reads it. While it holds more than 16,384 bytes
//! of it, `read_tls` does not touch the socket and returns this error. The connection is healthy. rustls has no
//! setter for the limit (rustls, `ConnectionCommon::read_tls`, `conn.rs`, since 0.20.8).
//!
//! **Rule:** Read all plaintext after every `process_new_packets`, before the next `read_tls`.
//!
//! **Ours:** `common/session/src/session.rs`, `Session::deliver`
//!
//! **Seen in:** rustls/rustls#1165, curl/curl#10876, sozu-proxy/sozu#1008, Abso1ut3Zer0/nexus#205

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
        loop {
            match tls.read_tls(&mut socket) {
                Ok(0) => return Ok(request),
                Ok(_) => _ = tls.process_new_packets().map_err(io::Error::other)?,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
        let _ = tls.reader().read_to_end(&mut request); // once for each event
        while tls.wants_write() {
            tls.write_tls(&mut socket)?;
        }
    }
    Ok(request)
}

/// Several records.
static REQUEST: [u8; 60_000] = [b'x'; 60_000];
const SCHEDULE: &[Step] = &[|client| client.send(&REQUEST)];

#[test]
fn the_naive_loop_fails_with_received_plaintext_buffer_full() {
    let (server, socket, mut poll) = support::server(&tls(&TLS13), SCHEDULE);
    let error = naive(server, socket, &mut poll).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::Other);
    assert_eq!(error.to_string(), "received plaintext buffer full");
}

#[test]
fn ours_reads_the_plaintext_of_every_call() {
    let pair = support::run(RawPair::server(tls(&TLS13), Echo::default()), SCHEDULE);
    assert_eq!(pair.session.received(), REQUEST);
}
