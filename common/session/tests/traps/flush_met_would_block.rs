//! # A flush returns `WouldBlock`, and the loop does not wait for writable
//!
//! **Symptom:** A large answer stops in the middle. It continues when the client sends something, for example a
//! heartbeat. Small answers work. On a fast network everything works.
//!
//! **Cause:** The kernel takes as much as fits, and then `write_tls` returns `WouldBlock`. The rest stays in rustls. The
//! loop watches the socket for readable only, so no event reports that there is room again.
//!
//! **Rule:** Compute the interest after every step: writable as long as `wants_write` is true. Flush at every writable
//! event.
//!
//! **Ours:** `common/session/src/session/wants.rs`, `Session::wants`; `common/session/src/mio/registered.rs`,
//! `Registered::turn`
//!
//! **Seen in:** rustls/rustls#359, sozu-proxy/sozu#436, denoland/rustls-tokio-stream#32

use std::cell::Cell;
use std::io::{self, Read as _, Write as _};

use rustls::ServerConnection;
use rustls::version::TLS13;
use tls_session::readiness::Interest;
use tls_session::simulation::network::Socket;
use tls_session::simulation::raw_pair::RawPair;
use tls_session::simulation::roles::Echo;

use super::support::{self, Poll, Step, tls};

/// An echo server.
fn naive(mut tls: ServerConnection, mut socket: Socket, poll: &mut Poll) -> io::Result<()> {
    poll.watch(Interest::READABLE);
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
            match tls.write_tls(&mut socket) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break, // later
                other => _ = other?,
            }
        }
    }
    Ok(())
}

thread_local! {
    /// How many bytes the client had read before its request.
    static BEFORE: Cell<usize> = const { Cell::new(0) };
}

/// The kernel between the two has room for 2000 bytes.
const SCHEDULE: &[Step] = &[|client| {
    BEFORE.set(client.socket.taken());
    client.socket.incoming().capacity = 2000;
    client.send(&[b'x'; 10_000]);
}];

#[test]
fn the_naive_loop_hangs_with_the_rest_of_the_answer_in_rustls() {
    let (server, socket, mut poll) = support::server(&tls(&TLS13), SCHEDULE);
    naive(server, socket, &mut poll).unwrap();
    let before = BEFORE.get();
    assert!(before > 0, "the handshake is done");
    assert!(poll.peer.socket.taken() > before, "the beginning of the answer has come");
    assert!(poll.peer.received.is_empty(), "a part of a record is no plaintext");
}

#[test]
fn ours_waits_for_room() {
    let pair = support::run(RawPair::server(tls(&TLS13), Echo::default()), SCHEDULE);
    assert_eq!(pair.raw.received, [b'x'; 10_000]);
}
