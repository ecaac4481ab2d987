//! Clients that do not speak TLS: recognised, said so, told with an alert, and the next one is served.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::io::Write;
use std::net::Shutdown;

use testing::echo_server::EchoServer;
use testing::peer::TlsClient;
use testing::raw;

const DECODE_ERROR: u8 = 50;
const UNEXPECTED_MESSAGE: u8 = 10;
/// As a record that is not encrypted.
const CLOSE_NOTIFY: [u8; 7] = [0x15, 3, 3, 0, 2, 1, 0];

/// Sends these bytes to a server and returns its answer, which ends, and what it logged.
fn answer(bytes: &[u8]) -> (Vec<u8>, String) {
    let server = EchoServer::start(&[]);
    let mut socket = server.connect_raw();
    socket.write_all(bytes).unwrap();
    let answer = raw::read_to_end(&mut socket).unwrap();
    let line = server.log().wait_for_line("session 1: ");
    server.serves_a_client();
    (answer, line)
}

#[test]
fn plain_http_is_recognised() {
    let (answer, line) = answer(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert_eq!(answer, raw::fatal_alert(DECODE_ERROR));
    assert!(line.contains("the client does not speak TLS: it speaks HTTP"), "{line}");
}

#[test]
fn ssh_is_recognised() {
    let (answer, line) = answer(b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n");
    assert_eq!(answer, raw::fatal_alert(DECODE_ERROR));
    assert!(line.contains("it speaks SSH"), "{line}");
}

#[test]
fn other_bytes_are_shown_escaped() {
    let (answer, line) = answer(b"\x1b[2J\nINFO forged \xff\xff\xff");
    assert_eq!(answer, raw::fatal_alert(DECODE_ERROR));
    assert!(line.contains(r"its first bytes are "), "{line}");
    assert!(!line.contains('\x1b') && !line.contains("forged"), "{line:?}");
}

#[test]
fn a_record_that_is_no_client_hello_is_refused() {
    let (answer, line) = answer(&[22, 3, 1, 0, 4, 2, 0, 0, 0]); // a ServerHello, and an empty one
    assert_eq!(answer[..5], raw::fatal_alert(0)[..5], "{answer:?}");
    assert!([DECODE_ERROR, UNEXPECTED_MESSAGE].contains(&answer[6]), "{answer:?}");
    assert!(line.contains("TLS failed"), "{line}");
}

#[test]
fn what_such_a_client_still_sends_is_taken_so_that_no_reset_destroys_the_alert() {
    let server = EchoServer::start(&[]);
    let mut socket = server.connect_raw();
    socket.write_all(b"POST / HTTP/1.1\r\n\r\n").unwrap();
    server.log().wait_for_line("does not speak TLS");
    for _ in 0..20 {
        // The first of these would meet a closed socket, and the others the reset with which it answers.
        socket.write_all(&[b'~'; 1000]).unwrap();
    }
    server.serves_a_client(); // meanwhile
    assert_eq!(raw::read_to_end(&mut socket).unwrap(), raw::fatal_alert(DECODE_ERROR));
}

/// The slot is free by then: what comes is for the socket that lingers, and not for the session that has its place.
#[test]
fn what_comes_late_is_taken_too_and_disturbs_nobody() {
    let server = EchoServer::start(&["-v"]);
    let mut socket = server.connect_raw();
    server.log().wait_for_line("is served"); // and registered as a session, before it says anything
    socket.write_all(b"POST / HTTP/1.1\r\n\r\n").unwrap();
    assert_eq!(raw::read_to_end(&mut socket).unwrap(), raw::fatal_alert(DECODE_ERROR));
    let mut next = server.connect();
    socket.write_all(&[b'~'; 5000]).unwrap();
    socket.shutdown(Shutdown::Write).unwrap();
    server.log().wait_for_line("5000 more bytes came, thrown away");
    assert!(next.try_round_trip(b"undisturbed"));
}

#[test]
fn a_flood_of_other_bytes_costs_nobody_else_anything() {
    let server = EchoServer::start(&[]);
    let mut socket = server.connect_raw();
    // The server may close on it in the middle, with a reset.
    let _ = socket.write_all(&[b'~'; 4 * 1024 * 1024]);
    server.log().wait_for_line("does not speak TLS");
    server.serves_a_client();
}

/// rustls ignores a warning that comes before it knows the version, and then wants neither to read nor to write in
/// some versions of it (CVE-2024-32650): a loop that relies on that alone spins.
#[test]
fn close_notify_instead_of_a_handshake_is_timed() {
    let server = EchoServer::start(&["--handshake-timeout", "3s"]);
    let mut socket = server.connect_raw();
    socket.write_all(&CLOSE_NOTIFY).unwrap();
    server.log().wait_for_line("timed out (--handshake-timeout)");
    assert_eq!(raw::read_to_end(&mut socket).unwrap(), b"");
    server.serves_a_client();
}

#[test]
fn close_notify_behind_the_client_hello_ends_the_handshake() {
    let server = EchoServer::start(&["--handshake-timeout", "off"]);
    let mut client = TlsClient::new(server.connect_raw(), server.client_config());
    client.send_client_hello();
    client.socket().write_all(&CLOSE_NOTIFY).unwrap();
    server.log().wait_for_line("session 1: ");
    server.serves_a_client();
}
