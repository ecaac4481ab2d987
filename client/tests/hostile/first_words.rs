//! Servers that send other protocols, stay silent, or do not finish the handshake.

use std::io::Write as _;

use std::thread;
use std::time::Duration;

use check::wire::Connection;
use check::wire::hello::{handshake, record};

use crate::case::{Case, Stage, check_all};

/// A server that answers the ClientHello with these bytes, and keeps the connection open.
fn answer(name: &str, bytes: Vec<u8>, last_line: &'static str) -> Case {
    Case::new(name, move |stage| send(stage.hello(), &bytes), 3, last_line)
}

fn send(mut socket: Connection, bytes: &[u8]) -> Connection {
    let _ = socket.write_all(bytes); // the client may close the connection meanwhile
    socket
}

#[test]
fn answers_that_are_not_a_handshake() {
    let failed = "TLS failed";
    check_all(&[
        answer("HTTP", b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n".into(), "it speaks HTTP"),
        answer("SSH", b"SSH-2.0-OpenSSH_9.2p1\r\n".into(), "it speaks SSH"),
        answer("SMTP", b"220 mail.example.org ESMTP\r\n".into(), "STARTTLS: try its TLS port, 465 for SMTP"),
        answer("noise", b"\x1b[2J\nxx\xff\xff\xff".into(), "does not speak TLS: its first bytes are "),
        answer("a ClientHello", record(22, &handshake(1, &[0; 40]).unwrap()).unwrap(), failed),
        answer("application data", record(23, b"welcome!\n").unwrap(), failed),
        answer("an empty ServerHello", record(22, &handshake(2, &[]).unwrap()).unwrap(), failed),
        answer("a record that is too long", vec![22, 3, 3, 0x48, 1], failed),
        answer("a message of 16 MB", endless(2), "at most 65535 bytes"),
        answer("empty records without end", record(22, &[]).unwrap().repeat(1000), failed),
        answer("ChangeCipherSpecs without end", record(20, &[1]).unwrap().repeat(1000), failed),
        answer("warnings without end", record(21, &[1, 90]).unwrap().repeat(1000), failed),
        answer(
            "TLS 1.1",
            record(22, &handshake(2, &server_hello(0x0302, 0xc02b)).unwrap()).unwrap(),
            "the server chose TLS 1.1, which is obsolete (RFC 8996); we allow TLS 1.3, TLS 1.2",
        ),
        answer(
            "a suite that was not offered",
            record(22, &handshake(2, &server_hello(0x0303, 0x002f)).unwrap()).unwrap(),
            failed,
        ),
        answer(
            "a fatal alert",
            check::wire::hello::fatal_alert(40).into(),
            "the alert handshake_failure (40)",
        ),
    ]);
}

/// The beginning of a message with the largest possible length.
fn endless(kind: u8) -> Vec<u8> {
    let message = [&[kind, 0xff, 0xff, 0xff][..], &[0; 80_000]].concat();
    message.chunks(16_384).flat_map(|fragment| record(22, fragment).unwrap()).collect()
}

/// The body of a ServerHello without extensions.
fn server_hello(version: u16, suite: u16) -> Vec<u8> {
    [&version.to_be_bytes()[..], &[7; 32], &[0], &suite.to_be_bytes(), &[0]].concat()
}

/// Accepts the client, and returns the server's first flight without sending it.
fn flight(stage: &Stage) -> (Connection, Vec<u8>) {
    let mut session = stage.server.accept_before_handshake();
    let flight = session.next_flight();
    (session.into_connection(), flight)
}

#[test]
fn handshakes_that_take_too_long() {
    let late = |name: &str, server: fn(&mut Stage) -> Connection, last_line| {
        Case::new(name, server, 5, last_line).flags(&["--handshake-timeout", "500ms"])
    };
    check_all(&[
        Case::new("nothing", |stage| stage.server.accept_raw(), 5, "timed out (--wait-timeout)")
            // Waiting for the server is not a handshake: --handshake-timeout is shorter, but does not run yet.
            .flags(&["--wait-timeout", "300ms", "--handshake-timeout", "100ms"]),
        late(
            "the first bytes of a ServerHello",
            |stage| send(stage.hello(), &[22, 3, 3, 0, 122, 2, 0, 0, 118, 3]),
            "(--handshake-timeout): the handshake did not finish; the server had sent 5 of the 122 bytes of its ServerHello",
        ),
        late(
            "an unencrypted close_notify",
            |stage| send(stage.hello(), &record(21, &[1, 0]).unwrap()),
            "timed out (--handshake-timeout)",
        ),
        late(
            "one byte at a time",
            |stage| {
                let (mut socket, flight) = flight(stage);
                for byte in flight.chunks(1).take(50) {
                    socket = send(socket, byte);
                    thread::sleep(Duration::from_millis(20)); // slowly: this is the attack
                }
                socket
            },
            "timed out (--handshake-timeout)",
        ),
    ]);
}

#[test]
fn ends_during_the_handshake() {
    let truncated = "truncated: the server left before the handshake was done";
    let reset = "the server reset the connection during the handshake; the server had sent ";
    /// Sends the first half of the flight.
    fn half(stage: &Stage) -> Connection {
        let (socket, flight) = flight(stage);
        send(socket, &flight[..flight.len() / 2])
    }
    check_all(&[
        Case::new(
            "a FIN on accept",
            |stage| {
                let mut socket = stage.server.accept_raw();
                socket.fin().unwrap();
                socket
            },
            4,
            truncated,
        ),
        Case::new("a FIN after the ClientHello", |stage| drop(stage.hello()), 4, truncated),
        Case::new("a FIN in the middle of the flight", |stage| drop(half(stage)), 4, truncated),
        // Of the session, or of the connection attempt, in the system's words.
        Case::new("a reset on accept", |stage| stage.server.accept_raw().reset().unwrap(), 6, " reset"),
        Case::new("a reset after the ClientHello", |stage| stage.hello().reset().unwrap(), 6, reset),
        Case::new("a reset in the middle of the flight", |stage| half(stage).reset().unwrap(), 6, reset),
        Case::new(
            "a damaged flight",
            |stage| {
                let (socket, mut flight) = flight(stage);
                *flight.last_mut().unwrap() ^= 1;
                send(socket, &flight)
            },
            3,
            "the record was damaged in transit",
        ),
    ]);
}
