//! Clients that do not speak TLS: the server recognises and logs them, sends an alert, and serves the next client.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::io::Write;

use testing::echo_server::EchoServer;

const DECODE_ERROR: u8 = 50;

#[test]
fn later_bytes_are_drained_so_that_no_reset_destroys_the_alert() {
    let server = EchoServer::start(&[]);
    let mut socket = server.connect_raw();
    socket.write_all(b"POST / HTTP/1.1\r\n\r\n").unwrap();
    server.log().wait_for_line("does not speak TLS");
    for _ in 0..20 {
        // If the server had closed its socket, the first write would cause a reset, and the next ones would fail.
        socket.write_all(&[b'~'; 1000]).unwrap();
    }
    server.serves_a_client(); // meanwhile
    assert_eq!(socket.read_to_fin().unwrap(), check::wire::hello::fatal_alert(DECODE_ERROR));
}

/// The slot is free by then. The late bytes belong to the draining socket, not to the session that has the slot now.
#[test]
fn late_bytes_are_drained_and_disturb_no_session() {
    let server = EchoServer::start(&["-v"]);
    let mut socket = server.connect_raw();
    server.log().wait_for_line("has a slot"); // and is registered, before it sends anything
    socket.write_all(b"POST / HTTP/1.1\r\n\r\n").unwrap();
    assert_eq!(socket.read_to_fin().unwrap(), check::wire::hello::fatal_alert(DECODE_ERROR));
    let mut next = server.connect();
    socket.write_all(&[b'~'; 5000]).unwrap();
    socket.fin().unwrap();
    server.log().wait_for_line("5000 bytes came after the end of the session and were discarded");
    assert!(next.try_round_trip(b"undisturbed"));
}

#[test]
fn no_line_tells_of_bytes_after_the_end_if_there_are_none() {
    let mut server = EchoServer::start(&["-v", "--sessions", "1"]);
    let mut socket = server.connect_raw();
    socket.write_all(b"POST / HTTP/1.1\r\n\r\n").unwrap();
    socket.fin().unwrap();
    socket.read_to_fin().unwrap();
    server.program.expect_exit(0); // and has drained the socket
    assert!(!server.log().text().contains("came after the end"), "{}", server.log().text());
}
