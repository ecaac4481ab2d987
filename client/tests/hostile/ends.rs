//! Servers that end a session badly after the handshake, or do not end it.

use std::io::Write as _;

use rustls::{AlertDescription, ContentType};
use testing::end::End;
use testing::hello::handshake;
use testing::raw;

use crate::case::{Case, check_all};

/// The client closes as soon as the greeting has arrived.
const CLOSES_AT_ONCE: [&str; 2] = ["--linger", "0s"];
/// The client never closes first.
const NEVER_CLOSES: [&str; 2] = ["--linger", "off"];

#[test]
fn ends_before_we_close() {
    let truncated = "truncated: the server left without close_notify";
    let reset = "the server reset the connection after the handshake, so something may be missing";
    let cases = [
        Case::new(
            "a FIN after the handshake",
            |stage| {
                stage.session().fin();
                None
            },
            4,
            truncated,
        ),
        Case::new(
            "a FIN after the greeting",
            |stage| {
                let mut session = stage.session();
                session.send(b"cut off he");
                session.fin();
                stage.client.stdout.wait_for_bytes(b"cut off he");
                Some(session.into_socket())
            },
            4,
            truncated,
        ),
        Case::new(
            "a FIN in the middle of a record",
            |stage| {
                let mut session = stage.session();
                let record = session.seal(b"cut off");
                session.write_raw(&record[..record.len() - 1]);
                session.fin();
                Some(session.into_socket())
            },
            4,
            truncated,
        ),
        Case::new(
            "an invalid record, and more bytes",
            |stage| {
                let mut session = stage.session();
                session.send(b"first");
                session.write_raw(&[23, 3, 3, 0, 20]);
                for _ in 0..40 {
                    session.write_raw(&[0; 1000]);
                }
                let (_, end) = session.receive_to_end();
                assert_eq!(end, End::Alert(AlertDescription::BadRecordMac));
                None
            },
            3,
            "TLS failed",
        ),
        Case::new(
            "a reset after the handshake",
            |stage| {
                raw::reset(stage.session().into_socket());
                None
            },
            6,
            reset,
        ),
        Case::new(
            "a reset after the greeting",
            |stage| {
                let mut session = stage.session();
                session.send(b"cut off he");
                stage.client.stdout.wait_for_bytes(b"cut off he");
                raw::reset(session.into_socket());
                None
            },
            6,
            reset,
        ),
        Case::new(
            "a fatal alert",
            |stage| {
                let mut session = stage.session();
                stage.forge.next(ContentType::Alert, &[2, 80]);
                session.send(b"instead of this");
                Some(session.into_socket())
            },
            3,
            "the alert internal_error (80)",
        ),
        Case::new(
            "close_notify, then silence",
            |stage| {
                let mut session = stage.session();
                session.close_notify();
                Some(session.into_socket())
            },
            0,
            "closed cleanly, the server first",
        ),
        Case::new(
            "close_notify, then data",
            |stage| {
                let mut session = stage.session();
                let mut bytes = session.seal(b"first");
                bytes.extend(session.seal_close_notify());
                bytes.extend(session.seal(b"more"));
                session.write_raw(&bytes);
                Some(session.into_socket())
            },
            0,
            "closed cleanly, the server first; 5 bytes received",
        ),
        Case::new("silence", |stage| Some(stage.session().into_socket()), 5, "timed out (--idle-timeout)")
            .flags(&["--idle-timeout", "300ms", "--close-timeout", "300ms"]),
    ];
    check_all(&cases.map(|case| case.flags(&NEVER_CLOSES)));
}

#[test]
fn ends_after_we_close() {
    let cases = [
        Case::new("silence", |stage| Some(stage.closing().into_socket()), 5, "timed out (--close-timeout)")
            .flags(&["--close-timeout", "300ms"]),
        Case::new(
            "data without end",
            |stage| {
                let mut session = stage.closing();
                while session.try_send(&[b'~'; 10_000]) {}
                None
            },
            5,
            "timed out (--close-timeout)",
        )
        .flags(&["--close-timeout", "300ms"]),
        Case::new(
            "a FIN",
            |stage| {
                stage.closing().fin();
                None
            },
            0,
            "we closed; the server just left",
        ),
        Case::new(
            "a reset",
            |stage| {
                raw::reset(stage.closing().into_socket());
                None
            },
            0,
            "we closed; the server just left",
        ),
        Case::new(
            "a fatal alert",
            |stage| {
                let mut session = stage.closing();
                stage.forge.next(ContentType::Alert, &[2, 80]);
                session.send(b"instead of this");
                Some(session.into_socket())
            },
            3,
            "the alert internal_error (80)",
        ),
        Case::new(
            "noise",
            |stage| {
                let mut socket = stage.closing().into_socket();
                socket.write_all(&[0xff; 100]).unwrap();
                Some(socket)
            },
            3,
            "TLS failed",
        ),
    ];
    check_all(&cases.map(|case| case.flags(&CLOSES_AT_ONCE)));
}

#[test]
fn messages_that_must_not_follow_a_handshake() {
    let message = |name: &str, kind, body: &[u8], last_line| {
        let message = handshake(kind, body);
        let server = move |stage: &mut crate::case::Stage| {
            let mut session = stage.session();
            stage.forge.next(ContentType::Handshake, &message);
            session.send(b"instead of this");
            Some(session.into_socket())
        };
        Case::new(name, server, 3, last_line).flags(&NEVER_CLOSES)
    };
    check_all(&[
        message("a second Finished", 20, &[0; 32], "TLS failed"),
        message("a HelloRequest", 0, &[], "TLS failed"),
        message("a late CertificateRequest", 13, &[0; 8], "TLS failed"),
        message("an empty ticket", 4, &[0; 13], "TLS failed"),
        message("an invalid KeyUpdate", 24, &[7], "TLS failed"),
    ]);
}
