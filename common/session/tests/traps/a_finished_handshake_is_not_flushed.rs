//! # `while tls.is_handshaking()` ends before Finished is sent
//!
//! **Symptom:** The client's handshake is done, and then nothing happens. The client waits for the server's greeting, and
//! the server waits for the client's Finished. If the client speaks first, it works: the write of the request also
//! writes Finished.
//!
//! **Cause:** `process_new_packets` receives the last message, queues the answer, and makes `is_handshaking` false.
//! The answer is still in rustls. It is Finished at a TLS 1.3 client, and the tickets at a TLS 1.3 server. At a TLS
//! 1.2 server it is ChangeCipherSpec and Finished (rustls, `CommonState::is_handshaking`, `common_state.rs`).
//!
//! **Rule:** Check `wants_write` after every `process_new_packets`, whatever `is_handshaking` returns.
//!
//! **Ours:** `common/session/src/session.rs`, `Session::flush`, the first step of every round of `turn`
//!
//! **Seen in:** rustls/rustls#77, rustls/rustls#250, rustls/rustls#734, rustls/rustls-ffi#427

use std::io::{self, Read as _};

use rustls::ClientConnection;
use rustls::version::TLS13;
use tls_session::simulation::network::Socket;
use tls_session::simulation::raw_pair::RawPair;
use tls_session::simulation::roles::Silent;

use super::support::{self, Poll, Step, tls};

/// A client that waits for a greeting.
fn naive(mut tls: ClientConnection, mut socket: Socket, poll: &mut Poll) -> io::Result<Vec<u8>> {
    let mut greeting = Vec::new();
    loop {
        // While the handshake lasts, there is something to send.
        while tls.is_handshaking() && tls.wants_write() {
            tls.write_tls(&mut socket)?;
        }
        if poll.wait().is_none() {
            return Ok(greeting); // nothing can happen any more
        }
        loop {
            match tls.read_tls(&mut socket) {
                Ok(0) => return Ok(greeting),
                Ok(_) => _ = tls.process_new_packets().map_err(io::Error::other)?,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
            let _ = tls.reader().read_to_end(&mut greeting);
        }
    }
}

const GREETING: &[u8] = b"220 ready\r\n";
const SCHEDULE: &[Step] = &[|server| server.send(GREETING)];

#[test]
fn the_naive_loop_hangs_with_finished_in_rustls() {
    let (client, socket, mut poll) = support::client(&tls(&TLS13), SCHEDULE);
    let greeting = naive(client, socket, &mut poll).unwrap();
    assert!(greeting.is_empty());
    assert!(poll.peer.tls.is_handshaking(), "the server waits for Finished");
}

#[test]
fn ours_flushes_after_the_handshake_too() {
    let pair = support::run(RawPair::client(tls(&TLS13), Silent), SCHEDULE);
    assert!(!pair.raw.tls.is_handshaking());
    assert_eq!(pair.session.seen.plaintext_in, GREETING);
}
