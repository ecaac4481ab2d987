//! The traces of RFC 8448, and messages that rustls does not send.

use std::collections::BTreeMap;

use rustls::{HandshakeType, ProtocolVersion, Side};
use testing::from_hex;

use super::*;
use crate::compute::mac;
use crate::record::Message;
use crate::recorder::Observed;
use crate::secrets::Secret;
use crate::{Decoder, Record, hex};

const SIMPLE: &str = include_str!("rfc8448/simple.txt");
const RESUMED: &str = include_str!("rfc8448/resumed.txt");
const RETRY: &str = include_str!("rfc8448/retry.txt");
const CLIENT_AUTHENTICATION: &str = include_str!("rfc8448/client_authentication.txt");
const COMPATIBILITY: &str = include_str!("rfc8448/compatibility.txt");

/// The secrets that open the records of a trace, with their names in a key log.
const KEY_LOG: [(&str, &str); 4] = [
    ("client_handshake_traffic_secret", "CLIENT_HANDSHAKE_TRAFFIC_SECRET"),
    ("server_handshake_traffic_secret", "SERVER_HANDSHAKE_TRAFFIC_SECRET"),
    ("client_application_traffic_secret_0", "CLIENT_TRAFFIC_SECRET_0"),
    ("server_application_traffic_secret_0", "SERVER_TRAFFIC_SECRET_0"),
];

/// Returns the names and the bytes of a trace.
fn lines(trace: &str) -> Vec<(&str, Vec<u8>)> {
    let mut lines: Vec<(&str, String)> = Vec::new();
    for line in trace.lines().skip(1) {
        match line.split_once(": ") {
            Some((name, hex)) => lines.push((name, hex.to_owned())),
            None => lines.last_mut().unwrap().1 += line,
        }
    }
    lines.into_iter().map(|(name, hex)| (name, from_hex(&hex))).collect()
}

/// Decodes a trace. The decoder knows the PSK and the shared secret, and computes all other values.
fn decode(trace: &str) -> Vec<Record> {
    let lines = lines(trace);
    let find =
        |wanted: &str| lines.iter().find(|(name, _)| *name == wanted).map(|(_, bytes)| bytes.as_slice());
    let mut decoder = Decoder::default();
    let secrets = KEY_LOG.map(|(name, label)| Secret::new(label, &[], find(name).unwrap()));
    decoder.learn(&secrets);
    decoder.keep_values(); // after the secrets, so that it computes them
    let extract =
        |salt: &[u8], ikm: &[u8]| Observed::Extract { salt: Value::new(salt), ikm: Value::new(ikm) };
    let psk = find("PSK").map(|psk| extract(&[0; 32], psk));
    let shared = extract(&[1; 32], find("shared secret").unwrap());
    decoder.learn_values(&psk.into_iter().chain([shared]).collect::<Vec<_>>());
    let mut records = Vec::new();
    for (name, bytes) in &lines {
        match *name {
            "client" => records.extend(decoder.feed(Side::Client, bytes)),
            "server" => records.extend(decoder.feed(Side::Server, bytes)),
            _ => {}
        }
    }
    records
}

/// Asserts that the values are those of the trace, and that the MACs in the messages are those that the checks describe.
/// Returns the number of MACs.
fn verify(trace: &str) -> usize {
    let records = decode(trace);
    let derivations = records.iter().flat_map(|record| &record.derivations);
    let values: BTreeMap<Key, Value> =
        derivations.map(|derivation| (derivation.key, derivation.value.clone().unwrap())).collect();
    let mut computed: Vec<(String, String)> =
        values.iter().map(|(key, value)| (key.name().into_owned(), hex(value.bytes()))).collect();
    let is_secret = |(name, _): &(&str, _)| !matches!(*name, "client" | "server");
    let mut expected: Vec<(String, String)> = lines(trace)
        .into_iter()
        .filter(is_secret)
        .map(|(name, bytes)| (name.to_owned(), hex(&bytes)))
        .collect();
    computed.sort();
    expected.sort();
    assert_eq!(computed, expected);

    let mut macs = 0;
    for record in &records {
        for check in record.checks.iter().filter(|check| check.key.is_some()) {
            let key = &values[&check.key.unwrap()];
            let mac = mac(check.algorithm, key.bytes(), &[&check.transcript.as_ref().unwrap().hash]);
            assert!(record.messages().any(|message| message.bytes.ends_with(&mac)), "{check:?}");
            macs += 1;
        }
    }
    macs
}

