//! Encrypted records that only a client with the session's keys can send.
//!
//! The alerts are those of rustls. For an unknown type it sends decode_error, where RFC 8446 (5) has unexpected_message.
//! For a record of padding only (5.4) and for floods it sends no alert, and the server sends only a FIN.

use check::wire::Forge;
use check::wire::hello::{ClientHello, handshake};
use rustls::AlertDescription as Alert;
use rustls::ContentType;
use rustls::SupportedProtocolVersion;
use rustls::version::{TLS12, TLS13};
use testing::echo_server::EchoServer;
use testing::peer::End;
use testing::peer::TlsClient;

use crate::case::{Case, VERSIONS, alert, check_all, client_hello, forger, greeted, greeted_then};

use ContentType::{Alert as AlertRecord, ApplicationData, ChangeCipherSpec, Handshake};

/// A client that sends one forged record after the greeting.
fn one_record(
    name: &str,
    version: &'static SupportedProtocolVersion,
    kind: ContentType,
    content: Vec<u8>,
    end: End,
    log: &'static str,
) -> Case {
    let act = move |client: &mut TlsClient, forge: &Forge| {
        forge.next(kind, &content);
        client.send(b"instead of this");
    };
    greeted_then(name, version, act, end, log)
}

const FIN: End = End::Fin;
const FAILED: &str = "TLS failed";

#[test]
fn messages_that_must_not_follow_a_handshake_in_tls_1_3() {
    let one = |name, kind, content, end, log| one_record(name, &TLS13, kind, content, end, log);
    let message = |name, kind, end| one(name, Handshake, handshake(kind, &[0; 32]).unwrap(), end, FAILED);
    let unexpected = alert(Alert::UnexpectedMessage);
    let decode = alert(Alert::DecodeError);
    check_all(&[
        message("a second Finished", 20, unexpected.clone()),
        message("a Certificate", 11, decode.clone()),
        message("an unknown message", 99, unexpected.clone()),
        one("a HelloRequest", Handshake, handshake(0, &[]).unwrap(), unexpected.clone(), FAILED),
        one(
            "an invalid KeyUpdate",
            Handshake,
            handshake(24, &[2]).unwrap(),
            alert(Alert::IllegalParameter),
            FAILED,
        ),
        one("an encrypted ChangeCipherSpec", ChangeCipherSpec, vec![1], unexpected.clone(), FAILED),
        one("a record of an unknown type", ContentType::Unknown(99), vec![1], decode.clone(), FAILED),
        one("a record of padding only", ContentType::Unknown(0), vec![0; 100], FIN, FAILED),
        one("an alert and a half", AlertRecord, vec![2, 40, 2], decode.clone(), FAILED),
        one("a warning", AlertRecord, vec![1, 40], decode.clone(), "handshake_failure (40)"),
    ]);
}

