//! # Both ends write before they read: a deadlock
//!
//! **Symptom:** A large upload stops for ever, and no end uses CPU. It happens with servers that answer during the
//! upload. It depends on the sizes of the kernel's buffers, so it happens on one machine and not on another.
//!
//! **Cause:** The client sends everything before it reads. The server stops reading when too much of its output is
//! pending, because its memory would grow otherwise. Then both directions are full and no end reads. `Stream::read`
//! of rustls did the same: it completed its writes first, as the first report below describes (rustls,
//! `Stream::complete_prior_io`, `stream.rs`).
//!
//! **Rule:** An end that answers nothing must read while it writes. An end that answers may stop reading. Both need a
//! deadline for a peer that takes nothing.
//!
//! **Ours:** `common/session/src/application.rs`, `Application::reads_on`; `common/session/src/session/wants.rs`,
//! `Session::wants_fill`
//!
//! **Seen in:** rustls/rustls#2556, quininer/tokio-rustls#32

use std::io::{self, Read as _, Write as _};

use rustls::ClientConnection;
use rustls::version::TLS13;
use tls_session::readiness::Readiness;
use tls_session::simulation::driver::Driver;
use tls_session::simulation::network::{Socket, connection, with_registry};
use tls_session::simulation::pair::Pair;
use tls_session::simulation::pattern;
use tls_session::simulation::roles::{Echo, Talker};

use super::support::tls;

/// A client that sends a message to an echo, and collects the answer. `wait` is its poll.
fn naive(
    mut tls: ClientConnection,
    mut socket: Socket,
    mut message: &[u8],
    mut wait: impl FnMut() -> Option<Readiness>,
) -> io::Result<Vec<u8>> {
    let mut answer = Vec::new();
    loop {
        // First, send everything.
        loop {
            message = &message[tls.writer().write(message)?..];
            match tls.write_tls(&mut socket) {
                Ok(0) => break,
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock && wait().is_some() => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(answer), // no event comes
                Err(error) => return Err(error),
            }
        }
        // Then, read the answer.
        if wait().is_none() {
            return Ok(answer);
        }
        loop {
            match tls.read_tls(&mut socket) {
                Ok(0) => return Ok(answer),
                Ok(_) => _ = tls.process_new_packets().map_err(io::Error::other)?,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
            let _ = tls.reader().read_to_end(&mut answer);
        }
    }
}

const LENGTH: usize = 1 << 20;
/// What fits between the two, for each direction.
const CAPACITY: usize = 64 * 1024;

#[test]
fn the_naive_loop_hangs_with_both_directions_full() {
    let shared = tls(&TLS13);
    let (mut near, far) = connection();
    near.outgoing().capacity = CAPACITY;
    near.incoming().capacity = CAPACITY;
    let now = std::time::Instant::now();
    let mut echo = Driver::new(shared.server(), &far, Echo::default(), &shared.server_sessions, now);

    let both = mio::Interest::READABLE | mio::Interest::WRITABLE;
    with_registry(|registry| mio::event::Source::register(&mut near, registry, mio::Token(0), both)).unwrap();
    let polled = near.clone();
    let wait = || loop {
        match polled.poll() {
            None if echo.round(now) => {}
            event => break event,
        }
    };
    let answer = naive(shared.client(), near.clone(), &pattern(LENGTH), wait).unwrap();
    assert!(answer.is_empty(), "the client never came to read");
    let in_flight = |from: &Socket, to: &Socket| {
        let taken = to.taken();
        from.sent().len() - taken
    };
    assert_eq!(in_flight(&near, &far), CAPACITY, "the client's direction is full");
    assert_eq!(in_flight(&far, &near), CAPACITY, "the server's direction is full");
}

#[test]
fn ours_reads_while_it_writes() {
    let message = pattern(LENGTH);
    let client = Talker::sends(&message).closes_after(LENGTH).always_reads();
    let mut pair = Pair::new(tls(&TLS13), client, Echo::default());
    pair.client.socket.outgoing().capacity = CAPACITY;
    pair.client.socket.incoming().capacity = CAPACITY;
    pair.settle();
    assert!(pair.client.is_clean() && pair.client.received() == message);
}
