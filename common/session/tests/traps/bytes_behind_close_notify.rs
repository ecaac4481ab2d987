//! # Bytes after the peer's close_notify: our close resets the connection
//!
//! **Symptom:** The client receives the beginning of the answer, and then `Connection reset by peer`. The server's
//! log says that the session ended properly. It happens with clients that send something after close_notify.
//!
//! **Cause:** After close_notify `read_tls` returns `Ok(0)` and does not read the socket. So the bytes stay there
//! (rustls, `ConnectionCommon::read_tls`, `conn.rs`). A level-triggered source reports them again and again, and such
//! a loop uses 100 % CPU. If a socket with unread bytes is closed, Linux resets the connection. It drops all data
//! that it has not sent yet (RFC 1122, 4.2.2.13; `__tcp_close` in `net/ipv4/tcp.c`).
//!
//! **Rule:** A socket that may hold unread bytes must be drained before it is closed. Send the FIN. Then read and
//! discard until end-of-file, with a limit on bytes and time. Read the socket directly: rustls does not read it any
//! more. If the answer is still being written, a level-triggered source would spin until then. To stop that, read the
//! socket and drop the bytes, or do not watch it for readable.
//!
//! **Ours:** `common/session/src/session/advance.rs`, `may_receive_more`; `common/session/src/mio/draining.rs`,
//! `Draining`
//!
//! **Seen in:** benoitc/gunicorn#3590, netty/netty#6818, oferchen/rsync#5718

use std::io::{self, Read as _, Write as _};

use rustls::ServerConnection;
use rustls::version::TLS13;
use tls_session::simulation::network::Socket;
use tls_session::simulation::raw_pair::RawPair;
use tls_session::simulation::roles::Echo;

use super::support::{self, Poll, Step, tls};

/// An echo server, which ends after the client's close_notify.
fn naive(mut tls: ServerConnection, mut socket: Socket, poll: &mut Poll) -> io::Result<()> {
    let mut is_closed = false;
    while !is_closed && poll.wait().is_some() {
        while !is_closed {
            match tls.read_tls(&mut socket) {
                Ok(_) => is_closed = tls.process_new_packets().map_err(io::Error::other)?.peer_has_closed(),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
            let mut plaintext = Vec::new();
            let _ = tls.reader().read_to_end(&mut plaintext);
            tls.writer().write_all(&plaintext)?;
        }
        if is_closed {
            tls.send_close_notify();
        }
        while tls.wants_write() {
            tls.write_tls(&mut socket)?;
        }
    }
    Ok(()) // everything is written: the caller drops the socket
}

const REQUEST: &[u8] = b"a request";
/// The client does not stop at its own close_notify. rustls lets it.
const SCHEDULE: &[Step] = &[|client| {
    client.send(REQUEST);
    client.tls.send_close_notify();
    client.send(&[b'x'; 40_000]);
}];

#[test]
fn the_naive_loop_resets_the_connection_and_the_answer_is_lost() {
    let (server, socket, mut poll) = support::server(&tls(&TLS13), SCHEDULE);
    naive(server, socket, &mut poll).unwrap();
    assert!(poll.unread() > 0);
    poll.close();
    assert!(poll.peer.received.is_empty(), "the answer was on its way when the reset came");
    let error = poll.peer.socket.write(b"more").unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::BrokenPipe, "the client's read has returned the reset");
}

#[test]
fn ours_has_its_socket_drained() {
    let pair = support::run(RawPair::server(tls(&TLS13), Echo::default()), SCHEDULE);
    assert!(pair.session.is_clean() && pair.session.needs_draining());
    assert_eq!(pair.raw.received, REQUEST);
    assert!(pair.raw.closed);
}
