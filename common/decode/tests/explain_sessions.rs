//! Explanations of every record and message of sessions of rustls.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

mod support {
    pub mod conversation;
    pub mod tree;
}

use decode::explain::{self, Field};
use decode::{Content, Record};
use rustls::{HandshakeType, Side};
use support::conversation::{Flight, begin, decode};
use support::tree::{are_nested, are_readable, cover, text, wrong};
use testing::configs::{Configs, Shape, suite};

/// Returns the records of a session with data in both directions and a clean end.
fn session(configs: &Configs) -> Vec<Record> {
    let mut conversation = begin(configs);
    conversation.exchange();
    conversation.send(Side::Client, b"hello\n");
    conversation.close();
    decode(Side::Client, &conversation.flights)
}

fn shaped(shape: Shape) -> Vec<Record> {
    session(&Configs::new(&shape))
}

/// Asserts that every byte of a session is explained, and that no field is malformed or unknown.
fn assert_explained(records: &[Record]) {
    for record in records {
        let length = record.payload().len();
        let content = explain::content(record);
        let content = (!matches!(record.content, Content::Handshake(_))).then_some((content, length));
        let messages = record.messages().map(|message| (explain::message(message), message.bytes.len()));
        for (fields, length) in messages.chain(content).chain([(explain::header(record), 5)]) {
            assert_eq!(wrong(&fields), [""; 0], "{}", text(&fields));
            are_nested(&fields, &(0..length));
            cover(&fields, length);
            are_readable(&fields);
            assert!(!text(&fields).contains("unknown"), "{}", text(&fields));
        }
    }
}

/// Returns the text of all messages, without the places and without random values.
fn messages(records: &[Record], sender: Side) -> String {
    let records = records.iter().filter(|record| record.sender == sender);
    let all = records.flat_map(Record::messages).filter(|message| message.kind != HandshakeType::ClientHello);
    all.map(|message| masked(&text(&explain::message(message)))).collect::<Vec<_>>().join("\n")
}

/// Masks random values. Also masks the lengths around a certificate, because its serial number may be a byte shorter.
fn masked(text: &str) -> String {
    let mut masked = String::new();
    for line in text.lines() {
        let (place, rest) = line.trim_start().split_once(' ').unwrap();
        let indent = line.len() - place.len() - rest.len() - 1;
        masked += &" ".repeat(indent);
        let words = rest.split(' ').map(|word| match word.trim_start_matches("0x") {
            length if length.parse().is_ok_and(|length: u32| (200..1000).contains(&length)) => "#",
            hex if hex.len() >= 8 && hex.bytes().all(|byte| byte.is_ascii_hexdigit()) => "#",
            hex if hex.ends_with('…') => "#…",
            _ => word,
        });
        masked += &words.collect::<Vec<_>>().join(" ");
        masked.push('\n');
    }
    masked
}

#[test]
fn every_byte_of_every_shape_of_session_is_explained() {
    let tls12 = suite("TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256");
    for shape in [
        Shape::default(),
        Shape { retry: true, ..Shape::default() },
        Shape { mutual: true, ..Shape::default() },
        Shape { suite: tls12, ..Shape::default() },
        Shape { suite: tls12, mutual: true, ticketer: true, resumption: true, ..Shape::default() },
        Shape { suite: suite("TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256"), ..Shape::default() },
    ] {
        assert_explained(&shaped(shape));
    }
}

#[test]
fn resumed_sessions_with_early_data_are_explained() {
    for suite in [None, suite("TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256")] {
        let configs = Configs::new(&Shape { suite, resumption: true, ticketer: true, ..Shape::default() });
        session(&configs);
        let again = session(&configs);
        assert_explained(&again);
        assert!(!messages(&again, Side::Server).contains("msg_type: certificate"));
    }
    let configs = Configs::new(&Shape { resumption: true, early_data: 1000, ..Shape::default() });
    session(&configs);
    let mut conversation = begin(&configs);
    conversation.send_early_data(b"early");
    conversation.exchange();
    let records = decode(Side::Server, &conversation.flights);
    assert_explained(
        &records.into_iter().filter(|record| record.content != Content::Hidden).collect::<Vec<_>>(),
    );
}