#[test]
fn messages_that_must_not_follow_a_handshake_in_tls_1_2() {
    let one = |name, kind, content, end, log| one_record(name, &TLS12, kind, content, end, log);
    let unexpected = alert(Alert::UnexpectedMessage);
    let decode = alert(Alert::DecodeError);
    check_all(&[
        one("a second Finished", Handshake, handshake(20, &[0; 12]).unwrap(), unexpected.clone(), FAILED),
        one("a ChangeCipherSpec", ChangeCipherSpec, vec![1], decode.clone(), FAILED),
        one("a record of an unknown type", ContentType::Unknown(99), vec![1], decode.clone(), FAILED),
        Case::new("two renegotiations", renegotiates, FIN, "TooManyRenegotiationRequests"),
        greeted_then(
            "warnings without end",
            &TLS12,
            |client, forge| {
                for _ in 0..100 {
                    forge.next(AlertRecord, &[1, 90]);
                    if !client.try_send(b"instead of this") {
                        return;
                    }
                }
            },
            FIN,
            FAILED,
        ),
    ]);
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
fn wrong_records_in_both_versions() {
    let mut cases = Vec::new();
    for (name, version) in VERSIONS {
        let called = |what: &str| format!("{what}, {name}");
        let one = |what, kind, content, end, log| one_record(&called(what), version, kind, content, end, log);
        cases.extend([
            one(
                "too much in one record",
                ApplicationData,
                vec![0; 16_385],
                alert(Alert::RecordOverflow),
                FAILED,
            ),
            one("a fatal alert", AlertRecord, vec![2, 80], FIN, "with the alert internal_error (80)"),
            greeted_then(
                called("a damaged byte"),
                version,
                |client, _| {
                    let mut record = client.seal(b"good");
                    record[20] ^= 1;
                    client.write_raw(&record);
                },
                alert(Alert::BadRecordMac),
                "damaged in transit",
            ),
            greeted_then(
                called("the same record twice"),
                version,
                |client, _| {
                    let record = client.seal(b"again");
                    client.write_raw(&record.repeat(2));
                },
                alert(Alert::BadRecordMac),
                "5 bytes received",
            ),
            greeted_then(
                called("empty records without end"),
                version,
                |client, forge| {
                    let records = (0..2_000).flat_map(|_| {
                        forge.next(ApplicationData, &[]);
                        client.seal(b"x")
                    });
                    let records: Vec<u8> = records.collect();
                    client.write_raw(&records);
                },
                FIN,
                "TooManyEmptyFragments",
            ),
        ]);
    }
    check_all(&cases);
}

#[test]
fn a_few_key_updates_are_accepted_and_a_thousand_are_not() {
    let updates = |count, name: &str, end, log| {
        let act = move |client: &mut TlsClient, _: &Forge| {
            for _ in 0..count {
                client.update_keys();
            }
            let records = client.outgoing();
            client.write_raw(&records);
            if count < 32 {
                assert!(client.try_round_trip(b"with new keys"));
                client.close_notify();
            }
        };
        greeted_then(name, &TLS13, act, end, log)
    };
    check_all(&[
        updates(30, "thirty key updates", End::CloseNotify, "13 bytes received"),
        updates(1000, "a thousand key updates", FIN, "TooManyKeyUpdateRequests"),
    ]);
}

/// A client that alters its first encrypted record, the Finished.
fn instead_of_finished(
    name: &str,
    version: &'static SupportedProtocolVersion,
    alteration: fn(ContentType, Vec<u8>) -> (ContentType, Vec<u8>),
    end: Alert,
) -> Case {
    let client = move |server: &EchoServer| {
        let (client, forge) = forger(server, version);
        forge.alter_next(alteration);
        end_of_handshake(client)
    };
    Case::new(name, client, alert(end), FAILED)
}

/// The end of a session whose handshake must fail. In TLS 1.3 the client finishes before the server checks.
fn end_of_handshake(mut client: TlsClient) -> End {
    client.handshake().map_or_else(|error| End::of(&error), |()| client.receive_to_end().1)
}

#[test]
fn a_wrong_finished() {
    let mut cases = Vec::new();
    for (name, version) in VERSIONS {
        let called = |what: &str| format!("{what}, {name}");
        cases.extend([
            instead_of_finished(
                &called("wrong verify_data"),
                version,
                |kind, mut content| {
                    *content.last_mut().unwrap() ^= 1;
                    (kind, content)
                },
                Alert::DecryptError,
            ),
            instead_of_finished(
                &called("data"),
                version,
                |_, _| (ApplicationData, b"hello".to_vec()),
                Alert::UnexpectedMessage,
            ),
            Case::new(
                called("damaged ciphertext"),
                move |server| {
                    let (mut client, _) = forger(server, version);
                    let mut flight = client.second_flight();
                    *flight.last_mut().unwrap() ^= 1;
                    client.write_raw(&flight);
                    end_of_handshake(client)
                },
                alert(Alert::BadRecordMac),
                "damaged in transit",
            ),
        ]);
    }
    check_all(&cases);
}
