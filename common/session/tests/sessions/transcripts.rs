//! What whole sessions do, step by step. Each line of an expected transcript has the steps of one read or write.

use rustls::version::{TLS12, TLS13};

use tls_session::simulation::pair::Pair;
use tls_session::simulation::roles::{Echo, Talker};
use tls_session::simulation::tls::Tls;

const READ: &str = "recv; read_tls; processed";

fn assert_steps(lines: &[String], expected: &[&str]) {
    let expected = expected.join("; ");
    assert_eq!(lines, expected.split("; ").collect::<Vec<_>>());
}

#[test]
fn tls_1_3_client_closes_first() {
    let mut pair = Pair::new(Tls::new(&TLS13), Talker::sends(b"hello").closes_after(5), Echo::default());
    pair.run();
    assert_steps(
        &pair.client.seen.lines,
        &[
            "write_tls", // ClientHello
            READ,
            "handshake TLS1.3, full, fine; Handshaking -> Established; plaintext_out 5",
            "write_tls", // Finished and "hello"
            READ,        // tickets and the echo
            "plaintext_in 5; Established -> Closing; write_tls",
            READ,
            "Closing -> Closed; send FIN; Clean { first: Local }, 5 in, 5 out",
        ],
    );
    assert_steps(
        &pair.server.seen.lines,
        &[
            READ,
            "write_tls", // ServerHello to Finished
            READ,        // one read: the client's Finished, and its first data
            "handshake TLS1.3, full, fine; Handshaking -> Established; plaintext_in 5; plaintext_out 5",
            "write_tls", // tickets and the echo
            READ,
            "Established -> PeerClosed; PeerClosed -> Finishing; write_tls",
            "Finishing -> Closed; send FIN; Clean { first: Peer }, 5 in, 5 out",
        ],
    );
}

#[test]
fn tls_1_2_client_closes_first() {
    let mut pair = Pair::new(Tls::new(&TLS12), Talker::sends(b"hello").closes_after(5), Echo::default());
    pair.run();
    assert_steps(
        &pair.client.seen.lines,
        &[
            "write_tls", // ClientHello
            READ,
            "write_tls", // ClientKeyExchange, ChangeCipherSpec, Finished
            READ,        // the server's Finished comes last in TLS 1.2
            "handshake TLS1.2, full, fine; Handshaking -> Established; plaintext_out 5; write_tls",
            READ,
            "plaintext_in 5; Established -> Closing; write_tls",
            READ,
            "Closing -> Closed; send FIN; Clean { first: Local }, 5 in, 5 out",
        ],
    );
    assert_steps(
        &pair.server.seen.lines,
        &[
            READ,
            "write_tls", // ServerHello to ServerHelloDone
            READ,
            "handshake TLS1.2, full, fine; Handshaking -> Established",
            "write_tls", // ticket, ChangeCipherSpec, Finished: established is not yet flushed
            READ,
            "plaintext_in 5; plaintext_out 5; write_tls",
            READ,
            "Established -> PeerClosed; PeerClosed -> Finishing; write_tls",
            "Finishing -> Closed; send FIN; Clean { first: Peer }, 5 in, 5 out",
        ],
    );
}

/// What each end does if the server closes, in the first case, or both close and their close_notify cross each other.
#[test]
fn server_closes_first_or_both_close_at_once() {
    let closes = ["Established -> Closing; write_tls", READ, "Closing -> Closed; send FIN"];
    let closes = [&closes[..], &["Clean { first: Local }, 5 in, 5 out"]].concat();
    let follows = [
        READ,
        "Established -> PeerClosed; PeerClosed -> Finishing; write_tls",
        "Finishing -> Closed; send FIN; Clean { first: Peer }, 5 in, 5 out",
    ];
    for (version, both) in [(&TLS13, false), (&TLS12, false), (&TLS13, true)] {
        let mut pair = Pair::new(Tls::new(version), Talker::sends(b"hello"), Echo::default());
        pair.settle();
        pair.client.seen.lines.clear();
        pair.server.seen.lines.clear();
        pair.client.socket.outgoing().arriving = 0;
        pair.client.socket.incoming().arriving = 0;
        pair.server.close(pair.now);
        if both {
            pair.client.close(pair.now);
        }
        pair.settle();
        pair.client.socket.outgoing().arriving = usize::MAX;
        pair.client.socket.incoming().arriving = usize::MAX;
        pair.run();
        assert_steps(&pair.client.seen.lines, if both { &closes } else { &follows });
        assert_steps(&pair.server.seen.lines, &closes);
    }
}

#[test]
fn a_client_that_is_closed_during_the_handshake_has_abandoned_it() {
    let mut pair = Pair::new(Tls::new(&TLS13), Talker::sends(b"hello"), Echo::default());
    pair.client.socket.incoming().arriving = 0;
    pair.settle();
    pair.client.close(pair.now);
    pair.run();
    let abandoned = "write_tls; Handshaking -> Closed; send FIN; Abandoned, 0 in, 0 out";
    assert_steps(&pair.client.seen.lines, &[abandoned]);
    assert_steps(
        &pair.server.seen.lines[4..],
        &[
            "recv FIN; processed; Handshaking -> Failing; Failing -> Closed; send FIN",
            "Truncated { established: false }, 0 in, 0 out",
        ],
    );
}
