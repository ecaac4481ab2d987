//! # `Ok(0)` from `read_tls` counts as the end of the message: a truncation is not noticed
//!
//! **Symptom:** The program accepts a message that an attacker has cut off, and reports no error. The attacker only
//! has to send a FIN.
//!
//! **Cause:** `read_tls` returns `Ok(0)` at the end of the socket, and also after close_notify. TLS protects
//! close_notify, and does not protect the FIN. Only the reader distinguishes them: it returns `Ok(0)` after
//! close_notify, and `UnexpectedEof` after a FIN alone (rustls, `ConnectionCommon::read_tls` and
//! `Reader::check_no_bytes_state`, `conn.rs`).
//!
//! **Rule:** If the end of the connection is the end of a message, accept the message only after close_notify. Then
//! `reader().read` returns `Ok(0)`, and `IoState::peer_has_closed` is true. A protocol with its own lengths can
//! tolerate a missing close_notify between two messages.
//!
//! **Ours:** `common/session/src/rustls_facts.rs`, `peer_end`; `common/session/src/phase.rs`, `PeerEnd`
//!
//! **Seen in:** rustls/rustls#1188, rustls/ktls#74, rust-openssl/rust-openssl#1803

use std::io::{self, Read as _};

use rustls::ServerConnection;
use rustls::version::TLS13;
use tls_session::close_reason::CloseReason;
use tls_session::simulation::network::{Cut, Socket};
use tls_session::simulation::raw_pair::RawPair;
use tls_session::simulation::roles::Echo;

use super::support::{self, Poll, Step, tls};

/// A server that receives a command, which ends with the connection.
fn naive(mut tls: ServerConnection, mut socket: Socket, poll: &mut Poll) -> io::Result<Vec<u8>> {
    let mut command = Vec::new();
    while poll.wait().is_some() {
        loop {
            match tls.read_tls(&mut socket) {
                Ok(0) => return Ok(command), // the client has finished
                Ok(_) => _ = tls.process_new_packets().map_err(io::Error::other)?,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
            let _ = tls.reader().read_to_end(&mut command);
        }
        while tls.wants_write() {
            tls.write_tls(&mut socket)?;
        }
    }
    Err(io::ErrorKind::UnexpectedEof.into())
}

/// An attacker between the two cuts the connection after the first record, with a FIN.
const SCHEDULE: &[Step] = &[
    |client| client.send(b"delete all mail"),
    |client| {
        let sent = client.socket.sent().len();
        client.socket.outgoing().cut = Some((sent, Cut::Fin));
        client.send(b" that is older than a year");
        client.tls.send_close_notify();
    },
];

#[test]
fn the_naive_loop_accepts_half_of_the_command() {
    let (server, socket, mut poll) = support::server(&tls(&TLS13), SCHEDULE);
    assert_eq!(naive(server, socket, &mut poll).unwrap(), b"delete all mail");
}

#[test]
fn ours_calls_it_a_truncation() {
    let pair = support::run(RawPair::server(tls(&TLS13), Echo::default()), SCHEDULE);
    assert_eq!(pair.session.reason(), Some(&CloseReason::Truncated { established: true }));
    assert!(!pair.raw.closed, "no close_notify of ours certifies the answer");
}
