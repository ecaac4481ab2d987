//! Clients that begin with other protocols, or with a wrong record.

use check::case::Version::Tls13;
use check::wire::End;
use rustls::AlertDescription as Alert;

use crate::case::{Case, check_all, row};

const FAILED: &str = "TLS failed";
const LONG: &str = "at most 65535 bytes";

/// The rows of this group. For a fatal alert, a long message and a flood, rustls sends no alert.
pub fn table() -> Vec<Case> {
    let alert = |name, alert, log| row(name, Tls13, End::Alert(alert), log);
    let decode_error = |name, log| alert(name, Alert::DecodeError, log);
    let unexpected = |name| alert(name, Alert::UnexpectedMessage, FAILED);
    let fin = |name, log| row(name, Tls13, End::Fin, log);
    vec![
        decode_error("http-first", "it speaks HTTP"),
        decode_error("ssh-first", "it speaks SSH"),
        decode_error("sslv2-first", "it speaks SSLv2"),
        decode_error("noise-first", "does not speak TLS: its first bytes are "),
        decode_error("noise-like-a-record", FAILED),
        unexpected("server-hello-first"),
        unexpected("key-update-first"),
        unexpected("data-first"),
        unexpected("change-cipher-spec-first"),
        decode_error("heartbeat-first", FAILED)
            .noted("the connection ended with the alert decode_error (50)"),
        decode_error("empty-hello", FAILED),
        fin("fatal-alert-first", "with the alert handshake_failure (40)"),
        fin("unknown-alert-first", "with the alert 200"),
        decode_error("long-record-first", FAILED)
            .noted("the connection ended with the alert decode_error (50)"),
        fin("message-of-65535", LONG).noted_as_fin(),
        fin("message-of-16-mb", LONG).noted_as_fin(),
        fin("half-a-message-then-another-type", FAILED).noted_as_fin(),
        fin("warnings-first", FAILED),
    ]
}

#[test]
fn first_words() {
    check_all(&table());
}
