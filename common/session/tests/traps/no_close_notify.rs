//! # The socket is closed without close_notify: the peer reports an unexpected end of file
//!
//! **Symptom:** The client has received the whole answer, and then reports an error. rustls: `peer closed connection
//! without sending TLS close_notify`. OpenSSL 3: `unexpected eof while reading`. GnuTLS: `The TLS connection was
//! non-properly terminated`.
//!
//! **Cause:** rustls never sends close_notify by itself. Dropping the connection and the socket sends a FIN only. An
//! attacker can send a FIN too, so the peer cannot know whether the answer is complete (RFC 8446, 6.1; rustls,
//! `Reader::check_no_bytes_state`, `conn.rs`).
//!
//! **Rule:** Call `send_close_notify` after the last plaintext of every session. Flush it with `write_tls`, and then send
//! the FIN.
//!
//! **Ours:** `common/session/src/session/advance.rs`, the call of `send_close_notify`; `common/session/src/phase.rs`,
//! `Phase::Finishing` and `Phase::Closing`
//!
//! **Seen in:** rustls/rustls#419, tokio-rs/tls#157

use std::io::{self, Read as _, Write as _};
use std::time::Instant;

use rustls::ServerConnection;
use rustls::version::TLS13;
use tls_session::application::{Application, Next, Outbox};
use tls_session::simulation::network::Socket;
use tls_session::simulation::raw::Raw;
use tls_session::simulation::raw_pair::RawPair;

use super::support::{self, Poll, Step, tls};

const REQUEST: &[u8] = b"What time is it?";
const ANSWER: &[u8] = b"Half past six.";

/// A server that answers one request.
fn naive(mut tls: ServerConnection, mut socket: Socket, poll: &mut Poll) -> io::Result<()> {
    let mut request = Vec::new();
    while poll.wait().is_some() {
        loop {
            match tls.read_tls(&mut socket) {
                Ok(0) => return Ok(()),
                Ok(_) => _ = tls.process_new_packets().map_err(io::Error::other)?,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
            let _ = tls.reader().read_to_end(&mut request);
        }
        if request == REQUEST {
            tls.writer().write_all(ANSWER)?;
        }
        while tls.wants_write() {
            tls.write_tls(&mut socket)?;
        }
        if request == REQUEST {
            break; // the answer is sent: the caller drops the connection and the socket
        }
    }
    Ok(())
}

const SCHEDULE: &[Step] = &[|client| client.send(REQUEST)];

/// What the client's reader says behind the answer: nothing more comes, or an error.
fn end(client: &mut Raw) -> io::Result<usize> {
    client.tls.reader().read(&mut [0; 16])
}

#[test]
fn the_naive_loop_sends_a_fin_without_close_notify() {
    let (server, socket, mut poll) = support::server(&tls(&TLS13), SCHEDULE);
    naive(server, socket, &mut poll).unwrap();
    poll.close();
    assert_eq!(poll.peer.received, ANSWER);
    let error = end(&mut poll.peer).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    assert!(
        error.to_string().starts_with("peer closed connection without sending TLS close_notify"),
        "{error}"
    );
}

struct Answer;

impl Application for Answer {
    fn received(&mut self, _now: Instant, _request: &[u8], outbox: Option<&mut Outbox<'_>>) -> Next {
        if let Some(outbox) = outbox {
            outbox.send(ANSWER);
        }
        Next::Close
    }
}

#[test]
fn ours_sends_close_notify_behind_the_answer() {
    let mut pair = support::run(RawPair::server(tls(&TLS13), Answer), SCHEDULE);
    assert_eq!(pair.raw.received, ANSWER);
    assert_eq!(end(&mut pair.raw).unwrap(), 0, "the end, certified by close_notify");
}
