//! # A write fails with `Broken pipe`, and the client's last data is never read
//!
//! **Symptom:** A client sends its data and closes. The server receives only a part of the data, and reports `Broken
//! pipe` or `Connection reset by peer`. It began with TLS 1.3. If the client has sent an alert, the log shows the
//! broken pipe and not the alert.
//!
//! **Cause:** A TLS 1.3 server sends tickets right after the handshake. The client has gone, so this write fails. The
//! client's data is still in the server's socket, and the loop ends the session because of the write (rustls,
//! `ExpectFinished::emit_ticket`, `server/tls13.rs`).
//!
//! **Rule:** After a failed write, stop writing, and read until the socket is empty. Then end the session. This holds for
//! a client too: the server's last bytes may be there when its reset makes the client's write fail. If clients need not
//! resume, set `send_tls13_tickets` to 0.
//!
//! **Ours:** `common/session/src/phase.rs`, `Phase::WriteFailed`
//!
//! **Seen in:** openssl/openssl#10880, openssl/openssl#6904, openssl/openssl#7948, python-trio/trio#819

use std::io::{self, Read as _};

use rustls::ServerConnection;
use rustls::version::TLS13;
use tls_session::close_reason::CloseReason;
use tls_session::simulation::network::{FailedCall, Socket};
use tls_session::simulation::raw_pair::RawPair;
use tls_session::simulation::roles::Echo;

use super::support::{self, Poll, Step, tls};

/// A server that stores what it receives. It flushes after every call that may have queued something.
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
            while tls.wants_write() {
                tls.write_tls(&mut socket)?;
            }
        }
    }
    Ok(())
}

/// More than either loop reads at once.
static REQUEST: [u8; 100_000] = [b'x'; 100_000];
/// The client sends its request right behind Finished, and has gone when the server writes the tickets. The server's
/// first write is its flight of the handshake.
const BEFORE: Step = |client| {
    client.send(&REQUEST);
    client.socket.incoming().failing_write = Some(FailedCall { call: 1, kind: io::ErrorKind::BrokenPipe });
};

#[test]
fn the_naive_loop_loses_the_request() {
    let (server, socket, mut poll) = support::server(&tls(&TLS13), &[]);
    BEFORE(&mut poll.peer);
    let mut stored = Vec::new();
    let error = naive(server, socket, &mut poll, &mut stored).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
    assert!(stored.len() < REQUEST.len(), "{}", stored.len());
    assert!(poll.unread() > 0);
}

#[test]
fn ours_reads_what_the_client_has_sent() {
    let mut pair = RawPair::server(tls(&TLS13), Echo::default());
    BEFORE(&mut pair.raw);
    let pair = support::run(pair, &[]);
    assert!(pair.session.received() == REQUEST);
    assert!(matches!(pair.session.reason(), Some(CloseReason::Transport { .. })));
}
