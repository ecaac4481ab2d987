//! The key of each record opens it, and each message makes the expected keys possible.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod support {
    pub mod conversation;
    pub mod recorded;
}

use aws_lc_rs::aead;
use decode::schedule::{CheckKind, Epoch, Input, Key, Rule, Seed};
use decode::{Content, Record};
use rustls::crypto::aws_lc_rs::ALL_CIPHER_SUITES;
use rustls::{Side, SupportedCipherSuite};
use support::recorded::{SIDES, Sessions, parts, values};
use testing::configs::{Shape, suite};

/// Opens a record with the value of its key. Returns whether it opens.
fn opens(record: &Record, value: &[u8], suite: SupportedCipherSuite, sequence: u64) -> bool {
    let (key, iv) = value.split_at(value.len() - if is_explicit(suite) { 4 } else { 12 });
    let algorithm = match (suite.suite().as_str().unwrap(), key.len()) {
        (name, _) if name.contains("CHACHA20") => &aead::CHACHA20_POLY1305,
        (_, 16) => &aead::AES_128_GCM,
        _ => &aead::AES_256_GCM,
    };
    let (header, mut sealed) = record.wire.split_at(5);
    let counted = sequence.to_be_bytes();
    let nonce = if is_explicit(suite) {
        let (explicit, rest) = sealed.split_at(8);
        sealed = rest;
        [iv, explicit].concat()
    } else {
        let padded = [&[0; 4], &counted[..]].concat();
        iv.iter().zip(padded).map(|(a, b)| a ^ b).collect()
    };
    let length = u16::try_from(sealed.len() - 16).unwrap().to_be_bytes();
    let additional = match suite {
        SupportedCipherSuite::Tls13(_) => header.to_vec(),
        SupportedCipherSuite::Tls12(_) => [&counted[..], &header[..3], &length].concat(),
    };
    let key = aead::LessSafeKey::new(aead::UnboundKey::new(algorithm, key).unwrap());
    let nonce = aead::Nonce::try_assume_unique_for_key(&nonce).unwrap();
    key.open_in_place(nonce, aead::Aad::from(additional), &mut sealed.to_vec()).is_ok()
}

/// Returns whether a part of the nonce is sent: AES-GCM in TLS 1.2.
fn is_explicit(suite: SupportedCipherSuite) -> bool {
    suite.tls13().is_none() && suite.suite().as_str().unwrap().contains("GCM")
}

#[test]
fn the_key_of_each_record_opens_it() {
    for suite in ALL_CIPHER_SUITES {
        let sessions = Sessions::new(Shape { suite: Some(*suite), ..Shape::default() });
        let session = sessions.run();
        let records = session.records(Side::Client, true);
        let values = values(&records);
        for record in &records {
            assert_eq!(record.key.is_some(), record.is_encrypted(), "{record:?}");
            if let Some(key) = record.key {
                let sequence = record.sealing.unwrap().sequence;
                assert!(opens(record, &values[&key], *suite, sequence), "{record:?}");
            }
        }
    }
}

#[test]
fn the_key_of_early_data_opens_it() {
    let suite = suite("TLS13_AES_128_GCM_SHA256");
    let sessions = Sessions::new(Shape { suite, resumption: true, early_data: 1000, ..Shape::default() });
    sessions.run();
    let session = sessions.run();
    for end in [0, 1] {
        let records = session.records(SIDES[end], true);
        let values = values(&records);
        let early = Key::Record(Side::Client, Epoch::Early);
        let records: Vec<&Record> = records.iter().filter(|record| record.key == Some(early)).collect();
        assert_eq!(records.len(), 2, "early data and EndOfEarlyData");
        for (sequence, record) in records.iter().enumerate() {
            // Only the server's key log has the secret.
            assert_eq!(record.content == Content::Hidden, end == 0);
            assert!(opens(record, &values[&early], suite.unwrap(), sequence as u64));
        }
    }
}

