//! Connections without a session, and the log of a session.
#![allow(clippy::unwrap_used, clippy::panic)]

use check::wire::Connection;
use testing::echo_server::EchoServer;

/// A TCP health check is not a session: `--sessions` does not count it, and it causes no warning.
#[test]
fn a_connection_that_sends_nothing_is_not_a_session() {
    let mut server = EchoServer::start(&["--sessions", "2", "--slots", "4", "-v"]);
    for leave in [drop, |connection: Connection| connection.reset().unwrap()] {
        let socket = server.connect_raw();
        let address = socket.socket().local_addr().unwrap();
        server.log().wait_for_line(&format!("{address} has a slot"));
        leave(socket);
        server.log().wait_for_line(&format!("{address} left without sending anything"));
    }
    server.serves_a_client();
    let mut silent = server.connect_raw();
    server.serves_a_client();
    server.program.expect_exit(0);
    assert_eq!(silent.read_to_fin().unwrap(), b"");
    server.log().wait_for_line("session 2: ");
    assert_eq!(server.log().lines("WARN").len(), 0);
}

#[test]
fn the_log_reports_the_client_and_the_handshake() {
    let server = EchoServer::start(&[]);
    let client = server.connect();
    let line = server.log().wait_for_line("connected:");
    let address = client.into_connection().socket().local_addr().unwrap();
    assert!(line.contains(&format!("session 1: {address} connected: TLS1.3 TLS_")), "{line}");
    assert!(line.contains("X25519MLKEM768") && line.contains("client not asked for a certificate"), "{line}");
}

#[test]
fn a_client_without_fin_does_not_delay_the_next_one() {
    let server = EchoServer::start(&[]);
    let mut slow = server.connect();
    slow.close_notify();
    server.serves_a_client(); // while the slow client's socket is still open
    server.log().wait_for_line("session 1: ");
    drop(slow);
}
