//! # `process_new_packets()?`: the plaintext before the error is lost
//!
//! **Symptom:** A connection ends with an error, and the last messages before the error are missing. The peer sent them
//! properly and they arrived. The number of lost messages depends on how much arrived at once.
//!
//! **Cause:** `process_new_packets` processes all records that have arrived. If one of them is bad, it returns the error.
//! The plaintext of the records before it is in the reader, and can still be read (rustls,
//! `ConnectionCore::process_new_packets`, `conn.rs`).
//!
//! **Rule:** After an error, read the plaintext until the reader returns `WouldBlock`. Then send the alert and close.
//! Do the same if the error is the peer's alert.
//!
//! **Ours:** `common/session/src/session.rs`, `Session::receive`
//!
//! **Seen in:** oven-sh/bun#33294

use std::io::{self, Read as _};

use rustls::ServerConnection;
use rustls::version::TLS13;
use tls_session::close_reason::CloseReason;
use tls_session::simulation::network::Socket;
use tls_session::simulation::raw_pair::RawPair;
use tls_session::simulation::roles::Echo;

use super::support::{self, Poll, Step, damage_next_record, hold, release, tls};

/// A server that stores what it receives.
fn naive(
    mut tls: ServerConnection,
    mut socket: Socket,
    poll: &mut Poll,
    stored: &mut Vec<u8>,
) -> io::Result<()> {
    while poll.wait().is_some() {
        loop {
            match tls.read_tls(&mut socket) {
                Ok(0) => return Ok(()),
                Ok(_) => _ = tls.process_new_packets().map_err(io::Error::other)?,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
            let _ = tls.reader().read_to_end(stored);
        }
        while tls.wants_write() {
            tls.write_tls(&mut socket)?;
        }
    }
    Ok(())
}

/// A good record and a damaged one arrive together.
const SCHEDULE: &[Step] = &[
    |client| {
        hold(client);
        client.send(b"a good record");
    },
    |client| {
        damage_next_record(client);
        client.send(b"a damaged record");
    },
    release,
];

#[test]
fn the_naive_loop_loses_the_good_record() {
    let (server, socket, mut poll) = support::server(&tls(&TLS13), SCHEDULE);
    let mut stored = Vec::new();
    naive(server, socket, &mut poll, &mut stored).unwrap_err();
    assert!(stored.is_empty());
}

#[test]
fn ours_delivers_the_good_record_first() {
    let pair = support::run(RawPair::server(tls(&TLS13), Echo::default()), SCHEDULE);
    assert_eq!(pair.session.received(), b"a good record");
    assert_eq!(pair.session.reason(), Some(&CloseReason::Tls(rustls::Error::DecryptError)));
}
