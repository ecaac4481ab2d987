//! The server does not accept early data.
#![allow(clippy::unwrap_used, clippy::panic)]

use check::case::Version;
use check::verdict::Verdict;
use testing::echo_server::EchoServer;

/// An attacker on the path can replay early data. rustls also keeps it in a buffer of its own, which the session does not read.
#[test]
fn a_ticket_does_not_allow_early_data() {
    let server = EchoServer::start(&[]);
    let outcome = server.judge("early-data-of-a-ticket", Version::Tls13);
    let why = "the server's tickets do not allow early data".to_owned();
    assert_eq!(outcome.verdict, Verdict::NotApplicable(why), "{}", outcome.evidence);
}
