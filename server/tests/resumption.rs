//! Returning clients resume their sessions, also if there are many.
#![allow(clippy::unwrap_used, clippy::panic)]

use check::case::Version;
use check::verdict::Verdict;
use testing::echo_server::EchoServer;

/// The clients of the case: more than the 256 entries of rustls' default store. TLS 1.3 uses two entries for each session.
const CLIENTS: usize = 300;

fn all_are_resumed(version: Version) {
    let server = EchoServer::start(&[]);
    let outcome = server.judge("resumption", version);
    assert_eq!(outcome.verdict, Verdict::Held, "{}", outcome.evidence);
    server.log().wait_for_line(&format!("session {}: ", 2 * CLIENTS));
    assert_eq!(server.log().lines(", resumed, ").len(), CLIENTS);
}

#[test]
fn three_hundred_clients_of_tls_1_3_resume_their_sessions() {
    all_are_resumed(Version::Tls13);
}

#[test]
fn three_hundred_clients_of_tls_1_2_resume_their_sessions() {
    all_are_resumed(Version::Tls12);
}
