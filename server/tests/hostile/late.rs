//! Clients that let the server wait.

use check::case::Version::{Tls12, Tls13};
use testing::peer::End;

use crate::case::{Case, Waited, check_all, row};

const FIN: &str = " s, then a FIN without close_notify";
const HANDSHAKE: &str = "timed out (--handshake-timeout)";
const WRITE: &str = "timed out (--write-timeout)";

/// The rows of clients that let the server wait. The well-behaved client after each of them has the same timeout.
pub fn table() -> Vec<Case> {
    vec![
        handshake("silent-client", "sent nothing for 3s and was disconnected"),
        handshake("slow-handshake", HANDSHAKE),
        handshake("half-a-hello", HANDSHAKE).also_logs(&[" bytes of its ClientHello; "]),
        handshake("hello-and-silence", HANDSHAKE)
            .also_logs(&["the client had sent its ClientHello and nothing after it; "]),
        row("hello-and-silence", Tls12, End::Fin, HANDSHAKE).noted(FIN).flags(&["--handshake-timeout", "3s"]),
        // rustls ignores a warning before it knows the version. Some versions of rustls then wanted neither to read
        // nor to write (CVE-2024-32650), and a loop that relied on that alone was busy for ever.
        handshake("warning-and-silence", HANDSHAKE),
        late(
            "idle-session",
            End::CloseNotify,
            "timed out (--idle-timeout)",
            " s, then close_notify; a FIN after ",
        )
        .flags(&["--idle-timeout", "1s"]),
        late(
            "unanswered-close",
            End::CloseNotify,
            "closed cleanly, the client first; 300 bytes received",
            " s, then close_notify; a FIN after ",
        ),
        late("unread-answer-deadline", (), WRITE, " s, then a reset").flags(&["--write-timeout", "500ms"]),
        late("slow-reader", (), WRITE, " s, then a reset").flags(&["--write-timeout", "500ms"]),
    ]
}

fn late(name: &'static str, end: impl Waited, log: &'static str, value: &str) -> Case {
    row(name, Tls13, end, log).noted(value)
}

fn handshake(name: &'static str, log: &'static str) -> Case {
    late(name, End::Fin, log, FIN).flags(&["--handshake-timeout", "3s"])
}

#[test]
fn clients_that_let_the_server_wait() {
    check_all(&table());
}
