//! # `complete_io` until `WouldBlock`: the loop uses 100 % CPU after the peer has closed
//!
//! **Symptom:** A server calls `complete_io` or uses `Stream` in its event loop. When a client has closed, the server
//! uses a whole core. If it calls `complete_io` only once for each event, large requests hang instead.
//!
//! **Cause:** `complete_io` reads once, so an edge-triggered loop has to call it again. It returns `WouldBlock` only
//! if it has tried the socket and the socket is empty. At end-of-file, after close_notify, and while plaintext is
//! unread, each call returns `Ok((0, 0))` (rustls, `ConnectionCommon::complete_io`, `conn.rs`).
//!
//! **Rule:** Use `complete_io` with blocking sockets only. In an event loop, call `read_tls`, `process_new_packets`,
//! `reader`, `writer` and `write_tls`.
//!
//! **Ours:** `common/session/src/session.rs`, `Session::turn`
//!
//! **Seen in:** rustls/rustls#1283, rustls/rustls#2586, rustls/rustls#548

use std::io::{self, Read as _};

use rustls::ServerConnection;
use rustls::version::TLS13;
use tls_session::simulation::network::Socket;
use tls_session::simulation::raw_pair::RawPair;
use tls_session::simulation::roles::Echo;

use super::support::{self, Finite, Poll, Step, tls};

/// A server that collects a request.
fn naive(mut tls: Finite<ServerConnection>, mut socket: Socket, poll: &mut Poll) -> io::Result<Vec<u8>> {
    let mut request = Vec::new();
    while poll.wait().is_some() {
        loop {
            match tls.complete_io(&mut socket) {
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
            let _ = tls.reader().read_to_end(&mut request);
        }
    }
    Ok(request)
}

const SCHEDULE: &[Step] = &[|client| client.send(&[b'x'; 10_000]), |client| client.tls.send_close_notify()];

#[test]
#[should_panic(expected = "the loop turns in circles")]
fn the_naive_loop_spins_after_close_notify() {
    let (server, socket, mut poll) = support::server(&tls(&TLS13), SCHEDULE);
    let _ = naive(Finite::new(server), socket, &mut poll);
}

#[test]
fn ours_ends_at_close_notify() {
    let pair = support::run(RawPair::server(tls(&TLS13), Echo::default()), SCHEDULE);
    assert_eq!(pair.session.received(), [b'x'; 10_000]);
    assert!(pair.session.is_clean());
}
