//! # rustls closes a long TLS 1.2 session, and `writer().write` still returns `Ok`
//!
//! **Symptom:** A TLS 1.2 session ends in the middle of an answer, after 2^24 records. The server has counted the
//! whole answer as sent, and no call has returned an error. The client has received close_notify, so it takes the
//! part for the whole. The log of the server says "traffic keys exhausted, closing connection to prevent security
//! failure".
//!
//! **Cause:** The keys of a cipher suite can seal a limited number of records
//! (`CipherSuiteCommon::confidentiality_limit`). For AES-GCM these are 2^24. In TLS 1.3 rustls changes the keys in
//! time. In TLS 1.2 it queues close_notify, and drops the plaintext of this write and of all later writes. Each of
//! them returns its full length (rustls, `CommonState::send_appdata_encrypt` and `check_pre_encrypt_action`,
//! `common_state.rs`).
//!
//! **Rule:** Use TLS 1.3 for long sessions. In TLS 1.2 count the records: a write makes one for each 16,384 bytes,
//! and one for the rest. Before the limit stop writing, flush, and send a FIN without close_notify.
//!
//! **Ours:** `common/session/src/rustls_facts.rs`, `record_limit`; `common/session/src/application.rs`, `Outbox::send`;
//! `common/session/src/close_reason.rs`, `CloseReason::KeysUsedUp`
//!
//! **Seen in:** no public report is known

use std::io::{self, Read as _, Write as _};

use rustls::ServerConnection;
use rustls::version::TLS12;
use tls_session::close_reason::CloseReason;
use tls_session::simulation::Side;
use tls_session::simulation::cryptography::with_record_limit;
use tls_session::simulation::network::Socket;
use tls_session::simulation::raw_pair::RawPair;
use tls_session::simulation::roles::Echo;
use tls_session::simulation::tls::{Shared, Tls, server_config};

use super::support::{self, Poll, Step};

/// How many records the keys of the server can seal. Its Finished is the first of them.
const LIMIT: u64 = 5;

fn with_few_records() -> Shared {
    let server = server_config(with_record_limit(Side::Server, LIMIT), &[&TLS12], None);
    Tls { server, ..Tls::new(&TLS12) }.shared()
}

/// An echo. Returns how many bytes it has sent.
fn naive(mut tls: ServerConnection, mut socket: Socket, poll: &mut Poll) -> io::Result<usize> {
    let mut sent = 0;
    while poll.wait().is_some() {
        loop {
            match tls.read_tls(&mut socket) {
                Ok(0) => return Ok(sent),
                Ok(_) => _ = tls.process_new_packets().map_err(io::Error::other)?,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
            let mut message = Vec::new();
            let _ = tls.reader().read_to_end(&mut message);
            tls.writer().write_all(&message)?;
            sent += message.len();
        }
        while tls.wants_write() {
            tls.write_tls(&mut socket)?;
        }
    }
    Ok(sent)
}

const SCHEDULE: &[Step] = &[
    |client| client.send(b"1"),
    |client| client.send(b"2"),
    |client| client.send(b"3"),
    |client| client.send(b"4"),
    |client| client.send(b"5"),
    |client| client.send(b"6"),
];

#[test]
fn the_naive_loop_has_sent_everything_and_the_client_has_a_part_and_close_notify() {
    let (server, socket, mut poll) = support::server(&with_few_records(), SCHEDULE);
    let sent = naive(server, socket, &mut poll).unwrap();
    assert_eq!((sent, poll.peer.received.as_slice()), (6, b"1234".as_slice()));
    assert!(poll.peer.closed, "the end is proper");
}

#[test]
fn ours_ends_without_close_notify_and_says_why() {
    let pair = support::run(RawPair::server(with_few_records(), Echo::default()), SCHEDULE);
    assert_eq!(pair.session.reason(), Some(&CloseReason::KeysUsedUp { limit: LIMIT }));
    assert_eq!(pair.raw.received, b"123");
    assert!(!pair.raw.closed, "close_notify after a part of the answer");
}
