//! A write fails while the reason for it may be waiting to be read.

use std::io::ErrorKind;

use rustls::{AlertDescription, SupportedProtocolVersion};
use tls_session::close_reason::Stage;
use tls_session::close_reason::{CloseReason, Doing, Party};

use crate::support::pattern;
use crate::support::roles::{Echo, Talker};
use crate::support::tls::{Tls, VERSIONS};
use crate::support::visit::Visit;
use crate::support::wire::Cut;

/// An echo whose answer to "hello" will fail, and a visitor who has said "hello" and then what `then` lets it say;
/// the session reads the one before the other.
fn hello_and(version: &'static SupportedProtocolVersion, then: fn(&mut Visit<Echo>)) -> Visit<Echo> {
    let mut visit = Visit::to_server(Tls::new(version), Echo::default()).established();
    // An answer that will be damaged on its way, for a visitor that has not looked at it yet.
    let damaged = visit.session.end.sent().len() + 10;
    visit.session.end.outgoing().flip = Some(damaged);
    visit.deaf = true;
    visit.say(b"ping");

    let before = visit.raw.end.sent().len();
    visit.raw.end.outgoing().arriving = before;
    visit.say(b"hello");
    let hello = visit.raw.end.sent().len() - before;
    then(&mut visit);
    visit.settle();
    visit.raw.end.incoming().broken = true;
    let mut lane = visit.raw.end.outgoing();
    (lane.arriving, lane.segment) = (usize::MAX, hello);
    drop(lane);
    visit.settle();
    assert!(visit.session.seen.entered("WriteFailed"));
    assert_eq!(visit.session.heard(), b"pinghello");
    visit
}

fn broken_pipe() -> CloseReason {
    let error = std::io::Error::from(ErrorKind::BrokenPipe);
    CloseReason::Transport { doing: Doing::Writing, kind: error.kind(), error: error.to_string() }
}

#[test]
fn an_alert_that_waits_to_be_read_is_a_better_reason() {
    for version in VERSIONS {
        let visit = hello_and(version, |visit| {
            visit.deaf = false; // it meets the damage, says bad_record_mac, and leaves
            visit.settle();
            visit.raw.leave();
        });
        assert!(matches!(
            visit.session.reason(),
            Some(CloseReason::PeerAlert(AlertDescription::BadRecordMac, _))
        ));
    }
}

#[test]
fn nothing_to_read_leaves_the_broken_pipe() {
    for version in VERSIONS {
        let visit = hello_and(version, |_| {});
        assert_eq!(visit.session.reason(), Some(&broken_pipe()));
    }
}

#[test]
fn what_was_said_before_leaving_is_heard_and_the_lost_answer_is_not_a_clean_end() {
    for version in VERSIONS {
        let visit = hello_and(version, |visit| {
            visit.raw.tls.send_close_notify();
            visit.settle();
            visit.raw.leave();
        });
        assert_eq!(visit.session.reason(), Some(&broken_pipe()));
    }
}

#[test]
fn a_fin_to_read_leaves_the_broken_pipe() {
    for version in VERSIONS {
        let visit = hello_and(version, |visit| visit.raw.leave());
        assert_eq!(visit.session.reason(), Some(&broken_pipe()));
    }
}

#[test]
fn a_reset_that_a_read_meets_is_a_transport_error() {
    for version in VERSIONS {
        let visit = hello_and(version, |visit| {
            let end = visit.raw.end.sent().len();
            visit.raw.end.outgoing().cut = Some((end, Cut::Reset));
        });
        assert!(matches!(visit.session.reason(), Some(CloseReason::Transport { .. })));
    }
}

/// A refused handshake looks like this from the server when the client's socket is gone by the time it writes.
#[test]
fn an_alert_in_the_handshake_is_read_behind_a_failed_write() {
    let mut visit = Visit::to_server(Tls::new(VERSIONS[0]), Echo::default());
    visit.raw.write();
    // A plaintext alert, fatal, unknown_ca (RFC 8446, 6).
    std::io::Write::write_all(&mut visit.raw.end, &[21, 3, 3, 0, 2, 2, 48]).unwrap();
    let hello = visit.raw.end.sent().len() - 7;
    visit.raw.end.outgoing().segment = hello;
    visit.raw.end.incoming().broken = true;
    visit.settle();
    assert!(visit.session.seen.entered("WriteFailed"));
    let Some(CloseReason::PeerAlert(AlertDescription::UnknownCA, context)) = visit.session.reason() else {
        panic!("{:?}", visit.session.reason());
    };
    assert_eq!(context.stage, Stage::Agreed, "the handshake was not done");
    assert_eq!(visit.session.heard(), b"");
}

/// A client that cannot write its ChangeCipherSpec, and so reads its server to the end without ever judging it, and
/// a server that says so much right behind its Finished.
fn unjudged_server_says(length: usize) -> Visit<Talker> {
    let mut tls = Tls::new(VERSIONS[0]);
    tls.server.send_half_rtt_data = true;
    let mut visit = Visit::to_client(tls, Talker::says(b"secret"));
    visit.session.settle(visit.now);
    visit.raw.say(&pattern(length));
    visit.raw.read();
    visit.raw.write();
    visit.raw.leave();
    let server_hello = visit.raw.end.outgoing().records()[0].1;
    visit.raw.end.outgoing().segment = server_hello;
    visit.raw.end.incoming().broken = true;
    visit.session.settle(visit.now);
    assert!(visit.session.seen.entered("WriteFailed") && !visit.session.seen.entered("Established"));
    visit
}

#[test]
fn a_peer_that_was_never_judged_is_not_heard_while_it_is_read_out() {
    let visit = unjudged_server_says(100);
    assert_eq!(visit.session.end.taken(), visit.raw.end.sent().len());
    assert_eq!(visit.session.heard(), b"");
    assert_eq!(visit.session.reason(), Some(&broken_pipe()));
}

#[test]
fn a_peer_that_was_never_judged_may_say_a_lot_and_is_still_not_heard() {
    let visit = unjudged_server_says(100_000);
    assert_eq!(visit.session.heard(), b"");
    assert_eq!(visit.session.reason(), Some(&broken_pipe()));
}

/// Everything was answered, and the peer said that it wanted no more: that our close_notify found nobody is no
/// complaint.
#[test]
fn a_peer_that_is_gone_before_our_close_notify_has_closed_cleanly() {
    for version in VERSIONS {
        let mut visit = Visit::to_server(Tls::new(version), Echo::default()).established();
        visit.say(b"hello");
        visit.raw.end.incoming().broken = true;
        visit.say_goodbye();
        assert_eq!(visit.session.reason(), Some(&CloseReason::Clean { first: Party::Peer }));
        assert_eq!(visit.raw.heard, b"hello");
    }
}

#[test]
fn a_session_that_the_poll_will_not_watch_is_lost() {
    let mut visit = Visit::to_server(Tls::new(VERSIONS[0]), Echo::default()).established();
    visit.session.lose(Doing::Reading, &ErrorKind::OutOfMemory.into(), visit.now);
    assert!(matches!(
        visit.session.reason(),
        Some(CloseReason::Transport { doing: Doing::Reading, kind: ErrorKind::OutOfMemory, .. })
    ));
    assert!(visit.session.end.outgoing().fin);
}
