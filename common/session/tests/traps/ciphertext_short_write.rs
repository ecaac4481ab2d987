//! # A short write of ciphertext: the peer reports `bad_record_mac`
//!
//! **Symptom:** The peer ends the session with `cannot decrypt peer's message`, and sends the alert `bad_record_mac`. It
//! happens after large answers, on slow networks, or with some clients only. It looks like a fault of the cryptography.
//!
//! **Cause:** `write_tls` wrote into a `Vec`, and one `write` passed the `Vec` to the socket. The kernel took a part,
//! and the loop dropped the rest. rustls counts those bytes as sent. So the peer looks for the next record in the
//! wrong place.
//!
//! **Rule:** Pass the socket itself to `write_tls`. rustls keeps what the socket does not take. If you need your own
//! buffer of ciphertext, remove only the bytes that `write` has taken.
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
