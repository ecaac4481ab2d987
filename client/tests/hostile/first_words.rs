//! Servers that send other protocols, stay silent, or do not finish the handshake.

use crate::row::{Row, check_rows, row};

/// Answers that are not a handshake.
pub fn answers() -> Vec<Row> {
    let rows = [
        row("http-answer", 3, "it speaks HTTP"),
        row("ssh-answer", 3, "it speaks SSH"),
        row("smtp-answer", 3, "465 for SMTP or 990 for FTP, or use --starttls smtp"),
        row("noise-answer", 3, "does not speak TLS: its first bytes are "),
        row("client-hello-answer", 3, "TLS failed"),
        row("data-before-handshake", 3, "TLS failed: received unexpected message: got ApplicationData"),
        row("empty-server-hello", 3, "TLS failed"),
        row("too-long-record", 3, "TLS failed: received corrupt message of type MessageTooLarge"),
        row("message-of-16-mb", 3, "at most 65535 bytes"),
        row("empty-handshake-records", 3, "TLS failed"),
        row("change-cipher-specs", 3, "TLS failed"),
        row("warning-alerts", 3, "TLS failed: peer misbehaved: TooManyWarningAlertsReceived"),
        row(
            "tls-1.1-only",
            3,
            "the server chose TLS 1.1, which is obsolete (RFC 8996); we allow TLS 1.3, TLS 1.2",
        ),
        row("suite-not-offered", 3, "TLS failed: peer misbehaved: SelectedUnofferedCipherSuite"),
        row("fatal-alert-answer", 3, "the alert handshake_failure (40)"),
    ];
    rows.map(|row| row.shows(0)).into()
}

/// Handshakes that end too early, or never.
pub fn handshakes() -> Vec<Row> {
    let truncated = "truncated: the server left before the handshake was done";
    let reset = "the server reset the connection during the handshake; the server had sent ";
    let late = "timed out (--handshake-timeout): the handshake did not finish";
    let soon = ["--handshake-timeout", "500ms"];
    let rows = [
        row("fin-on-accept", 4, truncated),
        row("fin-after-client-hello", 4, truncated),
        row("fin-inside-flight", 4, truncated),
        // Of the session, or of the connection attempt, in the system's words.
        row("reset-on-accept", 6, " reset"),
        row("reset-after-client-hello", 6, reset),
        row("reset-inside-flight", 6, reset),
        row("damaged-flight", 3, "the record was damaged in transit"),
        row("close-notify-in-handshake", 4, truncated),
        row("close-notify-in-handshake-then-silence", 5, late).flags(&soon),
        // Waiting for the server is not a handshake: --handshake-timeout is shorter, but does not run yet.
        row("silent-server", 5, "timed out (--wait-timeout)").flags(&[
            "--wait-timeout",
            "300ms",
            "--handshake-timeout",
            "100ms",
        ]),
        row(
            "half-a-server-hello",
            5,
            "(--handshake-timeout): the handshake did not finish; the server had sent 5 of the 122 bytes of its ServerHello",
        )
        .flags(&soon),
        // A byte comes every 500 ms. The deadline does not move.
        row("slow-handshake", 5, late).flags(&["--handshake-timeout", "1200ms"]),
    ];
    rows.map(|row| row.shows(0)).into()
}

#[test]
fn answers_that_are_not_a_handshake() {
    check_rows(&answers());
}

#[test]
fn handshakes_that_end_too_early_or_never() {
    check_rows(&handshakes());
}