#[test]
fn without_secrets_only_the_key_of_tls_1_2_has_a_name() {
    for name in ["TLS13_AES_256_GCM_SHA384", "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"] {
        let mut session = Sessions::new(Shape { suite: suite(name), ..Shape::default() }).run();
        session.flights.iter_mut().for_each(|flight| flight.learnt.clear());
        session.observed = Default::default();
        let records = session.records(Side::Client, true);
        let sealed = records.iter().filter(|record| record.is_encrypted());
        for record in sealed {
            let key = (name.contains("ECDHE")).then_some(Key::Record(record.sender, Epoch::Tls12));
            assert_eq!(record.key, key, "{name}");
        }
        // Messages in clear text make keys possible, but only the early secret without a PSK is public.
        let derivations: Vec<_> = records.iter().flat_map(|record| &record.derivations).collect();
        let known: Vec<Key> = derivations.iter().filter(|d| d.value.is_some()).map(|d| d.key).collect();
        let public: &[Key] = if name.contains("ECDHE") { &[] } else { &[Key::EarlySecret] };
        assert!(derivations.len() >= 5 && known == public, "{derivations:?}");
        // The decoder does not see the messages after that, so it describes no proof of them.
        let checks: Vec<_> =
            records.iter().flat_map(|record| &record.checks).map(|check| check.kind).collect();
        let clear: &[CheckKind] = if name.contains("ECDHE") { &[CheckKind::ServerKeyExchange] } else { &[] };
        assert_eq!(checks, clear, "{name}");
    }
}

// ---- which message makes which key possible ----------------------------------------------------------------------

/// Describes the keys and the proofs of each record.
fn described(records: &[Record]) -> String {
    let mut lines = String::new();
    for record in records.iter().filter(|record| !(record.derivations.is_empty() && record.checks.is_empty()))
    {
        let names: Vec<_> = record.messages().map(|message| message.name().unwrap()).collect();
        lines += &format!("{:?} {}\n", record.sender, names.join(" "));
        for derivation in &record.derivations {
            lines += &format!("  {} = {}", derivation.key.name(), rule(&derivation.rule));
            if let Some(transcript) = &derivation.transcript {
                lines += &format!(" over {:?}", parts(transcript));
            }
            lines.push('\n');
        }
        for check in &record.checks {
            let parts = check.transcript.as_deref().map(parts);
            let key = check.key.map(|key| key.name());
            lines += &format!("  proof {:?} with {key:?} over {parts:?}\n", check.kind);
        }
    }
    lines
}

fn rule(rule: &Rule) -> String {
    let input = |input: &Input| match input {
        Input::Zeros => "0".to_owned(),
        Input::Key(key) => key.name().into_owned(),
        Input::Derived(key) => format!("derived({})", key.name()),
    };
    match rule {
        Rule::KeyExchange(group) => format!("key exchange {:?}", group.unwrap()),
        Rule::EarlierSession => "earlier session".to_owned(),
        Rule::Extract { salt, secret } => format!("Extract({}, {})", input(salt), input(secret)),
        Rule::Expand { from, label, length } => format!("Expand({}, {label:?}, {length})", from.name()),
        Rule::TrafficKeys { from, key, iv } => format!("Expand({}, key {key}, iv {iv})", from.name()),
        Rule::Ticket { from, nonce, length } => {
            format!("Expand({}, \"resumption\", nonce of {}, {length})", from.name(), nonce.len())
        }
        Rule::Prf { from, label, seed, length } => {
            let seed = match seed {
                Seed::Randoms { first, bytes } => format!("{} bytes, {first:?} first", bytes.len()),
                Seed::Transcript => "transcript".to_owned(),
            };
            format!("PRF({}, {label:?}, {seed}, {length})", from.name())
        }
        Rule::Cut { from, key, iv } => format!("{} {key:?} {iv:?}", from.name()),
    }
}

#[test]
fn each_message_makes_the_expected_keys_possible() {
    let shape = Shape { suite: suite("TLS13_AES_128_GCM_SHA256"), resumption: true, ..Shape::default() };
    let retried = Shape { retry: true, mutual: true, early_data: 1000, ..shape.clone() };
    let tls12 = Shape { suite: suite("TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"), ..shape.clone() };
    for (shape, expected) in [
        (shape, include_str!("derived/tls13.txt")),
        (retried, include_str!("derived/tls13_retried.txt")),
        (tls12, include_str!("derived/tls12.txt")),
    ] {
        let sessions = Sessions::new(shape);
        let [full, resumed] = [(); 2].map(|()| described(&sessions.run().records(Side::Server, false)));
        assert_eq!(format!("{full}\nresumed:\n\n{resumed}"), expected);
    }
}
