//! Sessions of OpenSSL with key exchanges that rustls does not have.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

use decode::schedule::{CheckKind, Rule};
use decode::secrets::Secret;
use decode::{Content, Decoder, Protection, Record};
use rustls::{NamedGroup, Side};

fn bytes(hex: &str) -> Vec<u8> {
    let pairs = hex.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).unwrap());
    pairs.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect()
}

fn decoded(session: &str) -> Vec<Record> {
    let mut decoder = Decoder::default();
    let mut records = Vec::new();
    for line in session.lines().skip(1) {
        match line.split_once(": ").unwrap() {
            ("client", hex) => records.extend(decoder.feed(Side::Client, &bytes(hex))),
            ("server", hex) => records.extend(decoder.feed(Side::Server, &bytes(hex))),
            (label, hex) => decoder.learn(&[Secret::new(label, &[], &bytes(hex))]),
        }
    }
    records
}

#[test]
fn sessions_without_a_named_group_are_decrypted() {
    for session in [include_str!("openssl/dhe_rsa.txt"), include_str!("openssl/rsa.txt")] {
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
