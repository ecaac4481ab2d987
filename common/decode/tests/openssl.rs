//! Sessions of OpenSSL with key exchanges that rustls does not have.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

mod support {
    pub mod tree;
}

use decode::explain::{self, Field, Marks};
use decode::schedule::{CheckKind, Rule};
use decode::secrets::Secret;
use decode::{Content, Decoder, Message, Protection, Record};
use rustls::{HandshakeType, NamedGroup, Side};
use support::tree::visit;
use testing::from_hex;

fn decoded(session: &str) -> Vec<Record> {
    let mut decoder = Decoder::default();
    let mut records = Vec::new();
    for line in session.lines().skip(1) {
        match line.split_once(": ").unwrap() {
            ("client", hex) => records.extend(decoder.feed(Side::Client, &from_hex(hex))),
            ("server", hex) => records.extend(decoder.feed(Side::Server, &from_hex(hex))),
            (label, hex) => decoder.learn(&[Secret::new(label, &[], &from_hex(hex))]),
        }
    }
    records
}

#[test]
fn sessions_without_a_named_group_are_decrypted() {
    for session in [include_str!("openssl_sessions/dhe_rsa.txt"), include_str!("openssl_sessions/rsa.txt")] {
        let records = decoded(session);
        let is_sealed = |record: &Record| matches!(record.protection, Protection::Sealed(_));
        assert!(!records.iter().any(is_sealed), "{records:?}");
        let data = records.iter().filter(|record| matches!(record.content, Content::ApplicationData(_)));
        let data: Vec<_> = data.map(|record| (record.sender, record.payload())).collect();
        assert_eq!(data, [(Side::Client, &b"hello\n"[..]), (Side::Server, b"olleh\n")]);

        let group = |rule: &Rule| match rule {
            Rule::KeyExchange(group) => Some(*group),
            _ => None,
        };
        let rules = records.iter().flat_map(|record| &record.derivations).map(|derivation| &derivation.rule);
        let groups: Vec<Option<NamedGroup>> = rules.filter_map(group).collect();
        assert_eq!(groups, [None]);
        let checks: Vec<_> =
            records.iter().flat_map(|record| &record.checks).map(|check| check.kind).collect();
        assert_eq!(checks, [CheckKind::Finished(Side::Client), CheckKind::Finished(Side::Server)]);
    }
}

/// Explains the messages of a session in which both ends have made their choices.
fn explained(session: &str) -> Vec<(HandshakeType, Vec<Field>)> {
    let records = decoded(session);
    let messages: Vec<&Message> = records.iter().flat_map(Record::messages).collect();
    let mut marks = Marks::default();
    messages.iter().for_each(|message| marks.choices.learn(message));
    messages.iter().map(|message| (message.kind, explain::marked_message(message, &marks))).collect()
}

/// The prime of the first session has 768 bytes. The first byte of this length is that of `named_curve`.
#[test]
fn the_suite_decides_the_form_of_the_key_exchange() {
    let dhe = ["dh_p 770", "dh_g 3", "dh_Ys 770", "algorithm 2", "signature 258", "dh_Yc 770"];
    for (session, expected) in [
        (include_str!("openssl_sessions/dhe_rsa.txt"), &dhe[..]),
        (include_str!("openssl_sessions/rsa.txt"), &["EncryptedPreMasterSecret 258"]),
    ] {
        let mut messages = explained(session);
        messages.retain(|(kind, _)| {
            matches!(kind, HandshakeType::ServerKeyExchange | HandshakeType::ClientKeyExchange)
        });
        let fields = messages.iter().flat_map(|(_, fields)| &fields[2..]); // without type and length
        let fields: Vec<_> = fields.map(|field| format!("{} {}", field.name, field.range.len())).collect();
        assert_eq!(fields, expected);
    }
}

#[test]
fn a_signature_of_a_finite_field_group_marks_its_algorithm() {
    let messages = explained(include_str!("openssl_sessions/dhe_rsa.txt"));
    let mut marked = Vec::new();
    visit(&messages[0].1, 0, &mut |_, field| marked.extend(field.mark.map(|_| &*field.value)));
    assert_eq!(marked, ["TLS_DHE_RSA_WITH_AES_128_GCM_SHA256 (0x009e)", "rsa_pss_rsae_sha256 (0x0804)"]);
}
