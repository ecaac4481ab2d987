//! The decoder reads whole sessions between two ends of rustls, from either end.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod support {
    pub mod conversation;
}

use decode::{Alert, Content, Protection, Record, Sealed};
use rustls::crypto::aws_lc_rs::ALL_CIPHER_SUITES;
use rustls::{AlertDescription, Side, SupportedCipherSuite};
use support::conversation::{Conversation, application_data, begin, decode, transcript, wire};
use testing::configs::{Configs, Shape, suite};

const SIDES: [Side; 2] = [Side::Client, Side::Server];

/// Runs a session with data in both directions and a clean end.
fn converse(configs: &Configs) -> Conversation {
    let mut conversation = begin(configs);
    conversation.exchange();
    conversation.send(Side::Client, b"hello");
    conversation.send(Side::Server, b"welcome!\n");
    conversation.close();
    conversation
}

/// Returns the records of a session. Asserts that both ends decode the same, that everything is decrypted, and that
/// no byte is missing.
fn records_of(conversation: &mut Conversation) -> Vec<Record> {
    let [client, server] = SIDES.map(|end| decode(end, &conversation.flights));
    assert_eq!(client, server);
    for sender in SIDES {
        let flights = conversation.flights.iter().filter(|flight| flight.sender == sender);
        assert_eq!(
            wire(sender, &client),
            flights.flat_map(|flight| flight.bytes.clone()).collect::<Vec<_>>()
        );
        assert_eq!(application_data(sender, &client), conversation.sent(sender));
    }
    let sealed: Vec<&Record> =
        client.iter().filter(|r| matches!(r.protection, Protection::Sealed(_))).collect();
    assert!(sealed.is_empty(), "{sealed:?}");
    client
}

fn described(shape: &Shape) -> Vec<String> {
    transcript(&records_of(&mut converse(&Configs::new(shape))))
}

const ENDS: [&str; 4] = ["C {data 5}", "S {data 9}", "C {alert CloseNotify}", "S {alert CloseNotify}"];

const TLS13: [&str; 7] = [
    "C ClientHello",
    "S ServerHello",
    "S ChangeCipherSpec",
    "S {EncryptedExtensions Certificate CertificateVerify Finished}",
    "C ChangeCipherSpec",
    "C {Finished}",
    "S {NewSessionTicket NewSessionTicket}",
];

const TLS12: [&str; 8] = [
    "C ClientHello",
    "S ServerHello Certificate ServerKeyExchange ServerHelloDone",
    "C ClientKeyExchange",
    "C ChangeCipherSpec",
    "C {Finished}",
    "S NewSessionTicket",
    "S ChangeCipherSpec",
    "S {Finished}",
];

#[test]
fn sessions_of_all_suites_are_decoded() {
    for &suite in ALL_CIPHER_SUITES {
        let shape = Shape { suite: Some(suite), resumption: true, ticketer: true, ..Shape::default() };
        let handshake: &[&str] = match suite {
            SupportedCipherSuite::Tls13(_) => &TLS13,
            SupportedCipherSuite::Tls12(_) => &TLS12,
        };
        let expected = [handshake, &ENDS].concat();
        assert_eq!(described(&shape), expected, "{suite:?}");
    }
}

#[test]
fn the_version_in_a_record_header_is_ignored() {
    for version in [[3, 1], [3, 0], [3, 0x7f], [0xfe, 0xfd], [0, 2]] {
        let mut conversation = converse(&Configs::new(&Shape::default()));
        let expected = transcript(&decode(Side::Client, &conversation.flights));
        for flight in &mut conversation.flights {
            let mut at = 0;
            while let Some([_, _, _, high, low]) = flight.bytes.get(at..at + 5) {
                let length = usize::from(u16::from_be_bytes([*high, *low]));
                flight.bytes[at + 1..at + 3].copy_from_slice(&version);
                at += 5 + length;
            }
        }
        for end in SIDES {
            assert_eq!(transcript(&decode(end, &conversation.flights)), expected, "{version:x?}");
        }
    }
}

#[test]
fn a_hello_retry_request_changes_no_keys_and_has_its_own_name() {
    let lines = described(&Shape { retry: true, ..Shape::default() });
    assert_eq!(
        lines[..5],
        ["C ClientHello", "S HelloRetryRequest", "S ChangeCipherSpec", "C ChangeCipherSpec", "C ClientHello",]
    );
    assert_eq!(lines[5..7], ["S ServerHello", TLS13[3]]);
}

