//! # One read for each event: the connection hangs until the peer sends more
//!
//! **Symptom:** A large request arrives. `read_tls` returns its first bytes, and then `poll` reports nothing more.
//! The connection hangs, although the kernel holds the rest. It continues when the peer sends another byte. A client
//! that waits for the answer never sends one. Short messages work.
//!
//! **Cause:** mio is edge-triggered (`EPOLLET`, `EV_CLEAR`). It reports that a socket *becomes* readable. It promises
//! the next event only after a read has returned `WouldBlock` (mio, "Draining readiness" in `src/poll.rs`). One
//! `read_tls` reads once, into the free part of rustls' buffer. That part has 4,096 bytes if rustls holds no
//! ciphertext, and otherwise from 1 byte to nearly 18,437. The caller does not see this size, so it cannot recognise
//! a short read (rustls, `DeframerVecBuffer::prepare_read`, `msgs/deframer/buffers.rs`).
//!
//! **Rule:** Read until `WouldBlock`. A loop may stop earlier to serve other connections. Then it must remember that this
//! connection is still readable, and return to it without an event.
//!
//! **Ours:** `common/session/src/session.rs`, `Session::turn`; `common/session/src/session/wants.rs`, `Turn::Again`; `common/session/src/readiness.rs`,
//! `Readiness`
//!
//! **Seen in:** tokio-rs/mio#1076, tokio-rs/mio#1085, tokio-rs/mio#45

use std::io::{self, Read as _};

use rustls::ServerConnection;
use rustls::version::TLS13;
use tls_session::simulation::network::Socket;
use tls_session::simulation::raw_pair::RawPair;
use tls_session::simulation::roles::Echo;

use super::support::{self, Poll, Step, tls};

/// A server that collects a request.
fn naive(mut tls: ServerConnection, mut socket: Socket, poll: &mut Poll) -> io::Result<Vec<u8>> {
    let mut request = Vec::new();
    while let Some(event) = poll.wait() {
        if event.is_readable() {
            match tls.read_tls(&mut socket) {
                Ok(_) => _ = tls.process_new_packets().map_err(io::Error::other)?,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
            let _ = tls.reader().read_to_end(&mut request); // all that there is, then WouldBlock
        }
        while tls.wants_write() {
            tls.write_tls(&mut socket)?;
        }
    }
    Ok(request) // nothing can happen any more
}

/// More than either loop reads at once.
static REQUEST: [u8; 100_000] = [b'x'; 100_000];
const SCHEDULE: &[Step] = &[|client| client.send(&REQUEST)];

#[test]
fn the_naive_loop_hangs_with_the_request_in_the_kernel() {
    let (server, socket, mut poll) = support::server(&tls(&TLS13), SCHEDULE);
    let request = naive(server, socket, &mut poll).unwrap();
    assert!(request.is_empty(), "half a record is no plaintext");
    assert!(poll.unread() > 90_000, "{} bytes are unread", poll.unread());
}

#[test]
fn ours_reads_until_the_kernel_has_no_more() {
    let pair = support::run(RawPair::server(tls(&TLS13), Echo::default()), SCHEDULE);
    assert_eq!(pair.session.received(), REQUEST);
    assert_eq!(pair.raw.received, REQUEST);
}
