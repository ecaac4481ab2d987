//! Servers that end a session badly after the handshake, or do not end it.

use std::io::Write as _;

use check::wire::End;
use rustls::ContentType;

use crate::case::{Case, check_all};
use crate::row::{Row, check_rows, row};

/// The client closes as soon as the greeting has arrived.
const CLOSES_AT_ONCE: [&str; 2] = ["--linger", "0s"];
/// The client never closes first.
const NEVER_CLOSES: [&str; 2] = ["--linger", "off"];

/// The server ends the session, or should do so.
pub fn rows() -> Vec<Row> {
    let truncated = "truncated: the server left without close_notify";
    let reset = "the server reset the connection after the handshake, so something may be missing";
    let clean = "closed cleanly, the server first; 2,048 bytes received";
    let rows = [
        row("close-answered", 0, clean).shows(2048).ends(End::CloseNotify),
        row("fin-instead-of-answer", 4, truncated).shows(0),
        row("reset-instead-of-answer", 6, reset).shows(0),
        row("cut-between-records", 4, truncated).shows(1024),
        row("cut-inside-a-record", 4, truncated).shows(1024),
        row("fin-after-body-without-length", 4, truncated).shows(2048),
        row("reset-after-half", 6, reset).shows(1024),
        row("fatal-alert-after-half", 3, "the alert internal_error (80)").shows(1024),
        row("silence-after-half", 5, "timed out (--idle-timeout)").shows(1024).flags(&[
            "--idle-timeout",
            "1s",
            "--close-timeout",
            "300ms",
        ]),
        row("close-notify-then-silence", 0, clean).shows(2048),
        row("close-notify-then-data", 0, clean).shows(2048),
        row("reset-after-close-notify", 0, clean).shows(2048),
    ];
    rows.map(|row| row.flags(&NEVER_CLOSES)).into()
}

#[test]
fn ends_before_we_close() {
    check_rows(&rows());
}

/// The server's behaviour after our close is not one of mio-check's cases: most clients never close first.
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