#[test]
fn resumed_sessions_are_decoded() {
    let tls13 = ["S ServerHello", "S ChangeCipherSpec", "S {EncryptedExtensions Finished}"];
    let tls12 = ["S ServerHello", "S ChangeCipherSpec", "S {Finished}"];
    let with_ticket = ["S ServerHello", "S NewSessionTicket", "S ChangeCipherSpec", "S {Finished}"];
    for (name, ticketer, expected) in [
        ("TLS13_AES_256_GCM_SHA384", false, tls13.as_slice()),
        ("TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", false, &tls12),
        ("TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", true, &with_ticket),
    ] {
        let shape = Shape { suite: suite(name), resumption: true, ticketer, ..Shape::default() };
        let configs = Configs::new(&shape);
        records_of(&mut converse(&configs));
        let resumed = transcript(&records_of(&mut converse(&configs)));
        let expected = [&["C ClientHello"], expected, &["C ChangeCipherSpec", "C {Finished}"]].concat();
        assert_eq!(resumed[..expected.len()], expected, "{name}");
    }
}

#[test]
fn a_key_update_changes_the_keys_of_its_direction() {
    for name in ["TLS13_AES_128_GCM_SHA256", "TLS13_AES_256_GCM_SHA384", "TLS13_CHACHA20_POLY1305_SHA256"] {
        let configs = Configs::new(&Shape { suite: suite(name), ..Shape::default() });
        let mut conversation = begin(&configs);
        conversation.exchange();
        for round in 0..3 {
            for side in SIDES {
                match conversation.tls(side) {
                    rustls::Connection::Client(tls) => tls.refresh_traffic_keys().unwrap(),
                    rustls::Connection::Server(tls) => tls.refresh_traffic_keys().unwrap(),
                }
                conversation.send(side, format!("round {round}").as_bytes());
                conversation.send(Side::Client, b"on");
                conversation.send(Side::Server, b"off");
            }
        }
        conversation.close();
        let lines = transcript(&records_of(&mut conversation));
        let updates =
            |sender: &str| lines.iter().filter(|line| **line == format!("{sender} {{KeyUpdate}}")).count();
        assert_eq!((updates("C"), updates("S")), (6, 6), "{lines:?}");
    }
}

// ---- sessions that fail --------------------------------------------------------------------------------------

/// Returns the description and the level of the alert in the last record.
fn last_alert(conversation: &Conversation) -> (String, u8) {
    let records = decode(Side::Server, &conversation.flights);
    let Content::Alert(Alert { level, .. }) = records.last().unwrap().content else {
        panic!("{records:?}");
    };
    (transcript(&records).pop().unwrap(), level)
}

