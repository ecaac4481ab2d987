//! What whole sessions do, step by step.

use rustls::version::{TLS12, TLS13};

use tls_session::simulation::pair::Pair;
use tls_session::simulation::roles::{Echo, Talker};
use tls_session::simulation::tls::{Shared, Tls};

/// Two sessions. The client closes first, when it has its answer.
fn client_first(tls: impl Into<Shared>) -> Pair<Talker, Echo> {
    let mut pair = Pair::new(tls, Talker::sends(b"hello").closes_after(5), Echo::default());
    pair.run();
    pair
}

#[test]
fn tls_1_3_client_closes_first() {
    let pair = client_first(Tls::new(&TLS13));
    assert_eq!(
        pair.client.seen.lines,
        [
            "write_tls", // ClientHello
            "recv",
            "read_tls",
            "processed",
            "handshake TLS1.3, full, fine",
            "Handshaking -> Established",
            "plaintext_out 5",
            "write_tls", // Finished and "hello"
            "recv",
            "read_tls",
            "processed", // tickets and the echo
            "plaintext_in 5",
            "Established -> Closing",
            "write_tls", // close_notify
            "recv",
            "read_tls",
            "processed",
            "Closing -> Closed",
            "send FIN",
            "Clean { first: Local }, 5 in, 5 out",
        ]
    );
    assert_eq!(
        pair.server.seen.lines,
        [
            "recv",
            "read_tls",
            "processed",
            "write_tls", // ServerHello to Finished
            "recv",
            "read_tls",
            "processed", // one read: the client's Finished, and its first data
            "handshake TLS1.3, full, fine",
            "Handshaking -> Established",
            "plaintext_in 5",
            "plaintext_out 5",
            "write_tls", // tickets and the echo
            "recv",
            "read_tls",
            "processed",
            "Established -> PeerClosed",
            "PeerClosed -> Finishing",
            "write_tls", // close_notify
            "Finishing -> Closed",
            "send FIN",
            "Clean { first: Peer }, 5 in, 5 out",
        ]
    );
}

#[test]
fn tls_1_2_client_closes_first() {
    let pair = client_first(Tls::new(&TLS12));
    assert_eq!(
        pair.client.seen.lines,
        [
            "write_tls", // ClientHello
            "recv",
            "read_tls",
            "processed",
            "write_tls", // ClientKeyExchange, ChangeCipherSpec, Finished
            "recv",
            "read_tls",
            "processed", // the server's Finished comes last in TLS 1.2
            "handshake TLS1.2, full, fine",
            "Handshaking -> Established",
            "plaintext_out 5",
            "write_tls",
            "recv",
            "read_tls",
            "processed",
            "plaintext_in 5",
            "Established -> Closing",
            "write_tls", // close_notify
            "recv",
            "read_tls",
            "processed",
            "Closing -> Closed",
            "send FIN",
            "Clean { first: Local }, 5 in, 5 out",
        ]
    );
    assert_eq!(
        pair.server.seen.lines,
        [
            "recv",
            "read_tls",
            "processed",
            "write_tls", // ServerHello to ServerHelloDone
            "recv",
            "read_tls",
            "processed",
            "handshake TLS1.2, full, fine",
            "Handshaking -> Established",
            "write_tls", // ticket, ChangeCipherSpec, Finished: established is not yet flushed
            "recv",
            "read_tls",
            "processed",
            "plaintext_in 5",
            "plaintext_out 5",
            "write_tls",
            "recv",
            "read_tls",
            "processed",
            "Established -> PeerClosed",
            "PeerClosed -> Finishing",
            "write_tls", // close_notify
            "Finishing -> Closed",
            "send FIN",
            "Clean { first: Peer }, 5 in, 5 out",
        ]
    );
}

/// What both ends do after the server has closed.
fn server_first(tls: impl Into<Shared>) -> [Vec<String>; 2] {
    let mut pair = Pair::new(tls, Talker::sends(b"hello"), Echo::default());
    pair.settle();
    let before = [pair.client.seen.lines.len(), pair.server.seen.lines.len()];
    pair.server.close(pair.now);
    pair.run();
    [pair.client.seen.lines.split_off(before[0]), pair.server.seen.lines.split_off(before[1])]
}

