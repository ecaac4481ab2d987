//! # The peer's close_notify is answered at once: an answer that comes later is lost
//!
//! **Symptom:** A client sends its request and close_notify, and keeps reading. It receives an empty answer and a proper
//! end. It happens only if the answer takes time, because it comes from a thread or another server.
//!
//! **Cause:** The server answers close_notify with close_notify at once, as TLS 1.2 demanded. In TLS 1.3 close_notify
//! ends one direction only (RFC 8446, 6.1). After its own `send_close_notify` the server still writes the answer, and
//! the peer ignores it. The server's close_notify has told the peer that the answer was complete.
//!
//! **Rule:** The peer's close_notify means only that the peer sends nothing more. Ask the application whether it has
//! finished. Send your close_notify after its last byte.
//!
//! **Ours:** `common/session/src/application.rs`, `Application::peer_finished`; `common/session/src/phase.rs`,
//! `Phase::HalfClosed`
//!
//! **Seen in:** tlswg/tls13-spec#1092, aws/s2n-tls#598, envoyproxy/envoy#11619, tokio-rs/tls#23

use std::io::{self, Read as _, Write as _};
use std::time::{Duration, Instant};

use rustls::ServerConnection;
use rustls::version::TLS13;
use tls_session::application::{Application, Next, Outbox};
use tls_session::simulation::network::Socket;
use tls_session::simulation::raw_pair::RawPair;

use super::support::{self, Poll, Step, tls};

/// How long the answer takes.
const WORK: Duration = Duration::from_secs(1);
const ANSWER: &[u8] = b"the answer";

/// A server that answers one request, which takes a second.
fn naive(mut tls: ServerConnection, mut socket: Socket, poll: &mut Poll) -> io::Result<()> {
    let (mut request, mut answers_at) = (Vec::new(), None);
    loop {
        let far_away = poll.now() + 60 * WORK;
        let event = poll.wait_until(answers_at.unwrap_or(far_away));
        while event.is_some() {
            match tls.read_tls(&mut socket) {
                Ok(0) => break,
                Ok(_) if tls.process_new_packets().map_err(io::Error::other)?.peer_has_closed() => {
                    tls.send_close_notify();
                }
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
            if let Ok(1..) = tls.reader().read_to_end(&mut request) {
                answers_at = Some(poll.now() + WORK);
            }
        }
        let is_due = answers_at.is_some_and(|at| at <= poll.now());
        if is_due {
            tls.writer().write_all(ANSWER)?;
            tls.send_close_notify(); // the second time it does nothing
        }
        while tls.wants_write() {
            tls.write_tls(&mut socket)?;
        }
        if is_due {
            return Ok(());
        }
    }
}

const SCHEDULE: &[Step] = &[|client| {
    client.send(b"a question");
    client.tls.send_close_notify();
}];

#[test]
fn the_naive_loop_certifies_an_empty_answer() {
    let (server, socket, mut poll) = support::server(&tls(&TLS13), SCHEDULE);
    naive(server, socket, &mut poll).unwrap();
    poll.close();
    assert!(poll.peer.received.is_empty(), "the answer came behind close_notify");
    assert!(poll.peer.closed);
}

#[derive(Default)]
struct Slow {
    answers_at: Option<Instant>,
}

impl Application for Slow {
    fn received(&mut self, now: Instant, _question: &[u8], _outbox: Option<&mut Outbox<'_>>) -> Next {
        self.answers_at = Some(now + WORK);
        Next::Continue
    }

    fn peer_finished(&mut self, _now: Instant, _outbox: &mut Outbox<'_>) -> Next {
        Next::Continue
    }

    fn deadline(&self) -> Option<Instant> {
        self.answers_at
    }

    fn timer(&mut self, _now: Instant, outbox: &mut Outbox<'_>) -> Next {
        outbox.send(ANSWER);
        Next::Close
    }
}

#[test]
fn ours_asks_the_application_whether_it_has_finished() {
    let mut pair = support::run(RawPair::server(tls(&TLS13), Slow::default()), SCHEDULE);
    assert!(!pair.raw.closed, "a close_notify before the answer");
    pair.advance(WORK);
    assert_eq!(pair.raw.received, ANSWER);
    assert!(pair.raw.closed && pair.session.is_clean());
}