#[test]
fn an_alert_is_decrypted_with_the_current_keys_of_its_sender() {
    for (name, alert) in [
        ("TLS13_AES_256_GCM_SHA384", "C {alert UnknownCA}"),
        ("TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "C alert UnknownCA"),
    ] {
        let shape = Shape { suite: suite(name), distrust: true, ..Shape::default() };
        let mut conversation = begin(&Configs::new(&shape));
        conversation.exchange();
        assert_eq!(
            conversation.error(Side::Server),
            Some(&rustls::Error::AlertReceived(AlertDescription::UnknownCA))
        );
        assert_eq!(last_alert(&conversation), (alert.to_owned(), 2));
    }
}

#[test]
fn an_alert_before_the_keys_is_in_clear_text() {
    let server = Configs::new(&Shape { suite: suite("TLS13_AES_128_GCM_SHA256"), ..Shape::default() }).server;
    let client = Configs::new(&Shape { suite: suite("TLS13_AES_256_GCM_SHA384"), ..Shape::default() });
    let mut conversation = begin(&Configs { server, ..client });
    conversation.exchange();
    assert_eq!(last_alert(&conversation), ("S alert HandshakeFailure".to_owned(), 2));
}

#[test]
fn a_changed_record_does_not_open_but_the_next_one_does() {
    for suite in ALL_CIPHER_SUITES {
        let mut conversation = begin(&Configs::new(&Shape { suite: Some(*suite), ..Shape::default() }));
        conversation.exchange();
        conversation.send(Side::Client, b"one");
        let changed = conversation.flights.len() - 1;
        conversation.send(Side::Client, b"two");
        *conversation.flights[changed].bytes.last_mut().unwrap() ^= 1;
        let records = decode(Side::Server, &conversation.flights);
        let [.., one, two] = &records[..] else { panic!("{records:?}") };
        assert_eq!(one.protection, Protection::Sealed(Sealed::DoesNotOpen));
        assert_eq!((&one.content, two.payload()), (&Content::Hidden, &b"two"[..]));
    }
}

#[test]
fn without_secrets_encrypted_records_stay_sealed() {
    for name in ["TLS13_AES_256_GCM_SHA384", "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"] {
        let configs = Configs::new(&Shape { suite: suite(name), ..Shape::default() });
        let mut conversation = converse(&configs);
        conversation.flights.iter_mut().for_each(|flight| flight.learnt.clear());
        let records = decode(Side::Server, &conversation.flights);
        let opened = |record: &&Record| matches!(record.protection, Protection::Opened { .. });
        assert_eq!(records.iter().filter(opened).count(), 0);
        let sealed = records.iter().filter(|record| record.is_encrypted());
        let sealed: Vec<&Record> = sealed.collect();
        assert!(sealed.len() >= 6, "{sealed:?}");
        for record in sealed {
            assert_eq!(record.protection, Protection::Sealed(Sealed::NoSecret));
            assert_eq!((&record.content, record.payload()), (&Content::Hidden, &record.wire[5..]));
        }
    }
}

// ---- early data --------------------------------------------------------------------------------------------

/// Returns the records of a session with early data, as the client and as the server decode them. The server `second`
/// resumes a session of another server.
fn early(second: &Shape) -> [Vec<Record>; 2] {
    let shape = Shape { resumption: true, early_data: 1000, ..Shape::default() };
    let first = Configs::new(&shape);
    converse(&first);
    let mut server = Configs::new(second).server;
    server.session_storage = first.server.session_storage.clone();
    let configs = Configs { server, ..first };
    let mut conversation = begin(&configs);
    conversation.send_early_data(b"too early");
    conversation.exchange();
    conversation.send(Side::Server, b"welcome!\n");
    conversation.close();
    assert_eq!(conversation.error(Side::Server), None);
    SIDES.map(|end| decode(end, &conversation.flights))
}

#[test]
fn early_data_stays_sealed_without_its_secret_and_later_records_are_decrypted() {
    let early_data = Shape { resumption: true, early_data: 1000, ..Shape::default() };
    for (shape, sealed) in [
        (early_data.clone(), 2), // the early data, and EndOfEarlyData after it
        (Shape { early_data: 0, ..early_data.clone() }, 1),
        (Shape { retry: true, ..early_data }, 1),
    ] {
        // The support of these tests drops the secret that the client has for early data.
        let [records, _] = early(&shape);
        let hidden = records.iter().filter(|record| record.content == Content::Hidden);
        let hidden: Vec<_> = hidden.map(|record| (record.sender, record.protection.clone())).collect();
        assert_eq!(hidden, vec![(Side::Client, Protection::Sealed(Sealed::NoSecret)); sealed], "{shape:?}");
        let lines = transcript(&records);
        assert!(lines.contains(&"C {Finished}".to_owned()), "{lines:?}");
        assert_eq!(
            lines[lines.len() - 3..],
            ["S {data 9}", "C {alert CloseNotify}", "S {alert CloseNotify}"]
        );
    }
}

#[test]
fn early_data_is_decrypted_with_its_secret() {
    for name in ["TLS13_AES_128_GCM_SHA256", "TLS13_AES_256_GCM_SHA384", "TLS13_CHACHA20_POLY1305_SHA256"] {
        let shape = Shape { suite: suite(name), resumption: true, early_data: 1000, ..Shape::default() };
        let configs = Configs::new(&shape);
        converse(&configs);
        let mut conversation = begin(&configs);
        for text in [&b"too early"[..], b"still too early"] {
            conversation.send_early_data(text);
        }
        conversation.exchange();
        conversation.send(Side::Server, b"welcome!\n");
        conversation.close();
        let records = decode(Side::Server, &conversation.flights);
        assert_eq!(
            transcript(&records),
            [
                "C ClientHello",
                "C ChangeCipherSpec",
                "C {data 9}",
                "C {data 15}",
                "S ServerHello",
                "S ChangeCipherSpec",
                "S {EncryptedExtensions Finished}",
                "C {EndOfEarlyData}",
                "C {Finished}",
                "S {NewSessionTicket NewSessionTicket}",
                "S {data 9}",
                "C {alert CloseNotify}",
                "S {alert CloseNotify}"
            ]
        );
        let sequence = |record: &Record| record.sealing.map(|sealing| sealing.sequence);
        let numbers: Vec<_> =
            records.iter().filter(|r| r.sender == Side::Client).filter_map(sequence).collect();
        assert_eq!(numbers, [0, 1, 2, 0, 0], "three records of early data, and one under each later key");
        let mut encrypted = records.iter().filter(|record| record.sealing.is_some());
        assert!(encrypted.all(Record::is_sealed_by_tls13), "early data comes before the version is chosen");
    }
}
