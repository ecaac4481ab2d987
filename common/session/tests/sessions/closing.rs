//! The order of the two close_notify, and what they certify.

use std::io::Write as _;
use std::time::{Duration, Instant};

use rustls::SupportedProtocolVersion;
use rustls::version::TLS13;
use tls_session::application::{Application, Next, Outbox};
use tls_session::close_reason::{CloseReason, Endpoint};
use tls_session::deadline::Timeout;
use tls_session::readiness::Readiness;
use tls_session::session::NotSent;

use tls_session::simulation::network::Cut;
use tls_session::simulation::pair::Pair;
use tls_session::simulation::raw_pair::RawPair;
use tls_session::simulation::roles::{Echo, Silent, Talker};
use tls_session::simulation::tls::{Tls, VERSIONS};
use tls_session::simulation::{pattern, seconds};

/// Invariant I6, for every size of request that a lane, a read, a record or their limits could treat differently.
#[test]
fn a_clean_end_means_that_everything_was_answered() {
    for version in VERSIONS {
        let tls = Tls::new(version).shared();
        for size in [0, 1, 16_383, 16_384, 16_385, 65_535, 65_536, 65_537, 200_000] {
            for capacity in [16 * 1024, 64 * 1024, usize::MAX] {
                let message = pattern(size);
                // Half-close: the client sends close_notify right after its request, and then reads.
                let talker = Talker::sends(&message).closes_after(0);
                let mut pair = Pair::new(&tls, talker, Echo::greeting(b"welcome!\n"));
                pair.client.socket.outgoing().capacity = 64 * 1024;
                pair.client.socket.incoming().capacity = capacity;
                pair.run();
                assert_eq!(pair.client.reason(), Some(&CloseReason::Clean { first: Endpoint::Local }));
                assert_eq!(pair.server.reason(), Some(&CloseReason::Clean { first: Endpoint::Peer }));
                assert!(pair.client.received() == [&b"welcome!\n"[..], &message].concat());
            }
        }
    }
}

#[test]
fn a_server_that_is_stopped_answers_what_it_has_read_before_its_close_notify() {
    let mut pair = RawPair::server(Tls::new(&TLS13), Echo::default()).established();
    pair.raw.socket.incoming().capacity = 1000;
    pair.peer_paused = true;
    pair.send(&pattern(50_000));
    let taken = pair.session.received().len();
    pair.close();
    pair.send(b"too late");
    pair.peer_paused = false;
    pair.send_close_notify();
    assert_eq!(pair.session.reason(), Some(&CloseReason::Clean { first: Endpoint::Local }));
    assert!(pair.raw.closed);
    assert_eq!((taken, pair.raw.received.len()), (50_000, 50_000));
}

/// RFC 8446, 6.1: data after close_notify is ignored.
#[test]
fn data_after_the_peers_close_notify_is_ignored() {
    for version in VERSIONS {
        let mut pair = RawPair::server(Tls::new(version), Echo::default()).established();
        pair.raw.send(b"first");
        pair.raw.tls.send_close_notify();
        pair.send(b"second");
        assert_eq!(pair.session.reason(), Some(&CloseReason::Clean { first: Endpoint::Peer }));
        assert_eq!(pair.session.received(), b"first");
        assert_eq!(pair.raw.received, b"first");
        assert!(pair.raw.closed);
    }
}

#[test]
fn a_fin_alone_is_a_truncation_even_if_everything_is_answered() {
    for version in VERSIONS {
        let mut pair = RawPair::server(Tls::new(version), Echo::default()).established();
        pair.send(b"hello");
        pair.raw.send_fin();
        pair.settle();
        assert_eq!(pair.session.reason(), Some(&CloseReason::Truncated { established: true }));
        assert_eq!(pair.raw.received, b"hello");
        assert!(!pair.raw.closed, "a close_notify that certifies an answer to what may have been cut off");
    }
}

