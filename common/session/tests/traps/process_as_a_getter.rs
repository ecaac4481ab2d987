//! # `process_new_packets` is called as a getter: rejected early data breaks a good handshake
//!
//! **Symptom:** A client sends early data (0-RTT), and the server rejects it. Sometimes the client then receives the
//! alert `bad_record_mac`. It happens if the server's flight does not fit into the socket. Without early data nothing
//! fails.
//!
//! **Cause:** Only `process_new_packets` returns `tls_bytes_to_write`, so a loop calls it to ask for the pending
//! output. But each call processes. Until the client's Finished arrives, rustls 0.23.46 keeps a rejected record in
//! its buffer. Each call tries to open the record, and counts its length again. After 16 KB the record is an error
//! (rustls, `ConnectionCore::process_more_input`, the arm `Ok(None) => continue`, `conn.rs`).
//!
//! **Rule:** During the handshake, call `process_new_packets` only after a `read_tls` that has brought bytes. Keep
//! the last `IoState`, and subtract the bytes that you write. This makes the failure rarer. It cannot prevent it,
//! because the calls after such a `read_tls` count the record again too.
//!
//! **Ours:** `common/session/src/rustls_facts.rs`, `bytes_to_write`; `common/session/src/pending_output.rs`,
//! `PendingOutput`
//!
//! **Seen in:** no public report is known

use std::io::{self, Read as _};

use rustls::ServerConnection;
use tls_session::simulation::network::Socket;
use tls_session::simulation::raw_pair::RawPair;
use tls_session::simulation::roles::Echo;
use tls_session::simulation::tls::Shared;

use super::support::{self, Poll, Step, with_ticket};

/// A server that reads only while little output is pending.
fn naive(mut tls: ServerConnection, mut socket: Socket, poll: &mut Poll) -> io::Result<Vec<u8>> {
    let mut request = Vec::new();
    while poll.wait().is_some() {
        while tls.process_new_packets().map_err(io::Error::other)?.tls_bytes_to_write() < 64 * 1024 {
            match tls.read_tls(&mut socket) {
                Ok(0) => return Ok(request),
                Ok(_) => _ = tls.process_new_packets().map_err(io::Error::other)?,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
            let _ = tls.reader().read_to_end(&mut request);
        }
        while tls.wants_write() {
            match tls.write_tls(&mut socket) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                other => _ = other?,
            }
        }
    }
    Ok(request)
}

/// The client has a ticket that allows early data, but this server rejects it.
fn rejecting() -> Shared {
    let mut tls = with_ticket(16_384);
    tls.server.max_early_data_size = 0;
    tls.shared()
}

/// The client sends 5000 bytes of early data. There is little room for the server's flight.
const BEFORE: Step = |client| {
    client.send_early(&[b'x'; 5000]);
    client.socket.incoming().capacity = 100;
};
const SCHEDULE: &[Step] = &[|client| client.send(b"the same once more")];

#[test]
fn the_naive_loop_cannot_decrypt_a_good_handshake() {
    let (server, socket, mut poll) = support::server(&rejecting(), SCHEDULE);
    BEFORE(&mut poll.peer);
    let error = naive(server, socket, &mut poll).unwrap_err();
    assert_eq!(error.to_string(), "cannot decrypt peer's message");
}

#[test]
fn ours_keeps_the_last_answer() {
    let mut pair = RawPair::server(rejecting(), Echo::default());
    BEFORE(&mut pair.raw);
    let pair = support::run(pair, SCHEDULE);
    assert_eq!(pair.raw.error, None);
    assert_eq!(pair.raw.received, b"the same once more");
}
