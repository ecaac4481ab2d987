//! # A turn has a limit in bytes only: a flood of tiny records slows all other sessions
//!
//! **Symptom:** One client sends records of one byte, or updates its keys before each record. The 99th percentile of all
//! other sessions rises thirtyfold. The client sends few bytes, so a limit in bytes does not stop it.
//!
//! **Cause:** A record costs work, however short it is. A read of 32 KiB can hold 1,400 records of one byte, or 650
//! KeyUpdates with such a record after each. `process_new_packets` processes all of them (rustls,
//! `ConnectionCore::process_new_packets`, `conn.rs`).
//!
//! **Rule:** Limit the records of a turn too. Count the headers before you pass bytes to rustls, and keep the rest. Read
//! nothing more until the rest is used up. Return to the session without an event.
//!
//! **Ours:** `common/session/src/framing.rs`, `Framing::fit`; `common/session/src/context.rs`, `MAX_RECORDS`;
//! `common/session/src/session.rs`, `Session::receive`
//!
//! **Seen in:** sociomantic-tsunami/swarm#99, openssl/openssl#32501

use std::io::{self, Read as _, Write as _};

use rustls::ServerConnection;
use rustls::version::TLS13;
use tls_session::simulation::network::Socket;
use tls_session::simulation::raw_pair::RawPair;
use tls_session::simulation::roles::Echo;

use super::support::{self, Poll, Step, tls};

/// A session gets so many bytes. Then the others have their turns.
const SHARE: usize = 32 * 1024;

/// An echo server with one session of many. Returns the largest number of messages that one turn answered.
fn naive(mut tls: ServerConnection, mut socket: Socket, poll: &mut Poll) -> io::Result<usize> {
    let (mut buffer, mut most, mut is_runnable) = (vec![0; SHARE], 0, false);
    while is_runnable || poll.wait().is_some() {
        // One turn.
        let (received, mut answered) = match socket.read(&mut buffer) {
            Ok(received) => (received, 0),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => (0, 0),
            Err(error) => return Err(error),
        };
        is_runnable = received == SHARE; // come back when the others have had their share
        let mut left = &buffer[..received];
        while !left.is_empty() {
            tls.read_tls(&mut left)?;
            tls.process_new_packets().map_err(io::Error::other)?;
            let mut message = [0; 16 * 1024];
            while let Ok(length @ 1..) = tls.reader().read(&mut message) {
                tls.writer().write_all(&message[..length])?;
                answered += length; // each message has one byte
            }
            while tls.wants_write() {
                tls.write_tls(&mut socket)?;
            }
        }
        most = most.max(answered);
    }
    Ok(most)
}

const SCHEDULE: &[Step] = &[|client| (0..1400).for_each(|_| client.send(b"x"))];

#[test]
fn the_naive_loop_answers_a_thousand_messages_in_a_turn() {
    let (server, socket, mut poll) = support::server(&tls(&TLS13), SCHEDULE);
    let most = naive(server, socket, &mut poll).unwrap();
    assert!(most > 1000, "{most}");
}

#[test]
fn ours_answers_64_records_in_a_turn() {
    let mut pair = RawPair::server(tls(&TLS13), Echo::default()).established();
    SCHEDULE[0](&mut pair.raw);
    pair.raw.write();
    pair.session.round(pair.now);
    assert_eq!(pair.session.received().len(), 64);
    assert!(pair.session.is_runnable());
    pair.settle();
    assert_eq!(pair.raw.received.len(), 1400);
}
