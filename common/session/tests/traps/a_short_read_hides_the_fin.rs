//! # After a short read the socket counts as empty, and the FIN behind the bytes is never read
//!
//! **Symptom:** Connections stay in `CLOSE_WAIT`, and their number grows. The peer has sent its last bytes and its
//! FIN, the server has read the bytes, and `poll` never reports the connection again. It happens only if the bytes
//! and the FIN arrive together, so it is rare on a slow network and frequent on loopback.
//!
//! **Cause:** epoll(7), question 9, allows the shortcut: a read that returns less than the buffer holds has emptied
//! the socket, so the read that would return `EAGAIN` can be saved. That is true for bytes. Bytes and a FIN that
//! arrive together make one edge (`EPOLLIN | EPOLLRDHUP`), the FIN comes after the bytes in the stream, and no second
//! edge follows.
//!
//! **Rule:** Use the shortcut only while no event has reported `is_read_closed`. After such an event, read until the
//! read returns 0 or an error. A level-triggered source may report early and late, so only `WouldBlock` counts there.
//!
//! **Ours:** `common/session/src/readiness.rs`, `Readiness::read_short`; `common/session/src/transport.rs`,
//! `EDGE_TRIGGERED`
//!
//! **Seen in:** dotnet/runtime#38747, netty/netty#6199

use std::io::{self, Read as _};

use rustls::ServerConnection;
use rustls::version::TLS13;
use tls_session::close_reason::CloseReason;
use tls_session::simulation::network::Socket;
use tls_session::simulation::raw_pair::RawPair;
use tls_session::simulation::roles::Echo;

use super::support::{self, Poll, Step, tls};

/// A server that collects an upload. `None`: the connection is still open, and nothing can happen any more.
fn naive(mut tls: ServerConnection, mut socket: Socket, poll: &mut Poll) -> io::Result<Option<Vec<u8>>> {
    let (mut upload, mut buffer) = (Vec::new(), [0; 16 * 1024]);
    while poll.wait().is_some() {
        loop {
            let length = match socket.read(&mut buffer) {
                Ok(0) => return Ok(Some(upload)),
                Ok(length) => length,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            };
            let mut bytes = &buffer[..length];
            while !bytes.is_empty() {
                tls.read_tls(&mut bytes)?;
                tls.process_new_packets().map_err(io::Error::other)?;
                let _ = tls.reader().read_to_end(&mut upload); // all that there is, then WouldBlock
            }
            if length < buffer.len() {
                break; // the socket is empty: save the read that would block
            }
        }
        while tls.wants_write() {
            tls.write_tls(&mut socket)?;
        }
    }
    Ok(None)
}

/// The client sends its last bytes and dies. Its kernel sends the FIN.
const SCHEDULE: &[Step] = &[|client| {
    client.send(b"last words");
    client.write();
    client.send_fin();
}];

#[test]
fn the_naive_loop_never_reads_the_fin() {
    let (server, socket, mut poll) = support::server(&tls(&TLS13), SCHEDULE);
    assert_eq!(naive(server, socket.clone(), &mut poll).unwrap(), None, "the connection stays open");
    assert_eq!(poll.unread(), 0, "all bytes are read");
    assert_eq!(socket.clone().read(&mut [0; 16]).unwrap(), 0, "the FIN is there");
}

#[test]
fn ours_reads_on_until_the_fin() {
    let pair = support::run(RawPair::server(tls(&TLS13), Echo::default()), SCHEDULE);
    assert_eq!(pair.session.received(), b"last words");
    assert_eq!(pair.session.reason(), Some(&CloseReason::Truncated { established: true }));
}
