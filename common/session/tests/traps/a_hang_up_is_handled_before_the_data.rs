//! # `is_read_closed` closes the connection, and the last message is lost
//!
//! **Symptom:** The last message before the peer's close is lost, now and then. The log says that the peer has hung
//! up. With a debugger or over a slow network the message arrives. Senders that write and close at once lose the
//! most.
//!
//! **Cause:** `is_read_closed` (`EPOLLRDHUP`, `EV_EOF`) says that the peer's FIN *has arrived*. It does not say that
//! everything before the FIN has been read: the bytes are still in the socket. mio calls the flag a hint, with false
//! positives and false negatives (mio, `src/poll.rs`, "Readiness operations").
//!
//! **Rule:** Treat every flag as a reason to read. Only the result of a read ends the connection: 0, or an error.
//!
//! **Ours:** `common/session/src/readiness.rs`, `Readiness::from_event`
//!
//! **Seen in:** netty/netty#4317, netty/netty#3729, openSUSE/wicked#97

use std::io::{self, Read as _};

use rustls::ServerConnection;
use rustls::version::TLS13;
use tls_session::simulation::network::Socket;
use tls_session::simulation::raw_pair::RawPair;
use tls_session::simulation::roles::Echo;

use super::support::{self, Poll, Step, tls};

/// A server that collects a message.
fn naive(mut tls: ServerConnection, mut socket: Socket, poll: &mut Poll) -> io::Result<Vec<u8>> {
    let mut message = Vec::new();
    while let Some(event) = poll.wait() {
        if event.is_read_closed() {
            break; // the client has hung up
        }
        loop {
            match tls.read_tls(&mut socket) {
                Ok(0) => return Ok(message),
                Ok(_) => _ = tls.process_new_packets().map_err(io::Error::other)?,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
            let _ = tls.reader().read_to_end(&mut message); // all that there is, then WouldBlock
        }
        while tls.wants_write() {
            tls.write_tls(&mut socket)?;
        }
    }
    Ok(message)
}

const MESSAGE: &[u8] = b"last words";

/// The client sends its message and closes, as it should: with close_notify and a FIN.
const SCHEDULE: &[Step] = &[|client| {
    client.send(MESSAGE);
    client.tls.send_close_notify();
    client.write();
    client.send_fin();
}];

#[test]
fn the_naive_loop_loses_the_last_message() {
    let (server, socket, mut poll) = support::server(&tls(&TLS13), SCHEDULE);
    assert_eq!(naive(server, socket, &mut poll).unwrap(), b"");
    assert!(poll.unread() > MESSAGE.len(), "the message is in the socket");
}

#[test]
fn ours_reads_before_it_believes_a_hang_up() {
    let pair = support::run(RawPair::server(tls(&TLS13), Echo::default()), SCHEDULE);
    assert_eq!(pair.session.received(), MESSAGE);
    assert!(pair.session.is_clean());
}
