//! Application protocols: one in common, and none in common.
#![allow(clippy::unwrap_used, clippy::panic)]

use testing::echo_server::EchoServer;

#[test]
fn both_sides_report_the_protocol_in_common() {
    let server = EchoServer::start(&["--alpn", "echo", "--alpn", "other"]);
    let mut client = server.client(&["--linger", "0s", "--alpn", "h2", "--alpn", "echo"]).start();
    client.expect_exit(0);
    assert!(client.stderr.wait_for_line("connected:").contains(", echo, server localhost authorized"));
    assert!(server.log().wait_for_line("connected:").contains(", echo, client not asked for a certificate"));
}

#[test]
fn no_protocol_in_common_ends_the_handshake_with_its_alert() {
    let server = EchoServer::start(&["--alpn", "echo"]);
    let mut client = server.client(&["--linger", "0s", "--alpn", "h2"]).start();
    client.expect_exit(3);
    client.stderr.wait_for_line("none of the application protocols that we offered, h2 (see --alpn)");
    server.log().wait_for_line("the client offers h2; we allow echo (see --alpn)");
    server.serves_a_client();
}
