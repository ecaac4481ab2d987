//! # A short write of ciphertext: the peer reports `bad_record_mac`
//!
//! **Symptom:** The peer ends the session with `received fatal alert: BadRecordMac` or `cannot decrypt peer's message`, after large
//! answers, on slow networks, or only with some clients. The data looks corrupted, and the cryptography is suspected.
//!
//! **Cause:** `write_tls` was given a `Vec`, and the `Vec` was written to the socket by one `write`. The kernel took a part, and the
//! rest was dropped. rustls counts those bytes as sent. The peer finds the next record in the wrong place, or with the
//! wrong sequence number.
//!
//! **Rule:** Give the socket itself to `write_tls`: what it does not take stays in rustls. If the ciphertext has to be in a buffer of
//! your own, remove from it only what `write` reports as written.
//!
//! **Ours:** `common/session/src/session.rs`, `Session::flush`; `common/session/src/session/tap.rs`, `Tap`
//!
//! **Seen in:** rustls/rustls#1762, rustls/rustls#1710

use std::io::{self, Read as _, Write as _};

use rustls::version::TLS13;
use rustls::{Error, ServerConnection};
use tls_session::simulation::network::Socket;
use tls_session::simulation::raw_pair::RawPair;
use tls_session::simulation::roles::Echo;

use super::support::{self, Poll, Step, tls};

/// An echo server that collects its ciphertext, to write it with one system call.
fn naive(mut tls: ServerConnection, mut socket: Socket, poll: &mut Poll) -> io::Result<()> {
    let mut ciphertext = Vec::new();
    while poll.wait().is_some() {
        loop {
            match tls.read_tls(&mut socket) {
                Ok(0) => return Ok(()),
                Ok(_) => _ = tls.process_new_packets().map_err(io::Error::other)?,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
            let mut plaintext = Vec::new();
            let _ = tls.reader().read_to_end(&mut plaintext);
            tls.writer().write_all(&plaintext)?;
        }
        while tls.wants_write() {
            tls.write_tls(&mut ciphertext)?;
        }
        if !ciphertext.is_empty() {
            let _written = socket.write(&ciphertext)?;
            ciphertext.clear();
        }
    }
    Ok(())
}

/// Two messages. The kernel takes 4096 bytes with each write.
const SCHEDULE: &[Step] = &[
    |client| {
        client.socket.incoming().chunk = 4096;
        client.send(&[b'x'; 8000]);
    },
    |client| client.send(&[b'y'; 8000]),
];

#[test]
fn the_naive_loop_sends_what_nobody_can_decrypt() {
    let (server, socket, mut poll) = support::server(&tls(&TLS13), SCHEDULE);
    let _ = naive(server, socket, &mut poll); // at last the client's alert comes
    assert_eq!(poll.peer.error, Some(Error::DecryptError));
    assert!(poll.peer.received.is_empty());
}

#[test]
fn ours_leaves_the_rest_in_rustls() {
    let pair = support::run(RawPair::server(tls(&TLS13), Echo::default()), SCHEDULE);
    assert_eq!(pair.raw.error, None);
    assert_eq!(pair.raw.received, [[b'x'; 8000], [b'y'; 8000]].concat());
}