#[test]
fn a_fin_after_our_close_notify_does_not_confirm_it() {
    for version in VERSIONS {
        let mut pair = RawPair::server(Tls::new(version), Echo::default()).established();
        pair.close();
        pair.raw.send_fin();
        pair.settle();
        assert_eq!(pair.session.reason(), Some(&CloseReason::Unconfirmed));
    }
}

/// Many peers close their socket while our close_notify is unread, and their kernel sends a reset for it.
#[test]
fn a_reset_after_our_close_notify_is_like_a_fin() {
    for version in VERSIONS {
        let mut pair = RawPair::server(Tls::new(version), Echo::default()).established();
        pair.close();
        let sent = pair.raw.socket.sent().len();
        pair.raw.socket.outgoing().cut = Some((sent, Cut::Reset));
        pair.settle();
        assert_eq!(pair.session.reason(), Some(&CloseReason::Unconfirmed));
    }
}

/// Half-close: an application that has finished sending receives the rest of the answer, as long as it keeps coming.
#[test]
fn after_finishing_a_session_waits_as_long_as_the_answer_keeps_coming() {
    for version in VERSIONS {
        let mut pair = RawPair::client(Tls::new(version), Talker::sends(b"question")).established();
        pair.finish_sending();
        assert!(pair.raw.closed);
        for _ in 0..5 {
            pair.advance(seconds(59)); // longer than the close deadline, shorter than the idle one
            pair.send(b"answer");
        }
        pair.send_close_notify();
        assert_eq!(pair.session.reason(), Some(&CloseReason::Clean { first: Endpoint::Local }));
        assert_eq!(pair.session.received(), b"answer".repeat(5));
    }
}

#[test]
fn after_finishing_a_session_does_not_wait_forever() {
    let mut pair = RawPair::client(Tls::new(&TLS13), Talker::sends(b"question")).established();
    pair.finish_sending();
    pair.advance(seconds(60));
    assert_eq!(pair.session.reason(), Some(&CloseReason::TimedOut(Timeout::Idle)));
}

#[test]
fn a_fin_is_read_once() {
    for (we_close, phase) in [(false, "PeerClosed"), (true, "Closing")] {
        let mut pair = RawPair::server(Tls::new(&TLS13), Echo::default()).established();
        pair.raw.socket.incoming().capacity = 0; // so that an answer stays pending, and the session stays
        pair.send(b"hello");
        if we_close {
            pair.close();
        }
        pair.raw.send_fin();
        pair.settle();
        assert_eq!(pair.session.phase().name(), phase);
        let reads = pair.session.socket.incoming().reads;
        for _ in 0..3 {
            pair.session.report_ready(pair.now);
            pair.session.turn(pair.now);
        }
        assert_eq!(pair.session.socket.incoming().reads, reads, "{phase}");
    }
}

#[test]
fn closing_twice_is_closing_once() {
    let mut pair = RawPair::server(Tls::new(&TLS13), Echo::default()).established();
    pair.close();
    let (sent, lines) = (pair.session.socket.sent().len(), pair.session.seen.lines.clone());
    pair.close();
    assert_eq!(pair.session.socket.sent().len(), sent);
    assert_eq!(pair.session.seen.lines, lines);
}

/// A kernel may report events without a cause. They change nothing in any phase.
#[test]
fn events_without_a_cause_change_nothing() {
    type Prepare = fn(&mut RawPair<Silent>);
    let cases: [(&str, Prepare); 3] = [
        ("Handshaking", |_| {}),
        ("Established", |pair| pair.settle()),
        ("Closing", |pair| {
            pair.settle();
            pair.close();
        }),
    ];
    for (phase, prepare) in cases {
        let mut pair = RawPair::server(Tls::new(&TLS13), Silent);
        pair.session.settle(pair.now);
        prepare(&mut pair);
        assert_eq!(pair.session.phase().name(), phase);

        let interest = pair.session.interest();
        let (lines, deadline) = (pair.session.seen.lines.clone(), pair.session.deadline());
        for _ in 0..3 {
            pair.session.report_ready(pair.now);
            pair.session.turn(pair.now);
        }
        assert_eq!(pair.session.phase().name(), phase);
        assert_eq!(pair.session.seen.lines, lines);
        assert_eq!(pair.session.interest(), interest);
        assert_eq!(pair.session.deadline(), deadline);
    }
}

