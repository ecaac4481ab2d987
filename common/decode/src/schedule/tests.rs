//! The traces of RFC 8448, and messages that rustls does not send.

use std::collections::BTreeMap;

use rustls::{HandshakeType, ProtocolVersion, Side};

use super::compute::mac;
use super::*;
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

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex.bytes().filter(u8::is_ascii_hexdigit).collect();
    let pairs = digits.chunks(2).map(|pair| std::str::from_utf8(pair).unwrap());
    pairs.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect()
}

/// Returns the names and the bytes of a trace.
fn lines(trace: &str) -> Vec<(&str, Vec<u8>)> {
    let mut lines: Vec<(&str, String)> = Vec::new();
    for line in trace.lines().skip(1) {
        match line.split_once(": ") {
            Some((name, hex)) => lines.push((name, hex.to_owned())),
            None => lines.last_mut().unwrap().1 += line,
        }
    }
    lines.into_iter().map(|(name, hex)| (name, bytes(&hex))).collect()
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
    let extract = |salt: &[u8], ikm: &[u8]| Observed::Extract {
        salt: Value::new(salt),
        ikm: Value::new(ikm),
        output: Value::new(&[]),
    };
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
            let mac = mac(check.algorithm, key.bytes(), &check.transcript.as_ref().unwrap().hash);
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
    let known = |decoder: &Decoder| format!("{decoder:?}").contains("Values { given: {HandshakeTraffic");
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
    schedule.message(&client_hello(), false);
    schedule.message(&server_hello(&[9; 32]), false);
    let (derivations, _) = schedule.take();
    assert_eq!(derivations.len(), 9); // without a key share
    schedule
}

#[test]
fn a_handshake_of_too_many_messages_has_no_transcript() {
    let certificate = message(Side::Server, 11, &[0; 10]);
    let finished = message(Side::Server, 20, &[0; 32]);
    for (certificates, is_proven) in [(29, true), (30, true), (31, false), (10_000, false)] {
        let mut schedule = begun();
        (0..certificates).for_each(|_| schedule.message(&certificate, true));
        schedule.message(&finished, true);
        let (derivations, checks) = schedule.take();
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
        schedule.message(&message(side, 20, &[0; 32]), true);
    }
    schedule.take();
    for round in 0..1000 {
        schedule.message(&message(Side::Server, 24, &[0]), true);
        schedule.message(&message(Side::Server, 4, &[0; 20]), true);
        if round % 100 == 99 {
            assert_eq!(schedule.take().0.len(), 16);
        }
    }
    assert_eq!(schedule.generation(Side::Server), 1000);

    let mut schedule = begun();
    (0..1000).for_each(|_| schedule.message(&message(Side::Server, 15, &[0; 8]), true));
    assert_eq!(schedule.take().1.len(), 16);
}

#[test]
fn forged_messages_are_ignored_and_a_second_retry_ends_the_transcript() {
    // Clear text after ServerHello may come from an attacker. It changes nothing.
    let finished = message(Side::Server, 20, &[0; 32]);
    let mut schedule = begun();
    for forged in [&client_hello(), &server_hello(&[8; 32]), &finished] {
        schedule.message(forged, false);
    }
    assert_eq!(schedule.take(), (vec![], vec![]));
    schedule.message(&finished, true);
    let (_, checks) = schedule.take();
    assert_eq!(checks[0].transcript.as_ref().unwrap().parts.len(), 2);

    // A second HelloRetryRequest.
    let mut schedule = Schedule::default();
    let retry = server_hello(&bytes("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c"));
    for message in
        [&client_hello(), &retry, &client_hello(), &retry, &client_hello(), &server_hello(&[9; 32])]
    {
        schedule.message(message, false);
    }
    assert!(schedule.take().0.iter().all(|derivation| derivation.transcript.is_none()));
}
