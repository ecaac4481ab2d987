//! # `writer().write_all(…).unwrap()`: one client that does not read ends the server
//!
//! **Symptom:** The server panics at `tls.writer().write_all(…)` with `failed to write whole buffer` (`WriteZero`). With
//! `write` instead of `write_all`, answers lose their end.
//!
//! **Cause:** rustls holds up to 64 KB of pending output. Then the writer takes a part of the plaintext, and at last
//! it returns `Ok(0)`. `write_all` makes an error of that. A peer that sends and does not read can cause this at any
//! time (rustls, `ConnectionCommon::set_buffer_limit`, `conn.rs`). The example `tlsserver-mio` of rustls contains
//! this `unwrap`.
//!
//! **Rule:** Keep the plaintext that the writer does not take. Or remove the limit, and stop reading from a peer
//! while too much output is pending.
//!
//! **Ours:** `common/session/src/application.rs`, `Outbox::send` and `HIGH_WATER_MARK`
//!
//! **Seen in:** sozu-proxy/sozu#1133, quininer/tokio-rustls#9, rustls/rustls#1710

use std::io::{self, Read as _, Write as _};

use rustls::ServerConnection;
use rustls::version::TLS13;
use tls_session::simulation::network::Socket;
use tls_session::simulation::raw_pair::RawPair;
use tls_session::simulation::roles::Echo;

use super::support::{self, Poll, Step, stop_reading, tls};

/// An echo server. It writes as much as the kernel takes, and waits for room.
fn naive(mut tls: ServerConnection, mut socket: Socket, poll: &mut Poll) -> io::Result<()> {
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
            tls.writer().write_all(&plaintext).unwrap(); // it goes to memory, so it cannot fail
        }
        while tls.wants_write() {
            match tls.write_tls(&mut socket) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                other => _ = other?,
            }
        }
    }
    Ok(())
}

/// The client reads nothing after the handshake.
const SCHEDULE: &[Step] = &[|client| {
    stop_reading(client);
    client.send(&[b'x'; 200_000]);
}];

#[test]
#[should_panic(expected = "failed to write whole buffer")]
fn the_naive_loop_panics() {
    let (server, socket, mut poll) = support::server(&tls(&TLS13), SCHEDULE);
    let _ = naive(server, socket, &mut poll);
}

#[test]
fn ours_stops_reading_and_goes_on_when_the_peer_reads() {
    let mut pair = support::run(RawPair::server(tls(&TLS13), Echo::default()), SCHEDULE);
    assert_eq!(pair.session.reason(), None);
    pair.raw.socket.incoming().capacity = usize::MAX;
    pair.settle();
    assert_eq!(pair.raw.received, [b'x'; 200_000]);
}