/// A session may start on a socket that is already readable, as that of a queued client. It has to be told.
#[test]
fn a_session_does_not_read_before_it_is_told_that_bytes_are_there() {
    assert!(!Readiness::connected().is_readable());
    let mut pair = RawPair::server(Tls::new(&TLS13), Echo::default());
    pair.raw.write();
    pair.session.turn(pair.now);
    assert_eq!(pair.session.socket.incoming().reads, 0);
    pair.settle();
    assert_eq!(pair.session.phase().name(), "Established");
}

// ---- half-close: an application that answers later ---------------------------------------------------------------

/// An application that answers `delay` after its peer has finished. Without a delay it is answered for from outside.
#[derive(Debug, Default)]
struct Late {
    delay: Option<Duration>,
    answers_at: Option<Instant>,
}

impl Application for Late {
    fn received(&mut self, _now: Instant, _plaintext: &[u8], _outbox: Option<&mut Outbox<'_>>) -> Next {
        Next::Continue
    }

    fn peer_finished(&mut self, now: Instant, outbox: &mut Outbox<'_>) -> Next {
        outbox.send(b"wait, ");
        self.answers_at = self.delay.map(|delay| now + delay);
        Next::Continue
    }

    fn deadline(&self) -> Option<Instant> {
        self.answers_at
    }

    fn timer(&mut self, _now: Instant, outbox: &mut Outbox<'_>) -> Next {
        outbox.send(b"here it is");
        Next::Close
    }
}

fn half_closed(version: &'static SupportedProtocolVersion, delay: Option<Duration>) -> RawPair<Late> {
    let mut pair = RawPair::server(Tls::new(version), Late { delay, ..Late::default() }).established();
    pair.raw.send(b"question");
    pair.send_close_notify();
    assert_eq!(pair.session.phase().name(), "HalfClosed");
    assert!(!pair.raw.closed, "a close_notify before the answer");
    pair
}

#[test]
fn a_timer_answers_after_the_peers_close_notify() {
    for version in VERSIONS {
        let mut pair = half_closed(version, Some(seconds(20)));
        pair.advance(seconds(20));
        assert_eq!(pair.raw.received, b"wait, here it is");
        assert!(pair.raw.closed);
        assert_eq!(pair.session.reason(), Some(&CloseReason::Clean { first: Endpoint::Peer }));
    }
}

#[test]
fn an_answer_from_outside_follows_the_peers_close_notify() {
    for version in VERSIONS {
        let mut pair = half_closed(version, None);
        pair.advance(seconds(30));
        assert_eq!(pair.session.send(b"here it is", pair.now), Ok(()));
        pair.finish_sending();
        assert_eq!(pair.raw.received, b"wait, here it is");
        assert!(pair.raw.closed);
        assert_eq!(pair.session.reason(), Some(&CloseReason::Clean { first: Endpoint::Peer }));
    }
}

/// The loss is reported, and no close_notify certifies it. By default a session is complete with the peer's close_notify.
#[test]
fn send_fails_while_the_session_takes_no_plaintext() {
    for version in VERSIONS {
        let mut pair = RawPair::server(Tls::new(version), Echo::default());
        assert_eq!(pair.session.send(b"early", pair.now), Err(NotSent));
        pair.settle();
        assert_eq!(pair.session.send(b"in time, ", pair.now), Ok(()));
        pair.raw.socket.incoming().capacity = 0;
        pair.raw.send(b"question");
        pair.send_close_notify();
        assert_eq!(pair.session.phase().name(), "PeerClosed");
        assert_eq!(pair.session.send(b"late", pair.now), Err(NotSent));
        pair.raw.socket.incoming().capacity = usize::MAX;
        pair.settle();
        assert_eq!(pair.raw.received, b"in time, question");
        assert_eq!(pair.session.reason(), Some(&CloseReason::Clean { first: Endpoint::Peer }));
    }
}

