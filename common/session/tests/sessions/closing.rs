//! The order of the two close_notify, and what they certify.

use std::io::{ErrorKind, Write as _};

use rustls::version::TLS13;
use tls_session::close_reason::{CloseReason, Endpoint, Operation};
use tls_session::deadline::Timeout;
use tls_session::session::NotSent;
use tls_session::simulation::network::{Cut, FailedCall};
use tls_session::simulation::pair::Pair;
use tls_session::simulation::raw_pair::RawPair;
use tls_session::simulation::roles::{Echo, Talker};
use tls_session::simulation::tls::{Tls, VERSIONS};
use tls_session::simulation::{pattern, seconds};

use crate::support::{damage_next, echo};

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

/// Many peers close their socket while our close_notify is unread, and their kernel sends a reset for it.
#[test]
fn a_fin_or_a_reset_after_our_close_notify_does_not_confirm_it() {
    for version in VERSIONS {
        for cut in [Cut::Fin, Cut::Reset] {
            let mut pair = echo(version);
            pair.close();
            let sent = pair.raw.socket.sent().len();
            pair.raw.socket.outgoing().cut = Some((sent, cut));
            pair.settle();
            assert_eq!(pair.session.reason(), Some(&CloseReason::Unconfirmed));
        }
    }
}

/// The kernel refuses our write, and then the reset comes, before the read of the same turn. A part of the answer is lost.
#[test]
fn a_reset_before_our_output_is_written_is_a_lost_connection() {
    for version in VERSIONS {
        let mut pair = echo(version);
        pair.raw.socket.incoming().capacity = 0;
        pair.send(b"hello");
        pair.close();
        assert_eq!(pair.session.phase().name(), "Closing");
        let call = pair.raw.socket.outgoing().reads;
        pair.raw.socket.outgoing().failing_read = Some(FailedCall { call, kind: ErrorKind::ConnectionReset });
        pair.session.report_ready(pair.now);
        pair.settle();
        let reason = pair.session.reason();
        assert!(
            matches!(reason, Some(CloseReason::Transport { operation: Operation::Read, .. })),
            "{version:?}: {reason:?}"
        );
    }
}

/// Half-close: an application that has finished sending receives the rest of the answer, as long as it keeps coming.
#[test]
fn after_finishing_a_session_waits_as_long_as_the_answer_keeps_coming() {
    for (version, answers) in VERSIONS.into_iter().zip([true, false]) {
        let mut pair = RawPair::client(Tls::new(version), Talker::sends(b"question")).established();
        pair.finish_sending();
        assert!(pair.raw.closed);
        for _ in 0..5 {
            pair.advance(seconds(59)); // longer than the close deadline, shorter than the idle one
            pair.send(b"answer");
        }
        assert_eq!(pair.session.received(), b"answer".repeat(5));
        let reason = if answers {
            pair.send_close_notify();
            CloseReason::Clean { first: Endpoint::Local }
        } else {
            pair.advance(seconds(60));
            CloseReason::TimedOut(Timeout::Idle)
        };
        assert_eq!(pair.session.reason(), Some(&reason));
    }
}

#[test]
fn a_fin_is_read_once() {
    for (we_close, phase) in [(false, "PeerClosed"), (true, "Closing")] {
        let mut pair = echo(&TLS13);
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
        let refused = pair.session.send(b"late", pair.now).unwrap_err();
        assert_eq!(refused.to_string(), "the session is not open for sending");
        pair.raw.socket.incoming().capacity = usize::MAX;
        pair.settle();
        assert_eq!(pair.raw.received, b"in time, question");
        assert_eq!(pair.session.reason(), Some(&CloseReason::Clean { first: Endpoint::Peer }));
    }
}

/// A session whose peer may still send something is drained before its socket is closed.
#[test]
fn a_socket_is_drained_unless_the_peer_has_finished() {
    type Act = fn(&mut RawPair<Echo>);
    let cases: [(&str, bool, Act); 6] = [
        ("a regular end", false, |pair| pair.send_close_notify()),
        ("a FIN", false, |pair| pair.raw.send_fin()),
        ("bytes behind close_notify in one read", true, |pair| {
            pair.raw.tls.send_close_notify();
            pair.raw.write();
            pair.raw.socket.write_all(b"after").unwrap();
        }),
        // Behind a FIN a short read does not say that the socket is empty.
        ("close_notify and a FIN in one event", true, |pair| {
            pair.raw.tls.send_close_notify();
            pair.raw.write();
            pair.raw.send_fin();
        }),
        // While the answer is pending the poll does not watch for bytes, so the session does not know whether some have come.
        ("a pending answer at close_notify", true, |pair| {
            pair.raw.socket.incoming().capacity = 0;
            pair.raw.send(b"question");
            pair.send_close_notify();
            assert_eq!(pair.session.phase().name(), "PeerClosed");
            pair.raw.socket.incoming().capacity = usize::MAX;
        }),
        ("an alert of ours", true, |pair| {
            damage_next(pair);
            pair.send(b"damaged");
        }),
    ];
    for version in VERSIONS {
        for (end, is_drained, act) in cases {
            let mut pair = echo(version);
            act(&mut pair);
            pair.settle();
            assert!(pair.session.reason().is_some());
            assert_eq!(pair.session.needs_draining(), is_drained, "{end}");
        }
    }

    let mut pair = RawPair::server(Tls::new(&TLS13), Echo::default());
    pair.raw.socket.outgoing().arriving = 100;
    pair.settle();
    pair.close();
    assert_eq!(pair.session.reason(), Some(&CloseReason::Abandoned));
    assert!(!pair.session.needs_draining(), "no output could be lost");
}
