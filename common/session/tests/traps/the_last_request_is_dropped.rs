//! # `peer_has_closed` is checked before the plaintext: the last request is dropped
//!
//! **Symptom:** Sometimes the last message of a connection is lost. It happens to clients that send a message and
//! close at once, if both arrive together.
//!
//! **Cause:** One `process_new_packets` processes the data and the close_notify behind it. So `peer_has_closed` is true
//! while the data is still in the reader (rustls, `ConnectionCore::process_new_packets`, `conn.rs`).
//!
//! **Rule:** Read the plaintext first, and then check `peer_has_closed`. Or only read: the reader returns `Ok(0)`
//! after the last byte.
//!
//! **Ours:** `common/session/src/session.rs`, `Session::receive`; `common/session/src/rustls_facts.rs`, `peer_end`
//!
//! **Seen in:** elle-lisp/elle#745

use std::io::{self, Read as _, Write as _};

use rustls::ServerConnection;
use rustls::version::TLS13;
use tls_session::simulation::network::Socket;
use tls_session::simulation::raw_pair::RawPair;
use tls_session::simulation::roles::Echo;

use super::support::{self, Poll, Step, tls};

/// An echo server.
fn naive(mut tls: ServerConnection, mut socket: Socket, poll: &mut Poll) -> io::Result<()> {
    while poll.wait().is_some() {
        let mut is_closed = false;
        while !is_closed {
            match tls.read_tls(&mut socket) {
                Ok(_) => is_closed = tls.process_new_packets().map_err(io::Error::other)?.peer_has_closed(),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
            if is_closed {
                tls.send_close_notify();
            } else {
                let mut plaintext = Vec::new();
                let _ = tls.reader().read_to_end(&mut plaintext);
                tls.writer().write_all(&plaintext)?;
            }
        }
        while tls.wants_write() {
            tls.write_tls(&mut socket)?;
        }
        if is_closed {
            return Ok(());
        }
    }
    Ok(())
}

const SCHEDULE: &[Step] = &[|client| {
    client.send(b"the last request");
    client.tls.send_close_notify();
}];

#[test]
fn the_naive_loop_answers_nothing_and_closes_properly() {
    let (server, socket, mut poll) = support::server(&tls(&TLS13), SCHEDULE);
    naive(server, socket, &mut poll).unwrap();
    poll.close();
    assert!(poll.peer.received.is_empty());
    assert!(poll.peer.closed, "the server's close_notify says that this is the whole answer");
}

#[test]
fn ours_reads_the_plaintext_first() {
    let pair = support::run(RawPair::server(tls(&TLS13), Echo::default()), SCHEDULE);
    assert_eq!(pair.raw.received, b"the last request");
    assert!(pair.raw.closed && pair.session.is_clean());
}