#[test]
fn an_application_that_never_answers_is_ended_without_close_notify() {
    let mut pair = half_closed(&TLS13, None);
    pair.advance(seconds(60));
    assert_eq!(pair.session.reason(), Some(&CloseReason::TimedOut(Timeout::Idle)));
    assert!(!pair.raw.closed);
}

#[test]
fn a_half_closed_session_that_is_closed_from_outside_has_the_close_deadline() {
    let mut pair = half_closed(&TLS13, Some(seconds(20)));
    pair.close();
    pair.advance(seconds(5));
    assert_eq!(pair.session.reason(), Some(&CloseReason::TimedOut(Timeout::Close)));
    assert!(!pair.raw.closed);
}

#[test]
fn a_half_closed_session_notices_a_reset_after_the_fin() {
    for fin in [false, true] {
        let mut pair = half_closed(&TLS13, None);
        if fin {
            pair.raw.send_fin();
            pair.settle();
            let reads = pair.session.socket.incoming().reads;
            pair.settle();
            assert_eq!(pair.session.socket.incoming().reads, reads, "the FIN is read once");
            assert_eq!(pair.session.phase().name(), "HalfClosed");
        }
        let sent = pair.raw.socket.sent().len();
        pair.raw.socket.outgoing().cut = Some((sent, Cut::Reset));
        pair.settle();
        assert!(matches!(pair.session.reason(), Some(CloseReason::Transport { .. })), "{fin}");
    }
}

// ---- whether the socket is drained before it is closed -----------------------------------------------------------

#[test]
fn a_regular_end_closes_the_socket_directly() {
    for version in VERSIONS {
        let mut pair = RawPair::server(Tls::new(version), Echo::default()).established();
        pair.send(b"hello");
        pair.send_close_notify();
        assert!(pair.session.is_clean());
        assert!(!pair.session.needs_draining());

        let mut pair = RawPair::server(Tls::new(version), Echo::default()).established();
        pair.raw.send_fin();
        pair.settle();
        assert!(!pair.session.needs_draining(), "nothing can come after a FIN");
    }
}

#[test]
fn a_socket_with_bytes_after_close_notify_is_drained() {
    let mut pair = RawPair::server(Tls::new(&TLS13), Echo::default()).established();
    pair.raw.send(b"question");
    pair.raw.tls.send_close_notify();
    pair.raw.write();
    pair.raw.socket.write_all(b"after").unwrap(); // in the same read
    pair.settle();
    assert_eq!(pair.raw.received, b"question");
    assert!(pair.session.is_clean());
    assert!(pair.session.needs_draining());
}

/// While the answer is pending the poll does not watch for bytes, so nobody knows whether some have come.
#[test]
fn a_socket_that_was_not_watched_after_close_notify_is_drained() {
    let mut pair = RawPair::server(Tls::new(&TLS13), Echo::default()).established();
    pair.raw.socket.incoming().capacity = 0;
    pair.raw.send(b"question");
    pair.send_close_notify();
    assert_eq!(pair.session.phase().name(), "PeerClosed");
    pair.raw.socket.incoming().capacity = usize::MAX;
    pair.settle();
    assert!(pair.session.is_clean());
    assert!(pair.session.needs_draining());
}

/// A peer that has not finished may go on sending. A reset would destroy what we have sent last.
#[test]
fn after_an_alert_the_socket_is_drained() {
    let mut pair = RawPair::server(Tls::new(&TLS13), Echo::default()).established();
    let sent = pair.raw.socket.sent().len();
    pair.raw.socket.outgoing().flips = vec![sent + 10];
    pair.send(b"damaged");
    assert!(matches!(pair.session.reason(), Some(CloseReason::Tls(_))));
    assert!(pair.session.needs_draining());

    let mut pair = RawPair::client(Tls::new(&TLS13), Talker::sends(b"hello")).established();
    pair.raw.socket.write_all(&[21, 3, 3, 0, 2, 1, 0]).unwrap(); // not encrypted: rustls answers with an alert
    pair.settle();
    assert!(pair.raw.error.is_some(), "our alert has come");
    assert!(pair.session.needs_draining());
}
