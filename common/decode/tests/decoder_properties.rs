//! Properties of the decoder for arbitrary bytes: it does not panic, it loses no byte, and its result does not depend on how
//! the bytes are cut.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod support {
    pub mod conversation;
}

use std::sync::LazyLock;

use decode::secrets::Secret;
use decode::{Content, Decoder, Record};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use rustls::Side;
use support::conversation::{Flight, begin, wire};
use testing::configs::{Configs, Shape, suite};

/// The longest incomplete record: the longest record less one byte.
const LONGEST: usize = 5 + 16384 + 2048;

/// Prints failing cases, and writes no file into the source tree.
fn config() -> ProptestConfig {
    ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() }
}

/// Decodes flights, each cut into pieces of these lengths, which repeat.
fn decode(flights: &[Flight], pieces: &[usize]) -> Vec<Record> {
    let mut decoder = Decoder::default();
    decoder.keep_values();
    let (mut records, mut lengths) = (Vec::new(), pieces.iter().cycle());
    for flight in flights {
        decoder.learn(&flight.learnt);
        let mut rest = flight.bytes.as_slice();
        while !rest.is_empty() {
            let (piece, behind) = rest.split_at(rest.len().min(*lengths.next().unwrap()));
            records.extend(decoder.feed(flight.sender, piece));
            assert!(decoder.left_over(flight.sender) < LONGEST);
            rest = behind;
        }
    }
    for sender in [Side::Client, Side::Server] {
        let fed: Vec<u8> =
            flights.iter().filter(|f| f.sender == sender).flat_map(|f| f.bytes.clone()).collect();
        let decoded = wire(sender, &records);
        assert_eq!(
            decoded,
            fed[..fed.len() - decoder.left_over(sender)],
            "every byte is in a record, or left over"
        );
    }
    for record in &records {
        assert!(record.derivations.len() <= 16 && record.checks.len() <= 16);
        let transcripts = record.derivations.iter().filter_map(|derivation| derivation.transcript.as_ref());
        let proven = record.checks.iter().filter_map(|check| check.transcript.as_ref());
        assert!(transcripts.chain(proven).all(|transcript| transcript.parts.len() <= 32));
    }
    merge(records)
}

/// Joins the records of foreign bytes, which depend on the cuts, to one at the end of each direction.
fn merge(records: Vec<Record>) -> Vec<Record> {
    let (foreign, mut merged): (Vec<Record>, Vec<Record>) =
        records.into_iter().partition(|record| record.content == Content::NotTls);
    for sender in [Side::Client, Side::Server] {
        let mut foreign = foreign.iter().filter(|record| record.sender == sender);
        if let Some(first) = foreign.next() {
            let rest = foreign.flat_map(|record| record.wire.clone());
            merged.push(Record { wire: first.wire.iter().copied().chain(rest).collect(), ..first.clone() });
        }
    }
    merged
}

/// Returns some complete sessions.
static SESSIONS: LazyLock<Vec<Vec<Flight>>> = LazyLock::new(|| {
    let shapes = [
        Shape { retry: true, mutual: true, ..Shape::default() },
        Shape { suite: suite("TLS13_AES_128_GCM_SHA256"), ..Shape::default() },
        Shape { suite: suite("TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"), mutual: true, ..Shape::default() },
        Shape { suite: suite("TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256"), ..Shape::default() },
    ];
    let converse = |shape: &Shape| {
        let mut conversation = begin(&Configs::new(shape));
        conversation.exchange();
        conversation.send(Side::Client, b"hello");
        conversation.send(Side::Server, &[b'x'; 20_000]);
        conversation.close();
        conversation.flights
    };
    shapes.iter().map(converse).collect()
});

fn side() -> impl Strategy<Value = Side> {
    prop_oneof![Just(Side::Client), Just(Side::Server)]
}

/// Generates records and bytes that are almost records.
fn record() -> impl Strategy<Value = Vec<u8>> {
    let length = prop_oneof![8 => Just(None), 1 => any::<u16>().prop_map(Some)];
    (19_u8..26, prop_oneof![9 => Just(3_u8), 1 => any::<u8>()], any::<u8>(), length, payload()).prop_map(
        |(kind, major, minor, length, payload)| {
            let length = length.unwrap_or(payload.len() as u16).to_be_bytes();
            [&[kind, major, minor], &length[..], &payload].concat()
        },
    )
}

