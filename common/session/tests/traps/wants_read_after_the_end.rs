//! # `while tls.wants_read()` uses 100 % CPU after the peer has gone
//!
//! **Symptom:** A client connects and leaves during the handshake, or leaves without close_notify. From then on the
//! server uses a whole core. `strace` shows `recvfrom(…) = 0` again and again.
//!
//! **Cause:** `wants_read` depends on the state of TLS only. It stays true after end-of-file, after a reset and after
//! a fatal error. At the end of the socket `read_tls` returns `Ok(0)`, which is no error (rustls,
//! `CommonState::wants_read`, `common_state.rs`).
//!
//! **Rule:** Keep your own flag for the end of the socket. `Ok(0)` from `read_tls` means end-of-file, or that
//! close_notify has come. Stop reading in both cases.
//!
//! **Ours:** `common/session/src/session.rs`, `Session::receive_fin`; `common/session/src/phase.rs`, `Event::PeerEnded`
//!
//! **Seen in:** compio-rs/compio#499, curl/curl#21242, rustls/rustls#50

use std::io;

use rustls::ServerConnection;
use rustls::version::TLS13;
use tls_session::close_reason::CloseReason;
use tls_session::simulation::network::Socket;
use tls_session::simulation::raw::Raw;
use tls_session::simulation::raw_pair::RawPair;
use tls_session::simulation::roles::Echo;

use super::support::{self, Finite, Poll, Step, tls};

/// A server that completes the handshake.
fn naive(mut tls: Finite<ServerConnection>, mut socket: Socket, poll: &mut Poll) -> io::Result<()> {
    while poll.wait().is_some() {
        while tls.wants_read() || tls.wants_write() {
            if tls.wants_write() {
                tls.write_tls(&mut socket)?;
            }
            if tls.wants_read() {
                match tls.read_tls(&mut socket) {
                    Ok(_) => _ = tls.process_new_packets().map_err(io::Error::other)?,
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                    Err(error) => return Err(error),
                }
            }
        }
    }
    Ok(())
}

const SCHEDULE: &[Step] = &[Raw::send_fin];

#[test]
#[should_panic(expected = "the loop turns in circles")]
fn the_naive_loop_spins_at_the_end_of_file() {
    let (server, socket, mut poll) = support::server(&tls(&TLS13), SCHEDULE);
    let _ = naive(Finite::new(server), socket, &mut poll);
}

#[test]
fn ours_reads_the_end_once() {
    let pair = support::run(RawPair::server(tls(&TLS13), Echo::default()), SCHEDULE);
    assert_eq!(pair.session.reason(), Some(&CloseReason::Truncated { established: true }));
}
