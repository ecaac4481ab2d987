//! # The kernel reports a reset once: the next read returns 0, like a proper close
//!
//! **Symptom:** A client crashes in the middle of an upload, and the log says that it closed the connection.
//! `Connection reset by peer (os error 104)` appears nowhere. Without TLS, half an upload is stored as a whole one.
//!
//! **Cause:** The kernel keeps one error for a socket (`sk_err` in Linux). The first call that meets it returns it
//! and clears it: a write, a read, or `take_error`. After that, reads return 0 and writes return `BrokenPipe`. So a
//! write whose error is ignored, or a `take_error` for a log line, turns the reset into an end of file.
//!
//! **Rule:** Keep the first error of a socket, whichever call returns it. Do not leave an error of a write for the
//! next read to find.
//!
//! **Ours:** `common/session/src/phase.rs`, `Phase::WriteFailed`, which keeps the error of the write and then reads
//! what the peer still sent
//!
//! **Seen in:** no public report is known

use std::io::{self, Read as _, Write as _};

use rustls::ServerConnection;
use rustls::version::TLS13;
use tls_session::close_reason::{CloseReason, Operation};
use tls_session::simulation::network::{Cut, Socket};
use tls_session::simulation::raw_pair::RawPair;
use tls_session::simulation::roles::Echo;

use super::support::{self, Poll, Step, tls};

/// A server that collects an upload and acknowledges each piece. Its error goes to the log.
fn naive(mut tls: ServerConnection, mut socket: Socket, poll: &mut Poll) -> io::Result<&'static str> {
    let mut upload = Vec::new();
    while poll.wait().is_some() {
        loop {
            match tls.read_tls(&mut socket) {
                Ok(0) => return Ok("the client has closed the connection"),
                Ok(_) => _ = tls.process_new_packets().map_err(io::Error::other)?,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
            let before = upload.len();
            let _ = tls.reader().read_to_end(&mut upload); // all that there is, then WouldBlock
            if upload.len() > before {
                tls.writer().write_all(b"+")?;
            }
            while tls.wants_write() && tls.write_tls(&mut socket).is_ok() {} // an error? the next read returns it
        }
    }
    Ok("the client sends nothing")
}

/// The client is killed after a part of its upload. Its kernel resets the connection.
const SCHEDULE: &[Step] = &[|client| {
    client.send(b"half an upload");
    client.write();
    let sent = client.socket.sent().len();
    client.socket.outgoing().cut = Some((sent, Cut::Reset));
}];

#[test]
fn the_naive_loop_logs_a_reset_as_a_close() {
    let (server, socket, mut poll) = support::server(&tls(&TLS13), SCHEDULE);
    assert_eq!(naive(server, socket, &mut poll).unwrap(), "the client has closed the connection");
}

#[test]
fn ours_keeps_the_error_that_the_write_met() {
    let pair = support::run(RawPair::server(tls(&TLS13), Echo::default()), SCHEDULE);
    assert_eq!(pair.session.received(), b"half an upload");
    let Some(CloseReason::Transport { operation, kind, .. }) = pair.session.reason() else {
        panic!("{:?}", pair.session.reason());
    };
    assert_eq!((*operation, *kind), (Operation::Write, io::ErrorKind::ConnectionReset));
}
