//! A write fails, and the reason may be waiting to be read.

use std::io::ErrorKind;

use rustls::{AlertDescription, SupportedProtocolVersion};
use tls_session::close_reason::{CloseReason, Operation, Stage};
use tls_session::simulation::network::Cut;
use tls_session::simulation::pattern;
use tls_session::simulation::raw_pair::RawPair;
use tls_session::simulation::roles::{Echo, Talker};
use tls_session::simulation::tls::{Tls, VERSIONS};

use crate::support::echo;

/// An echo that cannot write its answer to "hello". Its peer has sent "hello", and then what `then` sends. The
/// session reads "hello" first.
fn hello_and(version: &'static SupportedProtocolVersion, then: fn(&mut RawPair<Echo>)) -> RawPair<Echo> {
    let mut pair = echo(version);
    // An answer that is damaged on its way. The peer has not read it yet.
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

/// An alert is a better reason than the broken pipe. A close_notify does not make a lost answer a clean end.
#[test]
fn after_a_failed_write_an_unread_alert_is_the_reason_and_else_the_broken_pipe() {
    type Then = fn(&mut RawPair<Echo>);
    let cases: [(&str, Then); 5] = [
        ("alert", |pair| {
            pair.peer_paused = false; // it reads the damaged record, sends bad_record_mac, and leaves
            pair.settle();
            pair.raw.send_fin();
        }),
        ("nothing", |_| {}),
        ("close_notify", |pair| {
            pair.raw.tls.send_close_notify();
            pair.settle();
            pair.raw.send_fin();
        }),
        ("FIN", |pair| pair.raw.send_fin()),
        ("reset", |pair| {
            let end = pair.raw.socket.sent().len();
            pair.raw.socket.outgoing().cut = Some((end, Cut::Reset));
        }),
    ];
    for version in VERSIONS {
        for (unread, then) in cases {
            let pair = hello_and(version, then);
            let reason = pair.session.reason();
            let is_true = match unread {
                "alert" => matches!(reason, Some(CloseReason::PeerAlert(AlertDescription::BadRecordMac, _))),
                "reset" => matches!(reason, Some(CloseReason::Transport { .. })),
                _ => reason == Some(&broken_pipe()),
            };
            assert!(is_true, "{unread}: {reason:?}");
        }
    }
}

/// A refused handshake looks like this from the server when the client's socket is gone by the time it writes.
#[test]
fn an_alert_in_the_handshake_is_read_after_a_failed_write() {
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

/// A client that cannot write its ChangeCipherSpec. It reads what the server has sent, and never authorizes the
/// server. The server sends so many bytes right after its Finished.
fn unauthorized_server_sends(length: usize) -> RawPair<Talker> {
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
fn data_of_a_peer_that_was_never_authorized_is_not_delivered() {
    for length in [100, 100_000] {
        let pair = unauthorized_server_sends(length);
        assert!(length > 100 || pair.session.socket.taken() == pair.raw.socket.sent().len());
        assert_eq!(pair.session.received(), b"");
        assert_eq!(pair.session.reason(), Some(&broken_pipe()));
    }
}

#[test]
fn a_session_that_the_poll_refuses_to_watch_is_over() {
    let mut pair = echo(VERSIONS[0]);
    pair.session.socket.fail_registration(ErrorKind::OutOfMemory);
    pair.raw.socket.incoming().capacity = 0; // the session has to wait for room
    pair.send(b"hello");
    assert!(matches!(
        pair.session.reason(),
        Some(CloseReason::Transport { operation: Operation::Read, kind: ErrorKind::OutOfMemory, .. })
    ));
    assert!(pair.session.socket.outgoing().fin);
}
