//! Servers that end a session badly after the handshake, or do not end it.

use std::io::Write as _;

use check::wire::hello::handshake;
use rustls::{AlertDescription, ContentType};
use testing::peer::End;

use crate::case::{Case, Stage, check_all};

/// The client closes as soon as the greeting has arrived.
const CLOSES_AT_ONCE: [&str; 2] = ["--linger", "0s"];
/// The client never closes first.
const NEVER_CLOSES: [&str; 2] = ["--linger", "off"];

#[test]
fn ends_before_we_close() {
    let truncated = "truncated: the server left without close_notify";
    let reset = "the server reset the connection after the handshake, so something may be missing";
    /// Sends a greeting, and waits until the client has shown it.
    fn greet(stage: &Stage) -> testing::peer::TlsServer {
        let mut session = stage.session();
        session.send(b"cut off he");
        stage.client.stdout.wait_for_bytes(b"cut off he");
        session
    }
    let cases = [
        Case::new("a FIN after the handshake", |stage| stage.session().fin(), 4, truncated),
        Case::new("a FIN after the greeting", |stage| greet(stage).fin(), 4, truncated),
        Case::new(
            "a FIN in the middle of a record",
            |stage| {
                let mut session = stage.session();
                let record = session.seal(b"cut off");
                session.write_raw(&record[..record.len() - 1]);
                session.fin();
                session
            },
            4,
            truncated,
        ),
        Case::new(
            "an invalid record, and more bytes",
            |stage| {
                let mut session = stage.session();
                session.send(b"first");
                session.write_raw(&[&[23, 3, 3, 0, 20][..], &[0; 40_000]].concat());
                let (_, end) = session.receive_to_end();
                assert_eq!(end, End::Alert(AlertDescription::BadRecordMac));
            },
            3,
            "TLS failed",
        ),
        Case::new("a reset after the handshake", |stage| stage.session().reset(), 6, reset),
        Case::new("a reset after the greeting", |stage| greet(stage).reset(), 6, reset),
        Case::new(
            "a fatal alert",
            |stage| {
                let mut session = stage.session();
                stage.forge(&mut session, ContentType::Alert, &[2, 80]);
                session
            },
            3,
            "the alert internal_error (80)",
        ),
        Case::new(
            "close_notify, then silence",
            |stage| {
                let mut session = stage.session();
                session.close_notify();
                session
            },
            0,
            "closed cleanly, the server first",
        ),
        Case::new(
            "close_notify, then data",
            |stage| {
                let mut session = stage.session();
                let bytes =
                    [session.seal(b"first"), session.seal_close_notify(), session.seal(b"more")].concat();
                session.write_raw(&bytes);
                session
            },
            0,
            "closed cleanly, the server first; 5 bytes received",
        ),
        Case::new("silence", |stage| stage.session(), 5, "timed out (--idle-timeout)").flags(&[
            "--idle-timeout",
            "300ms",
            "--close-timeout",
            "300ms",
        ]),
    ];
    check_all(&cases.map(|case| case.flags(&NEVER_CLOSES)));
}

#[test]
fn ends_after_we_close() {
    let late = "timed out (--close-timeout)";
    let left = "we closed; the server just left";
    let cases = [
        Case::new("silence", |stage| stage.closing(), 5, late).flags(&["--close-timeout", "300ms"]),
        Case::new(
            "data without end",
            |stage| {
                let mut session = stage.closing();
                while session.try_send(&[b'~'; 10_000]) {}
            },
            5,
            late,
        )
        .flags(&["--close-timeout", "300ms"]),
        Case::new("a FIN", |stage| stage.closing().fin(), 0, left),
        Case::new("a reset", |stage| stage.closing().reset(), 0, left),
        Case::new(
            "a fatal alert",
            |stage| {
                let mut session = stage.closing();
                stage.forge(&mut session, ContentType::Alert, &[2, 80]);
                session
            },
            3,
            "the alert internal_error (80)",
        ),
        Case::new(
            "noise",
            |stage| {
                let mut socket = stage.closing().into_connection();
                socket.write_all(&[0xff; 100]).unwrap();
                socket
            },
            3,
            "TLS failed",
        ),
    ];
    check_all(&cases.map(|case| case.flags(&CLOSES_AT_ONCE)));
}

#[test]
fn messages_that_must_not_follow_a_handshake() {
    let message = |name: &str, kind, body: &[u8]| {
        let message = handshake(kind, body).unwrap();
        let server = move |stage: &mut Stage| {
            let mut session = stage.session();
            stage.forge(&mut session, ContentType::Handshake, &message);
            session
        };
        Case::new(name, server, 3, "TLS failed").flags(&NEVER_CLOSES)
    };
    check_all(&[
        message("a second Finished", 20, &[0; 32]),
        message("a HelloRequest", 0, &[]),
        message("a late CertificateRequest", 13, &[0; 8]),
        message("an empty ticket", 4, &[0; 13]),
        message("an invalid KeyUpdate", 24, &[7]),
    ]);
}
