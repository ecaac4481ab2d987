//! The greeting, the echo, and the ways in which a client may end a session.
#![allow(clippy::unwrap_used, clippy::panic)]

use testing::echo_server::EchoServer;
use testing::peer::{End, TlsClient};
use testing::raw;

/// Bytes in which every position is recognisable.
fn pattern(length: usize) -> Vec<u8> {
    (0u32..).flat_map(u32::to_be_bytes).take(length).collect()
}

#[test]
fn port_0_is_a_port_of_the_systems_choice() {
    let server = EchoServer::start(&[]);
    assert!(server.address.ip().is_loopback() && server.address.port() != 0);
    server.serves_a_client();
}

#[test]
fn ipv6_is_served_too() {
    let server = EchoServer::start_at("[::1]:0");
    server.serves_a_client();
    server.log().wait_for_line("session 1: [::1]:");
}

#[test]
fn the_greeting_comes_first_and_unasked() {
    let server = EchoServer::start(&[]);
    let mut client = server.connect();
    assert_eq!(client.receive(9), b"welcome!\n");
    assert_eq!(client.close(), b"");
}

#[test]
fn the_greeting_is_sent_as_it_was_typed() {
    let server = EchoServer::start(&["--greeting", r"¡olé!\n"]);
    assert_eq!(server.connect().close(), r"¡olé!\n".as_bytes());
}

#[test]
fn an_empty_greeting_sends_none() {
    let server = EchoServer::start(&["--greeting", ""]);
    let mut client = server.connect();
    client.send(b"first");
    assert_eq!(client.receive(5), b"first");
    assert_eq!(client.close(), b"");
}

#[test]
fn a_megabyte_comes_back_as_it_was_sent() {
    let server = EchoServer::start(&["--greeting", ""]);
    let mut client = server.connect();
    let sent = pattern(1024 * 1024);
    let sender = client.send_in_background(&sent);
    assert!(client.receive(sent.len()) == sent);
    sender.join().unwrap().unwrap();
    assert_eq!(client.close(), b"");
    server.log().wait_for_line("closed cleanly, the client first; 1048576 bytes received, 1048576 sent");
}

#[test]
fn more_than_all_buffers_hold_comes_back_as_it_was_sent() {
    let server = EchoServer::start(&["--greeting", ""]);
    let mut client = server.connect();
    let sent = pattern(32 * 1024 * 1024);
    let sender = client.send_in_background(&sent);
    assert!(client.receive(sent.len()) == sent);
    sender.join().unwrap().unwrap();
    assert_eq!(client.close(), b"");
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
fn client_after_client_is_served() {
    let server = EchoServer::start(&[]);
    for _ in 0..20 {
        server.serves_a_client();
    }
    server.log().wait_for_line("session 20: ");
}

#[test]
fn a_number_of_sessions_ends_the_server() {
    let mut server = EchoServer::start(&["--sessions", "2"]);
    server.serves_a_client();
    server.serves_a_client();
    server.program.expect_exit(0);
}

/// A TCP health check is no session. It takes none of those that `--sessions` allows, and no warning reports it.
#[test]
fn a_connection_that_sends_nothing_is_no_session_and_no_warning() {
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
fn both_the_client_and_the_handshake_are_reported() {
    let server = EchoServer::start(&[]);
    let client = server.connect();
    let line = server.log().wait_for_line("connected:");
    let address = client.into_socket().local_addr().unwrap();
    assert!(line.contains(&format!("session 1: {address} connected: TLS1.3 TLS_")), "{line}");
    assert!(line.contains("X25519MLKEM768") && line.contains("client not asked for a certificate"), "{line}");
}

#[test]
fn close_notify_is_answered_by_the_whole_echo_then_close_notify_then_fin() {
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
fn a_client_that_dawdles_with_its_fin_holds_nobody_up() {
    let server = EchoServer::start(&[]);
    let mut dawdler = server.connect();
    dawdler.close_notify();
    server.serves_a_client(); // while the dawdler's socket is still open
    server.log().wait_for_line("session 1: ");
    drop(dawdler);
}