/// Generates handshake messages and other bytes.
fn payload() -> impl Strategy<Value = Vec<u8>> {
    let message =
        (0_u8..26, any::<[bool; 2]>(), vec(any::<u8>(), 0..90)).prop_map(|(kind, odd, mut body)| {
            let [long, hello] = odd;
            if hello && body.len() > 40 {
                body[34] = 0; // an empty session ID, so that the fields after it are read
            }
            let length = if long { 70_000 } else { body.len() as u32 };
            [&[kind], &length.to_be_bytes()[1..], &body].concat()
        });
    prop_oneof![vec(any::<u8>(), 0..100), vec(message, 0..5).prop_map(|messages| messages.concat())]
}

fn secrets() -> impl Strategy<Value = Vec<Secret>> {
    let label = prop_oneof![
        Just("CLIENT_RANDOM"),
        Just("CLIENT_EARLY_TRAFFIC_SECRET"),
        Just("CLIENT_HANDSHAKE_TRAFFIC_SECRET"),
        Just("SERVER_TRAFFIC_SECRET_0"),
        Just("EXPORTER_SECRET"),
    ];
    let secret =
        (label, vec(any::<u8>(), 0..70)).prop_map(|(label, secret)| Secret::new(label, &[7; 32], &secret));
    vec(secret, 0..3)
}

fn flight() -> impl Strategy<Value = Flight> {
    let bytes = prop_oneof![
        1 => vec(any::<u8>(), 0..200),
        9 => vec(record(), 0..6).prop_map(|records| records.concat()),
    ];
    (side(), bytes, secrets()).prop_map(|(sender, bytes, learnt)| Flight { sender, bytes, learnt })
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn any_bytes_are_decoded_independently_of_their_cuts(
        flights in vec(flight(), 0..8),
        pieces in vec(1..300_usize, 1..20),
    ) {
        prop_assert_eq!(decode(&flights, &pieces), decode(&flights, &[usize::MAX]));
    }

    #[test]
    fn changed_sessions_are_decoded_independently_of_their_cuts(
        session in 0..4_usize,
        changes in vec((any::<Index>(), any::<Index>(), any::<u8>()), 0..4),
        lost in proptest::option::of((any::<Index>(), any::<Index>())),
        pieces in vec(1..2000_usize, 1..20),
    ) {
        let mut flights = SESSIONS[session].clone();
        for (flight, at, byte) in changes {
            let flight = flight.index(flights.len());
            let at = at.index(flights[flight].bytes.len());
            flights[flight].bytes[at] = byte;
        }
        if let Some((flight, at)) = lost {
            let flight = flight.index(flights.len());
            let at = at.index(flights[flight].bytes.len());
            flights[flight].bytes.remove(at);
        }
        prop_assert_eq!(decode(&flights, &pieces), decode(&flights, &[usize::MAX]));
    }
}

#[test]
fn a_session_is_decoded_byte_by_byte() {
    for session in SESSIONS.iter() {
        assert_eq!(decode(session, &[1]), decode(session, &[usize::MAX]));
    }
}

#[test]
fn the_first_bytes_show_that_a_peer_does_not_speak_tls() {
    let http: &[u8] = b"GET / HTTP/1.0\r\n\r\n";
    let sslv2 = [0x80, 0x2e, 1, 3, 1, 0, 0x15, 0, 0, 0, 0x10];
    let too_long = [23, 3, 3, 0x48, 1, 0];
    let no_type = [25, 3, 3, 0, 1, 0];
    for (bytes, known) in
        [(http, 1), (&sslv2, 1), (b"\x16\x02\x03\x00\x01\x00", 2), (&too_long, 5), (&no_type, 1)]
    {
        let mut decoder = Decoder::default();
        for at in 0..bytes.len() {
            let records = decoder.feed(Side::Client, &bytes[at..=at]);
            assert_eq!(records.len(), usize::from(at + 1 >= known), "{bytes:?}");
            assert!(records.iter().all(|record| record.content == Content::NotTls));
        }
        // The other direction is not affected.
        let alert = decoder.feed(Side::Server, &[21, 3, 3, 0, 2, 2, 70]);
        assert!(matches!(alert[..], [Record { content: Content::Alert(_), number: 0, .. }]));
    }
}
