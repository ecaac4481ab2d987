//! # `set_buffer_limit(None)`: memory grows with every byte that a client does not read
//!
//! **Symptom:** The memory of the server grows, and no leak detector finds a leak. A client that sends and does not read
//! costs as much memory as it has sent. An upload over a slow network costs the size of the file.
//!
//! **Cause:** Without the limit the writer takes everything. rustls keeps the ciphertext until the socket takes it
//! (rustls, `ChunkVecBuffer::apply_limit`, `vecbuf.rs`). A queue of your own in front of the writer grows in the same
//! way.
//!
//! **Rule:** Bound the pending output. A program that answers does not read from this peer while more than that is
//! pending: TCP slows the peer down. A program that only sends takes from its source only while less is pending. Set
//! a deadline for a peer that never reads.
//!
//! **Ours:** `common/session/src/application.rs`, `HIGH_WATER_MARK` and `Application::reads_on`;
//! `common/session/src/session.rs`, `Session::measure_output`
//!
//! **Seen in:** rustls/rustls#712, rustls/rustls#713, rustls/rustls#35

use std::io::{self, Read as _, Write as _};

use rustls::ServerConnection;
use rustls::version::TLS13;
use tls_session::simulation::network::Socket;
use tls_session::simulation::raw_pair::RawPair;
use tls_session::simulation::roles::Echo;

use super::support::{self, Poll, Step, stop_reading, tls};

/// An echo server. Returns how much output is pending at last.
fn naive(mut tls: ServerConnection, mut socket: Socket, poll: &mut Poll) -> io::Result<usize> {
    tls.set_buffer_limit(None);
    while poll.wait().is_some() {
        loop {
            match tls.read_tls(&mut socket) {
                Ok(0) => return Ok(0),
                Ok(_) => _ = tls.process_new_packets().map_err(io::Error::other)?,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
            let mut plaintext = Vec::new();
            let _ = tls.reader().read_to_end(&mut plaintext);
            tls.writer().write_all(&plaintext)?;
        }
        while tls.wants_write() {
            match tls.write_tls(&mut socket) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                other => _ = other?,
            }
        }
    }
    Ok(tls.process_new_packets().map_err(io::Error::other)?.tls_bytes_to_write())
}

const SENT: usize = 4 << 20;
/// The client sends four megabytes, and reads nothing after the handshake.
const SCHEDULE: &[Step] = &[|client| {
    stop_reading(client);
    client.send(&vec![b'x'; SENT]);
}];

#[test]
fn the_naive_loop_holds_everything_that_the_client_has_sent() {
    let (server, socket, mut poll) = support::server(&tls(&TLS13), SCHEDULE);
    let pending = naive(server, socket, &mut poll).unwrap();
    assert!(pending > SENT, "{pending}");
}

#[test]
fn ours_holds_a_mark_and_one_read() {
    let pair = support::run(RawPair::server(tls(&TLS13), Echo::default()), SCHEDULE);
    let pending = pair.session.seen.peak_pending;
    assert!(pending < 160 * 1024, "{pending}");
    let unread = SENT - pair.session.socket.taken();
    assert!(unread > SENT / 2, "the rest waits in the client's kernel: {unread}");
}
