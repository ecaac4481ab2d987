//! # Early data is accepted and never read
//!
//! **Symptom:** The server sets `max_early_data_size`, and clients resume with 0-RTT. Their first request is never
//! answered. At the client `is_early_data_accepted` returns `true`, so it does not send the request again.
//!
//! **Cause:** rustls keeps early data apart from other plaintext, because an attacker can replay it. `reader()`,
//! `wants_read` and `plaintext_bytes_to_read` do not show it. Only `ServerConnection::early_data` does (rustls,
//! `ServerConnection::early_data`, `server/server_conn.rs`).
//!
//! **Rule:** Leave `max_early_data_size` at 0. Or read `early_data()` after every `process_new_packets`, and execute only
//! requests that may be executed twice.
//!
//! **Ours:** `common/session/src/application.rs`, `Application::accepts_early_data`;
//! `common/session/src/session/calls.rs`, `Session::new`, which calls `reject_early_data` of rustls
//!
//! **Seen in:** rustls/rustls#2085, rustls/tokio-rustls#70

use std::io::{self, Read as _};

use rustls::ServerConnection;
use tls_session::simulation::network::Socket;
use tls_session::simulation::raw_pair::RawPair;
use tls_session::simulation::roles::Echo;

use super::support::{self, Poll, Step, with_ticket};

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
            let _ = tls.reader().read_to_end(&mut request);
        }
        while tls.wants_write() {
            tls.write_tls(&mut socket)?;
        }
    }
    Ok(request)
}

const REQUEST: &[u8] = b"GET /";
/// The server's configuration allows early data, and the client uses that.
const BEFORE: Step = |client| client.send_early(REQUEST);
/// The client sends its request again only if the server has rejected it.
const SCHEDULE: &[Step] = &[|client| {
    if !client.is_early_data_accepted() {
        client.send(REQUEST);
    }
}];

#[test]
fn the_naive_loop_accepts_the_request_and_never_sees_it() {
    let (server, socket, mut poll) = support::server(&with_ticket(1024).shared(), SCHEDULE);
    BEFORE(&mut poll.peer);
    let request = naive(server, socket, &mut poll).unwrap();
    assert!(poll.peer.is_early_data_accepted() && request.is_empty());
}

#[test]
fn ours_rejects_early_data_unless_the_application_reads_it() {
    let mut pair = RawPair::server(with_ticket(1024), Echo::default());
    BEFORE(&mut pair.raw);
    let mut pair = support::run(pair, SCHEDULE);
    assert!(!pair.raw.is_early_data_accepted(), "so the client sends its request again");
    assert_eq!(pair.session.received(), REQUEST);
}
