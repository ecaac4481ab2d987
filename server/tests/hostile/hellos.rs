//! Unusual and invalid ClientHellos, and wrong records behind them.

use check::case::Version::{Tls12, Tls13};
use check::wire::End;
use rustls::AlertDescription as Alert;

use crate::case::{Case, check_all, row, rows};

const FAILED: &str = "TLS failed";
const TLS_1_0: &str = "TLS failed: no version in common: the client offers TLS 1.0, which is obsolete (RFC 8996); \
                       we allow TLS 1.3, TLS 1.2";
const TLS_1_1: &str = "TLS failed: no version in common: the client offers TLS 1.1, which is obsolete (RFC 8996); \
                       we allow TLS 1.3, TLS 1.2";
/// The client has had its answer, and leaves without close_notify.
const SERVED: &str = "300 bytes received";

/// The rows of this group.
pub fn table() -> Vec<Case> {
    let modern = |name, alert, log| row(name, Tls13, End::Alert(alert), log);
    let early = |name| row(name, Tls12, End::Alert(Alert::UnexpectedMessage), FAILED);
    let one = [
        modern("tls-1.0-only", Alert::ProtocolVersion, TLS_1_0),
        modern("tls-1.1-only", Alert::HandshakeFailure, TLS_1_1)
            .noted("the connection ended with the alert handshake_failure (40)"),
        modern("only-tls-1.0-in-supported-versions", Alert::ProtocolVersion, TLS_1_0),
        modern(
            "no-common-suite",
            Alert::HandshakeFailure,
            "no cipher suite in common: the client offers 0x7f7f; we allow TLS_AES_256_GCM_SHA384, ",
        ),
        modern(
            "no-common-group",
            Alert::HandshakeFailure,
            "no key exchange group in common: the client offers 0x7f7f; we allow X25519MLKEM768, ",
        ),
        modern("invalid-key-share", Alert::IllegalParameter, FAILED),
        modern("incomplete-extension", Alert::DecodeError, FAILED),
        row("hello-retry-request", Tls13, (), SERVED),
        row("odd-server-names", Tls13, (), FAILED).noted(
            "served: no name, an unknown name, a dot at the end; \
             255 bytes: refused with the alert illegal_parameter (47)",
        ),
        row("no-common-alpn", Tls13, (), "0 bytes received").noted("the server ignores ALPN"),
        row("early-data-unasked", Tls13, (), SERVED),
        modern("early-data-without-end", Alert::BadRecordMac, "damaged in transit"),
        row("change-cipher-spec-in-the-handshake", Tls13, (), SERVED),
        modern("change-cipher-spec-late", Alert::UnexpectedMessage, FAILED),
        row("renegotiation", Tls12, (), SERVED),
        early("finished-before-keys"),
        early("data-before-keys"),
        early("change-cipher-spec-early"),
        modern("hello-twice", Alert::BadRecordMac, "damaged in transit")
            .noted("the connection ended with the alert bad_record_mac (20)"),
        row("hello-twice", Tls12, End::Alert(Alert::UnexpectedMessage), FAILED),
    ];
    let alert = rows("fatal-alert-in-the-handshake", End::Fin, "with the alert internal_error (80)");
    one.into_iter().chain(alert).collect()
}

#[test]
fn hellos() {
    check_all(&table());
}
