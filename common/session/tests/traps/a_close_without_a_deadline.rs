//! # A close waits for ever until the last bytes are written (CVE-2019-15541)
//!
//! **Symptom:** Connections that are being closed never go away. An attacker who does not read can use up all file
//! descriptors of the server. In the program of the CVE they also used all CPU.
//!
//! **Cause:** The server writes an alert or close_notify before it closes the socket. If the peer does not read, that
//! write never succeeds and no event comes. The handshake timeout and the idle timeout do not hold any more.
//!
//! **Rule:** Give every phase a deadline, closing too. When it has passed, close the socket and drop the rest.
//!
//! **Ours:** `common/session/src/session/advance.rs`, `start_close_deadline`; `common/session/src/deadline.rs`,
//! `Timeout::Close`
//!
//! **Seen in:** rustls/rustls#285

use std::io;

use rustls::ServerConnection;
use rustls::version::TLS13;
use tls_session::close_reason::CloseReason;
use tls_session::simulation::network::Socket;
use tls_session::simulation::raw_pair::RawPair;
use tls_session::simulation::roles::Echo;
use tls_session::simulation::seconds;

use super::support::{self, Poll, Step, damage_next_record, stop_reading, tls};

/// A server that sends the alert of an error before it closes. Returns whether it came to close the socket.
fn naive(mut tls: ServerConnection, mut socket: Socket, poll: &mut Poll) -> io::Result<bool> {
    let mut has_failed = false;
    while poll.wait().is_some() {
        while !has_failed {
            match tls.read_tls(&mut socket) {
                Ok(0) => return Ok(true),
                Ok(_) => has_failed = tls.process_new_packets().is_err(),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
        while tls.wants_write() {
            match tls.write_tls(&mut socket) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                other => _ = other?,
            }
        }
        if has_failed && !tls.wants_write() {
            return Ok(true); // the alert is sent
        }
    }
    Ok(false) // no event comes any more
}

/// The client causes an error, and does not read the alert.
const SCHEDULE: &[Step] = &[|client| {
    stop_reading(client);
    damage_next_record(client);
    client.send(b"damaged");
}];

#[test]
fn the_naive_loop_keeps_the_socket_for_ever() {
    let (server, socket, mut poll) = support::server(&tls(&TLS13), SCHEDULE);
    assert!(!naive(server, socket, &mut poll).unwrap());
}

#[test]
fn ours_closes_after_the_close_timeout() {
    let mut pair = support::run(RawPair::server(tls(&TLS13), Echo::default()), SCHEDULE);
    assert_eq!(pair.session.phase().name(), "Failing");
    pair.advance(seconds(5));
    assert_eq!(pair.session.reason(), Some(&CloseReason::Tls(rustls::Error::DecryptError)));
}
