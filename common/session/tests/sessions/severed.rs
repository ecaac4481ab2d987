//! A write fails while the reason for it may be waiting to be read.

use std::io::ErrorKind;

use rustls::{AlertDescription, SupportedProtocolVersion};
use tls_session::close_reason::Stage;
use tls_session::close_reason::{CloseReason, Operation, Party};

use tls_session::simulation::network::Cut;
use tls_session::simulation::pattern;
use tls_session::simulation::raw_pair::RawPair;
use tls_session::simulation::roles::{Echo, Talker};
use tls_session::simulation::tls::{Tls, VERSIONS};

/// An echo whose answer to "hello" will fail, and a visitor who has said "hello" and then what `then` lets it say;
/// the session reads the one before the other.
fn hello_and(version: &'static SupportedProtocolVersion, then: fn(&mut RawPair<Echo>)) -> RawPair<Echo> {
    let mut pair = RawPair::server(Tls::new(version), Echo::default()).established();
    // An answer that will be damaged on its way, for a visitor that has not looked at it yet.
    let damaged = pair.session.socket.sent().len() + 10;
    pair.session.socket.outgoing().flips = vec![damaged];
    pair.peer_paused = true;
    pair.send(b"ping");

    let before = pair.raw.socket.sent().len();
    pair.raw.socket.outgoing().arriving = before;
    pair.send(b"hello");
    let hello = pair.raw.socket.sent().len() - before;
    then(&mut pair);
    pair.settle();
    pair.raw.socket.incoming().broken = true;
    let mut lane = pair.raw.socket.outgoing();
    (lane.arriving, lane.segment) = (usize::MAX, hello);
    drop(lane);
    pair.settle();
    assert!(pair.session.seen.entered("WriteFailed"));
    assert_eq!(pair.session.received(), b"pinghello");
    pair
}

fn broken_pipe() -> CloseReason {
    let error = std::io::Error::from(ErrorKind::BrokenPipe);
    CloseReason::Transport { operation: Operation::Write, kind: error.kind(), error: error.to_string() }
}

#[test]
fn an_alert_that_waits_to_be_read_is_a_better_reason() {
    for version in VERSIONS {
        let pair = hello_and(version, |pair| {
            pair.peer_paused = false; // it meets the damage, says bad_record_mac, and leaves
            pair.settle();
            pair.raw.send_fin();
        });
        assert!(matches!(
            pair.session.reason(),
            Some(CloseReason::PeerAlert(AlertDescription::BadRecordMac, _))
        ));
    }
}

#[test]
fn nothing_to_read_leaves_the_broken_pipe() {
    for version in VERSIONS {
        let pair = hello_and(version, |_| {});
        assert_eq!(pair.session.reason(), Some(&broken_pipe()));
    }
}

#[test]
fn what_was_said_before_leaving_is_heard_and_the_lost_answer_is_not_a_clean_end() {
    for version in VERSIONS {
        let pair = hello_and(version, |pair| {
            pair.raw.tls.send_close_notify();
            pair.settle();
            pair.raw.send_fin();
        });
        assert_eq!(pair.session.reason(), Some(&broken_pipe()));
    }
}

#[test]
fn a_fin_to_read_leaves_the_broken_pipe() {
    for version in VERSIONS {
        let pair = hello_and(version, |pair| pair.raw.send_fin());
        assert_eq!(pair.session.reason(), Some(&broken_pipe()));
    }
}

#[test]
fn a_reset_that_a_read_meets_is_a_transport_error() {
    for version in VERSIONS {
        let pair = hello_and(version, |pair| {
            let end = pair.raw.socket.sent().len();
            pair.raw.socket.outgoing().cut = Some((end, Cut::Reset));
        });
        assert!(matches!(pair.session.reason(), Some(CloseReason::Transport { .. })));
    }
}

/// A refused handshake looks like this from the server when the client's socket is gone by the time it writes.
#[test]
fn an_alert_in_the_handshake_is_read_behind_a_failed_write() {
    let mut pair = RawPair::server(Tls::new(VERSIONS[0]), Echo::default());
    pair.raw.write();
    // A plaintext alert, fatal, unknown_ca (RFC 8446, 6).
    std::io::Write::write_all(&mut pair.raw.socket, &[21, 3, 3, 0, 2, 2, 48]).unwrap();
    let hello = pair.raw.socket.sent().len() - 7;
    pair.raw.socket.outgoing().segment = hello;
    pair.raw.socket.incoming().broken = true;
    pair.settle();
    assert!(pair.session.seen.entered("WriteFailed"));
    let Some(CloseReason::PeerAlert(AlertDescription::UnknownCA, context)) = pair.session.reason() else {
        panic!("{:?}", pair.session.reason());
    };
    assert_eq!(context.stage, Stage::Agreed, "the handshake was not done");
    assert_eq!(pair.session.received(), b"");
}

/// A client that cannot write its ChangeCipherSpec, and so reads its server to the end without ever judging it, and
/// a server that says so much right behind its Finished.
fn unjudged_server_says(length: usize) -> RawPair<Talker> {
    let mut tls = Tls::new(VERSIONS[0]);
    tls.server.send_half_rtt_data = true;
    let mut pair = RawPair::client(tls, Talker::sends(b"secret"));
    pair.session.settle(pair.now);
    pair.raw.send(&pattern(length));
    pair.raw.read();
    pair.raw.write();
    pair.raw.send_fin();
    let server_hello = pair.raw.socket.outgoing().records()[0].1;
    pair.raw.socket.outgoing().segment = server_hello;
    pair.raw.socket.incoming().broken = true;
    pair.session.settle(pair.now);
    assert!(pair.session.seen.entered("WriteFailed") && !pair.session.seen.entered("Established"));
    pair
}

#[test]
fn a_peer_that_was_never_judged_is_not_heard_while_it_is_read_out() {
    let pair = unjudged_server_says(100);
    assert_eq!(pair.session.socket.taken(), pair.raw.socket.sent().len());
    assert_eq!(pair.session.received(), b"");
    assert_eq!(pair.session.reason(), Some(&broken_pipe()));
}

#[test]
fn a_peer_that_was_never_judged_may_say_a_lot_and_is_still_not_heard() {
    let pair = unjudged_server_says(100_000);
    assert_eq!(pair.session.received(), b"");
    assert_eq!(pair.session.reason(), Some(&broken_pipe()));
}

/// Everything was answered, and the peer said that it wanted no more: that our close_notify found nobody is no
/// complaint.
#[test]
fn a_peer_that_is_gone_before_our_close_notify_has_closed_cleanly() {
    for version in VERSIONS {
        let mut pair = RawPair::server(Tls::new(version), Echo::default()).established();
        pair.send(b"hello");
        pair.raw.socket.incoming().broken = true;
        pair.send_close_notify();
        assert_eq!(pair.session.reason(), Some(&CloseReason::Clean { first: Party::Peer }));
        assert_eq!(pair.raw.received, b"hello");
    }
}

#[test]
fn a_session_that_the_poll_will_not_watch_is_lost() {
    let mut pair = RawPair::server(Tls::new(VERSIONS[0]), Echo::default()).established();
    pair.session.lose_transport(Operation::Read, &ErrorKind::OutOfMemory.into(), pair.now);
    assert!(matches!(
        pair.session.reason(),
        Some(CloseReason::Transport { operation: Operation::Read, kind: ErrorKind::OutOfMemory, .. })
    ));
    assert!(pair.session.socket.outgoing().fin);
}
