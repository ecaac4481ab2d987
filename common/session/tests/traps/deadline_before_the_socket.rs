//! # A deadline counts before the socket was tried: a pause ends live sessions
//!
//! **Symptom:** The process was stopped for a while, by `SIGSTOP`, a debugger or a suspended machine. When it continues,
//! many sessions time out, although their peers have sent data in time. Under load, sessions time out if their events did
//! not fit into one batch.
//!
//! **Cause:** When the loop continues, the deadline has passed and the data is in the socket. The loop checks the
//! deadline first. It does not help to handle events before deadlines, because the event may come in the next batch.
//!
//! **Rule:** When the deadline of a session has passed, try its socket once more, without an event. The session is
//! late only if that read brings nothing.
//!
//! **Ours:** `common/session/src/session/advance.rs`, `Session::expire`; `common/session/src/session.rs`, `Tried`
//!
//! **Seen in:** python-trio/trio#1087

use std::io::{self, Read as _, Write as _};
use std::time::Duration;

use rustls::ServerConnection;
use rustls::version::TLS13;
use tls_session::simulation::network::Socket;
use tls_session::simulation::raw_pair::RawPair;
use tls_session::simulation::roles::Echo;

use super::support::{self, Poll, Step, tls};

const IDLE: Duration = Duration::from_secs(60);

/// An echo server that disconnects idle clients.
fn naive(mut tls: ServerConnection, mut socket: Socket, poll: &mut Poll) -> io::Result<()> {
    let mut deadline = poll.now() + IDLE;
    loop {
        let event = poll.wait_until(deadline);
        if poll.now() >= deadline {
            return Err(io::ErrorKind::TimedOut.into());
        }
        while event.is_some() {
            match tls.read_tls(&mut socket) {
                Ok(0) => return Ok(()),
                Ok(_) => _ = tls.process_new_packets().map_err(io::Error::other)?,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
            let mut plaintext = Vec::new();
            let _ = tls.reader().read_to_end(&mut plaintext);
            tls.writer().write_all(&plaintext)?;
            deadline = poll.now() + IDLE;
        }
        while tls.wants_write() {
            tls.write_tls(&mut socket)?;
        }
    }
}

const SCHEDULE: &[Step] = &[|client| client.send(b"in time")];
/// The process is stopped for so long, while the client sends.
const STALL: Duration = Duration::from_secs(61);

#[test]
fn the_naive_loop_ends_a_session_whose_data_is_in_the_socket() {
    let (server, socket, mut poll) = support::server(&tls(&TLS13), SCHEDULE);
    poll.stall = STALL;
    let error = naive(server, socket, &mut poll).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    assert!(poll.unread() > 0);
}

#[test]
fn ours_reads_before_the_deadline_counts() {
    let mut pair = RawPair::server(tls(&TLS13), Echo::default()).established();
    SCHEDULE[0](&mut pair.raw);
    pair.raw.write();
    pair.now += STALL;
    pair.session.turn(pair.now); // the poll has not reported the data yet
    pair.settle();
    assert_eq!(pair.raw.received, b"in time");
    assert_eq!(pair.session.reason(), None);
}
