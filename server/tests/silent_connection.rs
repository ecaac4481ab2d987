//! Connections without a session.
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
