//! # `writer().write` succeeds after `send_close_notify`, and the peer ignores the data
//!
//! **Symptom:** The server writes an answer and `write_all` returns `Ok`. The ciphertext is on the network, and the
//! client does not receive the answer. Neither end reports an error.
//!
//! **Cause:** rustls 0.23 accepts plaintext after its own close_notify, and sends it. The peer must ignore data after
//! close_notify (RFC 8446, 6.1). `send_close_notify` sets a flag that the writer does not check (rustls,
//! `CommonState::send_close_notify`, `common_state.rs`).
//!
//! **Rule:** Remember that you have sent close_notify. From then on refuse plaintext, and tell the application.
//!
//! **Ours:** `common/session/src/phase.rs`, `Phase::sends`; `common/session/src/session/calls.rs`, `NotSent`
//!
//! **Seen in:** rustls/rustls#3047

use std::io::{self, Read as _, Write as _};
use std::time::Instant;

use rustls::ServerConnection;
use rustls::version::TLS13;
use tls_session::application::{Application, Next, Outbox};
use tls_session::simulation::network::Socket;
use tls_session::simulation::raw_pair::RawPair;

use super::support::{self, Poll, Step, tls};

/// A server that answers each request with one byte, and closes at "quit". Returns how many answers it has sent.
fn naive(mut tls: ServerConnection, mut socket: Socket, poll: &mut Poll) -> io::Result<usize> {
    let mut answers = 0;
    while poll.wait().is_some() {
        loop {
            match tls.read_tls(&mut socket) {
                Ok(0) => return Ok(answers),
                Ok(_) => _ = tls.process_new_packets().map_err(io::Error::other)?,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
            let mut request = Vec::new();
            let _ = tls.reader().read_to_end(&mut request);
            if request == b"quit" {
                tls.send_close_notify(); // and wait for the client's
            } else if !request.is_empty() {
                tls.writer().write_all(b".")?;
                answers += 1;
            }
        }
        while tls.wants_write() {
            tls.write_tls(&mut socket)?;
        }
    }
    Ok(answers)
}

const SCHEDULE: &[Step] =
    &[|client| client.send(b"one"), |client| client.send(b"quit"), |client| client.send(b"two")];

#[test]
fn the_naive_loop_believes_that_it_has_answered_twice() {
    let (server, socket, mut poll) = support::server(&tls(&TLS13), SCHEDULE);
    let answers = naive(server, socket, &mut poll).unwrap();
    assert_eq!((answers, poll.peer.received.as_slice()), (2, b".".as_slice()));
}

/// Counts the requests that it could not answer.
#[derive(Default)]
struct Answering {
    refused: usize,
}

impl Application for Answering {
    fn received(&mut self, _now: Instant, request: &[u8], outbox: Option<&mut Outbox<'_>>) -> Next {
        match outbox {
            _ if request == b"quit" => return Next::Close,
            Some(outbox) => outbox.send(b"."),
            None => self.refused += 1,
        }
        Next::Continue
    }
}

#[test]
fn ours_tells_the_application_that_nothing_can_be_sent() {
    let mut pair = support::run(RawPair::server(tls(&TLS13), Answering::default()), SCHEDULE);
    assert_eq!((pair.session.application().refused, pair.raw.received.as_slice()), (1, b".".as_slice()));
    assert!(pair.session.send(b"three", pair.now).is_err());
}
