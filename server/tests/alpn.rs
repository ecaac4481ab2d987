//! Application protocols: one in common, none in common, none asked for.
#![allow(clippy::unwrap_used, clippy::panic)]

use testing::echo_server::EchoServer;
use testing::program::{Launch, Program};

fn client(server: &EchoServer, arguments: &[&str]) -> Program {
    let target = format!("localhost:{}", server.address.port());
    Launch::client(server.folder.path()).args([&target, "--linger", "0s"]).args(arguments).start()
}

#[test]
fn the_one_in_common_is_agreed_on_and_reported_by_both() {
    let server = EchoServer::start(&["--alpn", "echo", "--alpn", "other"]);
    let mut client = client(&server, &["--alpn", "h2", "--alpn", "echo"]);
    client.expect_exit(0);
    assert!(client.stderr.wait_for_line("connected:").contains(", echo, server localhost authorized"));
    assert!(server.log().wait_for_line("connected:").contains(", echo, client not asked for a certificate"));
}

#[test]
fn none_in_common_ends_the_handshake_with_its_alert() {
    let server = EchoServer::start(&["--alpn", "echo"]);
    let mut client = client(&server, &["--alpn", "h2"]);
    client.expect_exit(3);
    client.stderr.wait_for_line("no_application_protocol (120)");
    server.log().wait_for_line("the client offers none of those that --alpn names");
    server.serves_a_client();
}