#[test]
fn the_values_and_proofs_of_rfc_8448_are_computed() {
    let macs = [SIMPLE, RESUMED, RETRY, CLIENT_AUTHENTICATION, COMPATIBILITY].map(verify);
    assert_eq!(macs, [2, 3, 2, 2, 2]);
}

/// Returns the names of the parts of the transcript that this end's Finished proves.
fn proven(records: &[Record], side: Side) -> Vec<String> {
    let checks = records.iter().flat_map(|record| &record.checks);
    let finished = checks.into_iter().find(|check| check.kind == CheckKind::Finished(side)).unwrap();
    let parts = &finished.transcript.as_ref().unwrap().parts;
    parts.iter().map(|part| format!("{part:?}")).collect()
}

#[test]
fn the_transcripts_of_rfc_8448_have_their_messages() {
    let names = |trace| {
        let parts = proven(&decode(trace), Side::Client);
        let name = |part: &String| part.split('"').nth(1).unwrap_or(part).to_owned();
        parts.iter().map(name).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(
        names(SIMPLE),
        "ClientHello ServerHello EncryptedExtensions Certificate CertificateVerify Finished"
    );
    assert_eq!(names(RESUMED), "ClientHello ServerHello EncryptedExtensions Finished EndOfEarlyData");
    assert_eq!(
        names(RETRY),
        "MessageHash HelloRetryRequest ClientHello ServerHello EncryptedExtensions Certificate \
         CertificateVerify Finished"
    );
    assert_eq!(
        names(CLIENT_AUTHENTICATION),
        "ClientHello ServerHello EncryptedExtensions CertificateRequest Certificate CertificateVerify \
         Finished Certificate CertificateVerify"
    );
}

#[test]
fn values_are_neither_kept_nor_shown_unless_the_user_asks() {
    let lines = lines(SIMPLE);
    let (mut with, mut without) = (Decoder::default(), Decoder::default());
    with.keep_values();
    let mut shown = String::new();
    let secrets = KEY_LOG.map(|(wanted, label)| {
        let (_, secret) = lines.iter().find(|(name, _)| *name == wanted).unwrap();
        Secret::new(label, &[], secret)
    });
    for decoder in [&mut with, &mut without] {
        decoder.learn(&secrets);
        for (name, bytes) in lines.iter().filter(|(name, _)| matches!(*name, "client" | "server")) {
            let side = if *name == "client" { Side::Client } else { Side::Server };
            shown += &format!(
                "{:?}",
                decoder
                    .feed(side, bytes)
                    .iter()
                    .map(|record| { (record.key, record.derivations.clone(), record.checks.clone()) })
                    .collect::<Vec<_>>()
            );
        }
        shown += &format!("{decoder:?}");
    }
    let known = |decoder: &Decoder| {
        let shown = format!("{decoder:?}");
        shown.contains("Values { given: {") && !shown.contains("Values { given: {}")
    };
    assert!(known(&with) && !known(&without));
    for (name, secret) in lines.iter().filter(|(name, _)| !matches!(*name, "client" | "server")) {
        let list = format!("{secret:?}");
        assert!(!shown.contains(&hex(secret)) && !shown.contains(list.trim_matches(['[', ']'])), "{name}");
    }
}

// ---- hostile peers -------------------------------------------------------------------------------------------

fn message(sender: Side, kind: u8, body: &[u8]) -> Message {
    let length = u32::try_from(body.len()).unwrap().to_be_bytes();
    let kind = HandshakeType::from(kind);
    let bytes = [&[u8::from(kind)], &length[1..], body].concat();
    Message { sender, kind, version: Some(ProtocolVersion::TLSv1_3), bytes }
}

/// Returns a ServerHello of TLS 1.3, or a HelloRetryRequest.
fn server_hello(random: &[u8]) -> Message {
    message(Side::Server, 2, &[&[3, 3], random, &[0, 0x13, 0x01, 0, 0, 6, 0, 43, 0, 2, 3, 4]].concat())
}

fn client_hello() -> Message {
    message(Side::Client, 1, &[&[3, 3], &[7; 32][..], &[0, 0, 2, 0x13, 1, 1, 0]].concat())
}

/// Follows a handshake up to ServerHello.
fn begun() -> Schedule {
    let mut schedule = Schedule::default();
    schedule.message(&client_hello());
    schedule.message(&server_hello(&[9; 32]));
    let (derivations, ..) = schedule.take();
    assert_eq!(derivations.len(), 9); // without a key share
    schedule
}

#[test]
fn a_handshake_of_too_many_messages_has_no_transcript() {
    let certificate = message(Side::Server, 11, &[0; 10]);
    let finished = message(Side::Server, 20, &[0; 32]);
    for (certificates, is_proven) in [(29, true), (30, true), (31, false), (10_000, false)] {
        let mut schedule = begun();
        (0..certificates).for_each(|_| schedule.message(&certificate));
        schedule.message(&finished);
        let (derivations, checks, _) = schedule.take();
        assert_eq!(checks.len(), usize::from(is_proven), "{certificates}");
        if let Some(check) = checks.first() {
            assert_eq!(check.transcript.as_ref().unwrap().parts.len(), certificates + 2);
        }
        // The keys of records do not depend on the transcript, only their secrets do.
        assert!(derivations.iter().filter(|derivation| derivation.transcript.is_none()).count() == 2);
    }
}

#[test]
fn the_derivations_and_checks_of_a_record_are_bounded() {
    let mut schedule = begun();
    for side in [Side::Server, Side::Client] {
        schedule.message(&message(side, 20, &[0; 32]));
    }
    schedule.take();
    for round in 0..1000 {
        // Two derivations of KeyUpdate, and one of NewSessionTicket.
        schedule.message(&message(Side::Server, 24, &[0]));
        schedule.message(&message(Side::Server, 4, &[0; 20]));
        if round % 100 == 99 {
            let (derivations, _, left_out) = schedule.take();
            assert_eq!((derivations.len(), left_out), (16, 300 - 16));
        }
    }
    assert_eq!(schedule.generation(Side::Server), 1000);

    let mut schedule = begun();
    (0..20).for_each(|_| schedule.message(&message(Side::Server, 15, &[0; 8])));
    let (_, checks, left_out) = schedule.take();
    assert_eq!((checks.len(), left_out), (16, 4));
    assert_eq!(schedule.take(), (vec![], vec![], 0));
}

/// A record has room for thousands of messages. Each value is made from the one before, so an unknown value shows that the
/// decoder has not calculated all of them.
#[test]
fn a_derivation_above_the_limit_is_not_calculated() {
    let mut schedule = Schedule::default();
    schedule.keep_values();
    schedule.learn(&[Secret::new("SERVER_TRAFFIC_SECRET_0", &[], &[7; 32])]);
    for hello in [client_hello(), server_hello(&[9; 32])] {
        schedule.message(&hello);
    }
    schedule.message(&message(Side::Server, 20, &[0; 32]));
    schedule.take();
    let update = message(Side::Server, 24, &[0]);
    for (updates, is_known) in [(8, true), (9, false)] {
        (0..updates).for_each(|_| schedule.message(&update));
        schedule.take();
        schedule.message(&update);
        let (derivations, ..) = schedule.take();
        assert_eq!(derivations[0].value.is_some(), is_known, "{updates}");
    }
}

#[test]
fn a_second_retry_ends_the_transcript() {
    let mut schedule = Schedule::default();
    let retry = server_hello(&from_hex("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c"));
    for message in
        [&client_hello(), &retry, &client_hello(), &retry, &client_hello(), &server_hello(&[9; 32])]
    {
        schedule.message(message);
    }
    assert!(schedule.take().0.iter().all(|derivation| derivation.transcript.is_none()));
}

#[test]
fn only_the_server_issues_tickets_and_accepts_early_data() {
    const EARLY_DATA: [u8; 6] = [0, 4, 0, 42, 0, 0];
    for (sender, derivations) in [(Side::Client, 0), (Side::Server, 2)] {
        let mut schedule = begun();
        schedule.message(&message(sender, 4, &[0; 20]));
        schedule.message(&message(sender, 8, &EARLY_DATA));
        assert_eq!(schedule.take().0.len(), derivations, "{sender:?}");
    }
}

// ---- hello messages ------------------------------------------------------------------------------------------

/// Returns a ServerHello of TLS 1.2.
fn tls12_server_hello(suite: u16) -> Message {
    let suite = suite.to_be_bytes();
    message(Side::Server, 2, &[&[3, 3], &[9; 32][..], &[0], &suite, &[0]].concat())
}

/// Returns a ClientHello with the extension pre_shared_key.
fn resuming_client_hello(psks: &[u8]) -> Message {
    let length = |bytes: &[u8]| u16::try_from(bytes.len()).unwrap().to_be_bytes().to_vec();
    let extension = [&[0, 41][..], &length(psks), psks].concat();
    let before = [&[3, 3], &[7; 32][..], &[0, 0, 2, 0x13, 1, 1, 0]].concat();
    message(Side::Client, 1, &[before, length(&extension), extension].concat())
}

/// Returns the group of the key exchange, and the number of checks of ServerKeyExchange.
fn key_exchange(suite: u16) -> (Option<NamedGroup>, usize) {
    let mut schedule = Schedule::default();
    schedule.message(&client_hello());
    schedule.message(&tls12_server_hello(suite));
    // As ECDHE: secp521r1 and a public key of two bytes. As DHE: a prime that begins with these bytes.
    schedule.message(&message(Side::Server, 12, &[&[3, 0, 25, 2], &[1; 1000][..]].concat()));
    schedule.message(&message(Side::Client, 16, &[1; 30]));
    let (derivations, checks, _) = schedule.take();
    let premaster = derivations.iter().find(|derivation| derivation.key == Key::Premaster).unwrap();
    let Rule::KeyExchange(group) = premaster.rule else { panic!("{premaster:?}") };
    (group, checks.len())
}

#[test]
fn a_prime_of_dhe_is_no_named_group() {
    for suite in [0xc02b, 0xc02f] {
        assert_eq!(key_exchange(suite), (Some(NamedGroup::secp521r1), 1), "ECDHE_ECDSA and ECDHE_RSA");
    }
    for suite in [0x9e, 0x9f, 0xccaa, 0xc018, 0xc035] {
        assert_eq!(key_exchange(suite), (None, 0), "DHE_RSA, ECDH_anon and ECDHE_PSK: {suite:#x}");
    }
}

#[test]
fn no_transcript_contains_a_hello_request() {
    // "This message MUST NOT be included in the message hashes" (RFC 5246, 7.4.1.1).
    let request = message(Side::Server, 0, &[]);
    let finished = message(Side::Client, 20, &[0; 12]);
    let proofs = [false, true].map(|requested| {
        let mut schedule = Schedule::default();
        for message in [&client_hello(), &tls12_server_hello(0xc02f), &finished] {
            schedule.message(message);
            if requested {
                schedule.message(&request);
            }
        }
        schedule.take().1
    });
    assert_eq!(proofs[0].len(), 1);
    assert_eq!(proofs[0], proofs[1]);
}

/// Returns the content of pre_shared_key. Each PSK has a name of one byte, and a binder of this length.
fn psks(binders: &[u8]) -> Vec<u8> {
    let length = |bytes: &[u8]| u16::try_from(bytes.len()).unwrap().to_be_bytes().to_vec();
    let identities = [0, 1, b'n', 0, 0, 0, 0].repeat(binders.len());
    let binders: Vec<u8> =
        binders.iter().flat_map(|n| [vec![*n], vec![5; usize::from(*n)]].concat()).collect();
    [length(&identities), identities, length(&binders), binders].concat()
}

#[test]
fn a_binder_of_an_unknown_hash_has_no_check() {
    // "opaque PskBinderEntry<32..255>" (RFC 8446, 4.2.11)
    let mut schedule = Schedule::default();
    schedule.message(&resuming_client_hello(&psks(&[32, 64, 48])));
    let (derivations, checks, _) = schedule.take();
    let kinds: Vec<CheckKind> = checks.iter().map(|check| check.kind).collect();
    assert_eq!(kinds, [CheckKind::Binder(0), CheckKind::Binder(2)]);
    assert_eq!(derivations.len(), 4);
    // The server chooses the first PSK. Its early secret is not derived again.
    let chosen = [0, 0x13, 0x01, 0, 0, 12, 0, 43, 0, 2, 3, 4, 0, 41, 0, 2, 0, 0];
    schedule.message(&message(Side::Server, 2, &[&[3, 3], &[9; 32][..], &chosen].concat()));
    assert!(schedule.take().0.iter().all(|derivation| derivation.key != Key::EarlySecret));
}

#[test]
fn the_random_survives_a_malformed_pre_shared_key() {
    let mut whole = psks(&[32]);
    whole.truncate(5);
    let mut schedule = Schedule::default();
    schedule.message(&resuming_client_hello(&whole));
    schedule.message(&tls12_server_hello(0xc02f));
    schedule.message(&message(Side::Client, 16, &[1; 30]));
    let (derivations, ..) = schedule.take();
    let master = derivations.iter().find(|derivation| derivation.key == Key::Master).unwrap();
    let Rule::Prf { seed: Seed::Randoms { bytes, .. }, .. } = &master.rule else { panic!("{master:?}") };
    assert_eq!(*bytes, [[7; 32], [9; 32]].concat());
}