#[test]
fn the_messages_of_both_versions_have_the_expected_trees() {
    let shape = Shape { mutual: true, resumption: true, ..Shape::default() };
    let tls12 = suite("TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256");
    let tls13 = suite("TLS13_AES_128_GCM_SHA256");
    for (shape, tree) in [
        (
            Shape { suite: tls12, ticketer: true, ..shape.clone() },
            include_str!("explained/tls12_session.txt"),
        ),
        (Shape { suite: tls13, retry: true, ..shape }, include_str!("explained/tls13_session.txt")),
    ] {
        let records = shaped(shape);
        let both = [Side::Server, Side::Client].map(|side| messages(&records, side));
        assert_eq!(both.join("\n"), tree);
    }
}

#[test]
fn records_without_handshake_messages_are_explained() {
    let shown = |fields: &[Field]| text(fields).lines().map(str::to_owned).collect::<Vec<_>>();
    let records = shaped(Shape::default());
    assert_eq!(
        shown(&explain::header(&records[0])),
        [
            "0..1 type: handshake (22)",
            "1..3 legacy_record_version: TLS 1.0 (0x0301)",
            &format!("3..5 length: {} bytes", records[0].payload().len()),
        ]
    );
    assert_eq!(shown(&explain::content(&records[0])), [""; 0]);
    let find = |wanted: fn(&Content) -> bool| records.iter().find(|record| wanted(&record.content)).unwrap();
    let data = find(|content| matches!(content, Content::ApplicationData(_)));
    assert_eq!(shown(&explain::content(data)), [r"0..6 application_data: 6 bytes: hello\n"]);
    assert_eq!(shown(&explain::header(data))[0], "0..1 type: application_data (23)");
    let change = find(|content| *content == Content::ChangeCipherSpec);
    assert_eq!(shown(&explain::content(change)), ["0..1 type: change_cipher_spec (1)"]);
    let alert = find(|content| matches!(content, Content::Alert(_)));
    let fields = explain::content(alert);
    assert_eq!(shown(&fields), ["0..1 level: warning (1)", "1..2 description: close_notify (0)"]);
    assert!(fields[1].says.contains("has finished sending"));
}

#[test]
fn a_session_of_tls_1_2_is_explained_without_tls_1_3() {
    for name in ["TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256"] {
        let records = shaped(Shape { suite: suite(name), mutual: true, ..Shape::default() });
        let hello = text(&explain::message(records[0].messages().next().unwrap()));
        assert!(hello.contains(" client_version: TLS 1.2 (0x0303)") && !hello.contains("legacy_"), "{hello}");
        for record in records {
            let messages = record.messages().map(explain::message);
            let fields: Vec<Vec<Field>> = [explain::header(&record), explain::content(&record)].into();
            for fields in fields.into_iter().chain(messages) {
                // Extensions belong to both versions, and the ClientHello comes before the version is known.
                let own =
                    fields.iter().filter(|field| field.name != "extensions" && record.version.is_some());
                for field in own {
                    let Field { name, says, rfc, .. } = field;
                    assert!(!says.contains("1.3") && !rfc.contains("8446"), "{name}: {says} {rfc}");
                }
                let legacy = text(&fields).contains("legacy_");
                assert!(!legacy || record.number == 0, "{}", text(&fields));
            }
        }
    }
}

#[test]
fn records_that_cannot_be_read_are_explained() {
    let mut conversation = begin(&Configs::new(&Shape::default()));
    conversation.exchange();
    conversation.flights.iter_mut().for_each(|flight| flight.learnt.clear());
    let sealed = decode(Side::Client, &conversation.flights);
    let sealed = sealed.iter().find(|record| record.content == Content::Hidden).unwrap();
    let fields = explain::content(sealed);
    assert_eq!((&*fields[0].name, fields.len()), ("encrypted_record", 1));
    assert!(fields[0].says.contains("does not know its secret"));

    let flight = Flight { sender: Side::Client, bytes: b"GET / HTTP/1.1\r\n".to_vec(), learnt: Vec::new() };
    let records = decode(Side::Server, &[flight]);
    let shown = text(&explain::header(&records[0])) + &text(&explain::content(&records[0]));
    assert_eq!(shown, "0..16 not TLS: GET / HTTP/1.1\\r\\n\n");
}
