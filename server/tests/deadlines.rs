//! Each deadline ends its session, the log names it, and the next client is served. `hostile/late.rs` tests
//! `--handshake-timeout` and `--write-timeout`, `signals.rs` tests `--close-timeout`.
//!
//! Timeouts that a well-behaved client must also meet, on a busy machine, are seconds. The others are shorter.
#![allow(clippy::unwrap_used, clippy::panic)]

use testing::echo_server::EchoServer;
use testing::peer::End;

#[test]
fn after_an_idle_timeout_a_client_that_does_not_close_loses_its_slot() {
    let server = EchoServer::start(&["--idle-timeout", "300ms", "--close-timeout", "300ms"]);
    let client = server.connect();
    // The next client is served while the first client's socket is still open. It has the same short timeout.
    assert_eq!(server.connect().receive_to_end(), (b"welcome!\n".to_vec(), End::CloseNotify));
    let line = server.log().wait_for_line("timed out (--idle-timeout)");
    assert!(line.contains("WARN"), "{line}");
    drop(client);
}

#[test]
fn session_timeout_ends_a_session_without_end() {
    let server = EchoServer::start(&["--session-timeout", "3s", "--idle-timeout", "off"]);
    let mut client = server.connect();
    client.receive(9);
    while client.try_round_trip(b"and on") {}
    client.close_notify();
    server.log().wait_for_line("timed out (--session-timeout)");
    server.connect();
}