#[test]
fn server_closes_first_in_either_version() {
    for version in [&TLS13, &TLS12] {
        let [client, server] = server_first(Tls::new(version));
        assert_eq!(
            client,
            [
                "recv",
                "read_tls",
                "processed",
                "Established -> PeerClosed",
                "PeerClosed -> Finishing",
                "write_tls",
                "Finishing -> Closed",
                "send FIN",
                "Clean { first: Peer }, 5 in, 5 out",
            ]
        );
        assert_eq!(
            server,
            [
                "Established -> Closing",
                "write_tls",
                "recv",
                "read_tls",
                "processed",
                "Closing -> Closed",
                "send FIN",
                "Clean { first: Local }, 5 in, 5 out",
            ]
        );
    }
}

#[test]
fn both_close_at_once() {
    let mut pair = Pair::new(Tls::new(&TLS13), Talker::sends(b"hello"), Echo::default());
    pair.settle();
    let before = [pair.client.seen.lines.len(), pair.server.seen.lines.len()];
    pair.client.socket.outgoing().arriving = 0;
    pair.client.socket.incoming().arriving = 0;
    pair.client.close(pair.now);
    pair.server.close(pair.now);
    pair.settle(); // the two close_notify cross each other
    pair.client.socket.outgoing().arriving = usize::MAX;
    pair.client.socket.incoming().arriving = usize::MAX;
    pair.run();

    let each = [
        "Established -> Closing",
        "write_tls",
        "recv",
        "read_tls",
        "processed",
        "Closing -> Closed",
        "send FIN",
        "Clean { first: Local }, 5 in, 5 out",
    ];
    assert_eq!(pair.client.seen.lines[before[0]..], each);
    assert_eq!(pair.server.seen.lines[before[1]..], each);
}

#[test]
fn a_client_that_closes_right_after_its_message_still_gets_its_answer() {
    let mut pair = Pair::new(Tls::new(&TLS13), Talker::sends(b"hello").closes_after(0), Echo::default());
    pair.run();
    assert_eq!(
        pair.client.seen.lines[4..],
        [
            "handshake TLS1.3, full, fine",
            "Handshaking -> Established",
            "plaintext_out 5",
            "Established -> Closing",
            "write_tls", // Finished, "hello", close_notify
            "recv",
            "read_tls",
            "processed",
            "plaintext_in 5", // half-close: what comes after our close_notify still counts
            "Closing -> Closed",
            "send FIN",
            "Clean { first: Local }, 5 in, 5 out",
        ]
    );
    assert_eq!(
        pair.server.seen.lines[4..],
        [
            "recv",
            "read_tls",
            "processed", // all of it in one read
            "handshake TLS1.3, full, fine",
            "Handshaking -> Established",
            "plaintext_in 5",
            "plaintext_out 5",
            "Established -> PeerClosed",
            "write_tls", // pending output goes before our close_notify
            "PeerClosed -> Finishing",
            "write_tls",
            "Finishing -> Closed",
            "send FIN",
            "Clean { first: Peer }, 5 in, 5 out",
        ]
    );
}

#[test]
fn a_resumed_session_is_authorized_like_a_full_one() {
    for (version, name) in [(&TLS13, "TLS1.3"), (&TLS12, "TLS1.2")] {
        let tls = Tls::resuming(version).shared();
        for kind in ["full", "resumed", "resumed"] {
            let pair = client_first(&tls);
            assert!(pair.client.is_clean() && pair.server.is_clean());
            let line = format!("handshake {name}, {kind}, fine");
            assert!(pair.client.seen.position(&line).is_some(), "{:#?}", pair.client.seen.lines);
            assert!(pair.server.seen.position(&line).is_some(), "{:#?}", pair.server.seen.lines);
        }
    }
}

#[test]
fn a_client_that_is_closed_during_the_handshake_has_abandoned_it() {
    let mut pair = Pair::new(Tls::new(&TLS13), Talker::sends(b"hello"), Echo::default());
    pair.client.socket.incoming().arriving = 0;
    pair.settle();
    pair.client.close(pair.now);
    pair.run();
    assert_eq!(
        pair.client.seen.lines,
        ["write_tls", "Handshaking -> Closed", "send FIN", "Abandoned, 0 in, 0 out"]
    );
    assert_eq!(
        pair.server.seen.lines[4..],
        [
            "recv FIN",
            "processed",
            "Handshaking -> Failing",
            "Failing -> Closed",
            "send FIN",
            "Truncated { established: false }, 0 in, 0 out",
        ]
    );
}
