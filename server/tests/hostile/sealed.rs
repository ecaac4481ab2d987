//! Encrypted records that only a client with the session's keys can send.
//!
//! The alerts are those of rustls. For an unknown type it sends decode_error, where RFC 8446 (5) has unexpected_message.
//! For a record of padding only (5.4) and for floods it sends no alert, and the server sends only a FIN.

use check::case::Version::{Tls12, Tls13};
use check::wire::End;
use check::wire::hello::ClientHello;
use rustls::AlertDescription as Alert;
use rustls::ContentType::Handshake;
use rustls::version::TLS12;
use testing::echo_server::EchoServer;

use crate::case::{Case, check_all, client_hello, greeted, row, rows};

const FAILED: &str = "TLS failed";
const DECODE_ERROR: &str = "the connection ended with the alert decode_error (50)";

/// The rows of this group.
pub fn table() -> Vec<Case> {
    let each = |name, alert, log| rows(name, End::Alert(alert), log);
    let both = [
        each("damaged-byte", Alert::BadRecordMac, "damaged in transit"),
        each("replayed-record", Alert::BadRecordMac, "300 bytes received"),
        each("long-plaintext", Alert::RecordOverflow, FAILED),
        each("wrong-verify-data", Alert::DecryptError, FAILED),
        each("data-instead-of-finished", Alert::UnexpectedMessage, FAILED),
        each("damaged-finished", Alert::BadRecordMac, "damaged in transit"),
        rows("empty-records-without-end", End::Fin, "TooManyEmptyFragments")
            .map(|case| case.noted("the server ends the session with a FIN without close_notify")),
        each("second-finished", Alert::UnexpectedMessage, FAILED),
        each("unknown-record-type", Alert::DecodeError, FAILED).map(|case| case.noted(DECODE_ERROR)),
    ];
    let modern = |name, alert| row(name, Tls13, End::Alert(alert), FAILED);
    let unexpected = |name| modern(name, Alert::UnexpectedMessage);
    let one = [
        unexpected("unknown-message"),
        unexpected("unasked-certificate"),
        unexpected("hello-request"),
        modern("invalid-key-update", Alert::IllegalParameter),
        unexpected("sealed-change-cipher-spec"),
        row("padding-only", Tls13, End::Fin, FAILED).noted_as_fin(),
        modern("alert-and-a-half", Alert::DecodeError),
        row("error-as-a-warning", Tls13, End::Alert(Alert::DecodeError), "handshake_failure (40)"),
        row("second-change-cipher-spec", Tls12, End::Alert(Alert::DecodeError), FAILED).noted(DECODE_ERROR),
        row("warnings-without-end", Tls12, End::Fin, FAILED)
            .noted("the server ends the session with a FIN without close_notify"),
    ];
    both.into_iter().flatten().chain(one).collect()
}

#[test]
fn sealed_records() {
    check_all(&table());
}

/// The server answers the first attempt with a warning, and the session continues (RFC 5246, 7.2.2).
fn renegotiates(server: &EchoServer) -> End {
    let (mut client, forge) = greeted(server, &TLS12);
    let hello = ClientHello::parse(&client_hello(server, &[&TLS12])).unwrap().message().unwrap();
    forge.next(Handshake, &hello);
    client.send(b"instead of this");
    assert!(client.try_round_trip(b"no_renegotiation is a warning"));
    forge.next(Handshake, &hello);
    client.send(b"instead of this");
    client.receive_to_end().1
}

#[test]
fn a_second_renegotiation_ends_the_session() {
    let log = "TooManyRenegotiationRequests";
    check_all(&[Case::new("two renegotiations", renegotiates, End::Fin, log)]);
}
