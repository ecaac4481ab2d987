//! The greeting, the echo, and the ways to end a session.
#![allow(clippy::unwrap_used, clippy::panic)]

use testing::echo_server::EchoServer;
use testing::peer::{End, TlsClient};
use testing::raw;

/// Bytes with a pattern that does not repeat.
fn pattern(length: usize) -> Vec<u8> {
    (0u32..).flat_map(u32::to_be_bytes).take(length).collect()
}

#[test]
fn with_port_0_the_system_chooses_the_port() {
    let server = EchoServer::start(&[]);
    assert!(server.address.ip().is_loopback() && server.address.port() != 0);
    server.serves_a_client();
}

#[test]
fn ipv6_works() {
    let server = EchoServer::start_at("[::1]:0");
    server.serves_a_client();
    server.log().wait_for_line("session 1: [::1]:");
}

#[test]
fn the_greeting_is_sent_unchanged() {
    let server = EchoServer::start(&["--greeting", r"¡olé!\n"]);
    assert_eq!(server.connect().close(), r"¡olé!\n".as_bytes());
}

#[test]
fn an_empty_greeting_is_not_sent() {
    let server = EchoServer::start(&["--greeting", ""]);
    let mut client = server.connect();
    client.send(b"first");
    assert_eq!(client.receive(5), b"first");
    assert_eq!(client.close(), b"");
}

#[test]
fn more_than_all_buffers_hold_comes_back_unchanged() {
    let server = EchoServer::start(&["--greeting", ""]);
    let mut client = server.connect();
    let sent = pattern(32 * 1024 * 1024);
    let sender = client.send_in_background(&sent);
    assert!(client.receive(sent.len()) == sent);
    sender.join().unwrap().unwrap();
    assert_eq!(client.close(), b"");
    server.log().wait_for_line("closed cleanly, the client first; 33554432 bytes received, 33554432 sent");
}

#[test]
fn a_slow_reader_gets_everything() {
    let server = EchoServer::start(&["--greeting", ""]);
    let socket = raw::connect_with_small_window(server.address);
    let mut client = TlsClient::new(socket, server.client_config());
    client.handshake().unwrap();
    let sent = pattern(8 * 1024 * 1024);
    let sender = client.send_in_background(&sent);
    for piece in sent.chunks(1000) {
        assert_eq!(client.receive(piece.len()), piece);
    }
    sender.join().unwrap().unwrap();
    assert_eq!(client.close(), b"");
}

#[test]
fn twenty_clients_are_served_one_after_the_other() {
    let server = EchoServer::start(&[]);
    for _ in 0..20 {
        server.serves_a_client();
    }
    server.log().wait_for_line("session 20: ");
}

#[test]
fn the_server_ends_after_the_last_of_its_sessions() {
    let mut server = EchoServer::start(&["--sessions", "2"]);
    server.serves_a_client();
    server.serves_a_client();
    server.program.expect_exit(0);
}

/// A TCP health check is not a session: `--sessions` does not count it, and it causes no warning.
#[test]
fn a_connection_that_sends_nothing_is_not_a_session() {
    let mut server = EchoServer::start(&["--sessions", "2", "--slots", "4", "-v"]);
    for leave in [drop, raw::reset] {
        let socket = server.connect_raw();
        let address = socket.local_addr().unwrap();
        server.log().wait_for_line(&format!("{address} has a slot"));
        leave(socket);
        server.log().wait_for_line(&format!("{address} left without sending anything"));
    }
    server.serves_a_client();
    let mut silent = server.connect_raw();
    server.serves_a_client();
    server.program.expect_exit(0);
    assert_eq!(raw::read_to_end(&mut silent).unwrap(), b"");
    server.log().wait_for_line("session 2: ");
    assert_eq!(server.log().lines("WARN").len(), 0);
}

#[test]
fn the_log_reports_the_client_and_the_handshake() {
    let server = EchoServer::start(&[]);
    let client = server.connect();
    let line = server.log().wait_for_line("connected:");
    let address = client.into_socket().local_addr().unwrap();
    assert!(line.contains(&format!("session 1: {address} connected: TLS1.3 TLS_")), "{line}");
    assert!(line.contains("X25519MLKEM768") && line.contains("client not asked for a certificate"), "{line}");
}

#[test]
fn after_close_notify_come_the_whole_echo_close_notify_and_fin() {
    let server = EchoServer::start(&["--greeting", ""]);
    let mut client = server.connect();
    let sent = pattern(100_000);
    client.send(&sent);
    client.close_notify();
    let (echo, end) = client.receive_to_end();
    assert!(echo == sent);
    assert_eq!(end, End::CloseNotify);
    assert_eq!(raw::read_to_end(client.socket()).unwrap(), b"", "a FIN, and nothing before it");
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
