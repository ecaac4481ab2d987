//! Clients that end a session too early, too late, or twice, and alerts.

use check::case::Version::Tls13;
use check::wire::End;
use rustls::AlertDescription as Alert;

use crate::case::{Case, VERSIONS, check_all, forger, row, rows};

const LINE: &str = "closed cleanly, the client first; 64 bytes received";
const MEGABYTE: &str = "closed cleanly, the client first; 1,048,576 bytes received";
const TRUNCATED: &str = "truncated: the client left without close_notify";
const UNFINISHED: &str = "truncated: the client left before the handshake was done";
const RESET: &str = "the client reset the connection after the handshake, so something may be missing";
const RESET_EARLY: &str = "the client reset the connection during the handshake; the client had sent its ClientHello and nothing after it";

/// The rows of ends without an error.
pub fn ends() -> Vec<Case> {
    let each = [
        rows(
            "close-notify-answered",
            End::CloseNotify,
            "closed cleanly, the client first; 300 bytes received",
        ),
        rows("close-notify-first", End::CloseNotify, "closed cleanly, the client first; 0 bytes received"),
        rows("close-behind-data", End::CloseNotify, MEGABYTE),
        rows("close-and-fin", End::CloseNotify, MEGABYTE),
        rows("bytes-behind-close-notify", End::CloseNotify, MEGABYTE),
        rows("data-behind-close-notify", End::CloseNotify, LINE),
        rows("close-notify-twice", End::CloseNotify, LINE),
        rows("fin-without-close-notify", End::Fin, TRUNCATED)
            .map(|case| case.noted("the message was answered, and then came a FIN without close_notify")),
        rows("fin-inside-a-record", End::Fin, TRUNCATED)
            .map(|case| case.noted("the connection ended with a FIN without close_notify")),
        rows("fin-behind-the-hello", End::Fin, UNFINISHED),
        rows("fin-inside-the-handshake", End::Fin, UNFINISHED),
        rows("reset-inside-the-handshake", (), RESET_EARLY),
        rows("reset-behind-the-handshake", (), RESET),
        rows("reset-inside-the-answer", (), RESET),
    ];
    let hello =
        row("reset-inside-the-hello", Tls13, (), "the client reset the connection during the handshake");
    each.into_iter().flatten().chain([hello]).collect()
}

/// The rows of ends with an alert.
pub fn alerts() -> Vec<Case> {
    let one = |name, alert, log| row(name, Tls13, End::Alert(alert), log);
    let readable = [
        one("alert-readable-bad-record", Alert::BadRecordMac, "damaged in transit"),
        one("alert-readable-bad-message", Alert::DecodeError, "TLS failed"),
        one(
            "alert-readable-old-version",
            Alert::ProtocolVersion,
            "the client offers TLS 1.0, which is obsolete",
        ),
        one("alert-readable-long-record", Alert::DecodeError, "TLS failed"),
        one("alert-readable-while-sending", Alert::BadRecordMac, "damaged in transit"),
    ];
    let peers = rows("peers-fatal-alert", End::Fin, "with the alert internal_error (80)");
    readable.into_iter().chain(peers).collect()
}

#[test]
fn ends_of_sessions() {
    check_all(&ends());
}

#[test]
fn alerts_can_be_read() {
    check_all(&alerts());
}

/// In TLS 1.2 the client cannot seal close_notify before the server's Finished.
#[test]
fn the_last_flight_and_a_fin_at_once() {
    check_all(&VERSIONS.map(|(name, version)| {
        Case::new(
            name,
            move |server| {
                let (mut client, _) = forger(server, version);
                let mut bytes = client.second_flight();
                if name == "TLS 1.3" {
                    bytes.extend(client.seal_close_notify());
                }
                client.write_raw(&bytes);
                client.fin();
                let (greeting, end) = client.receive_to_end();
                assert_eq!(greeting, b"welcome!\n");
                assert_eq!(end == End::CloseNotify, name == "TLS 1.3");
            },
            (),
            "connected: ",
        )
    }));
}
