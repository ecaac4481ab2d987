//! Clients that begin with other protocols, or with a wrong record.

use check::wire::hello::{handshake, record};
use rustls::AlertDescription as Alert;
use testing::peer::End;

use crate::case::{Case, alert, check_all, send_and_read_end};

/// An SSL 2.0 CLIENT-HELLO: a length with its high bit set, the type, version 2.0, three lengths, two ciphers and a
/// challenge.
const SSL2: [u8; 27] =
    [0x80, 25, 1, 0, 2, 0, 6, 0, 0, 0, 10, 1, 0, 0x80, 7, 0, 0xc0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10];

#[test]
fn other_protocols_get_an_alert() {
    let first = |name: &str, bytes: &'static [u8], log| {
        Case::new(name, |server| send_and_read_end(server, bytes), alert(Alert::DecodeError), log)
    };
    check_all(&[
        first("HTTP", b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", "it speaks HTTP"),
        first("SSH", b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n", "it speaks SSH"),
        first("SSL 2.0", &SSL2, "it speaks SSLv2"),
        first("noise", b"\x1b[2J\xf1\x8f\x03\xa7\x99", "does not speak TLS: its first bytes are "),
        first("noise like a record", b"\x16\xf1\x8f\x03\xa7\x99\x12\x5c", "TLS failed"),
    ]);
}

/// For the cases that end with a FIN, rustls sends no alert.
#[test]
fn records_that_must_not_come_first() {
    let first = |name: &str, bytes: Vec<u8>, end, log| {
        Case::new(name, move |server| send_and_read_end(server, &bytes), end, log)
    };
    let unexpected = alert(Alert::UnexpectedMessage);
    check_all(&[
        first(
            "a ServerHello",
            record(22, &handshake(2, &[0; 40]).unwrap()).unwrap(),
            unexpected.clone(),
            "TLS failed",
        ),
        first(
            "a KeyUpdate",
            record(22, &handshake(24, &[0]).unwrap()).unwrap(),
            unexpected.clone(),
            "TLS failed",
        ),
        first("application data", record(23, b"hello").unwrap(), unexpected.clone(), "TLS failed"),
        first("a ChangeCipherSpec", record(20, &[1]).unwrap(), unexpected.clone(), "TLS failed"),
        first("a heartbeat", record(24, &[1, 0xff, 0xff]).unwrap(), alert(Alert::DecodeError), "TLS failed"),
        first(
            "an empty ClientHello",
            record(22, &handshake(1, &[]).unwrap()).unwrap(),
            alert(Alert::DecodeError),
            "TLS failed",
        ),
        first(
            "a fatal alert",
            check::wire::hello::fatal_alert(40).into(),
            End::Fin,
            "with the alert handshake_failure (40)",
        ),
        first(
            "an unknown alert",
            check::wire::hello::fatal_alert(200).into(),
            End::Fin,
            "with the alert 200",
        ),
        first(
            "a record that is too long",
            [23, 3, 3, 0x48, 1].into(),
            alert(Alert::DecodeError),
            "TLS failed",
        ),
        first("a message of 65,535 bytes", endless_hello(0xff_ff), End::Fin, "at most 65535 bytes"),
        first("a message of 16 MB", endless_hello(0xff_ff_ff), End::Fin, "at most 65535 bytes"),
        first(
            "half a message and the next",
            [record(22, &[1, 0, 1]).unwrap(), record(23, b"x").unwrap()].concat(),
            End::Fin,
            "TLS failed",
        ),
        first("warnings without end", WARNING.repeat(100), End::Fin, "TLS failed"),
    ]);
}

/// An unencrypted close_notify.
const WARNING: [u8; 7] = [0x15, 3, 3, 0, 2, 1, 0];

/// The first 80,000 bytes of a ClientHello with this length.
fn endless_hello(claimed: u32) -> Vec<u8> {
    let [_, length @ ..] = claimed.to_be_bytes();
    let message = [&[1][..], &length, &[0; 80_000]].concat();
    message.chunks(16_384).flat_map(|fragment| record(22, fragment).unwrap()).collect()
}
