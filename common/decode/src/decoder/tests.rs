//! Cases that rustls does not produce, but other peers may.

use rustls::{CipherSuite, ContentType};

use check::wire::hello::record;

use super::*;
use crate::opener::Opener;

const SUITE: CipherSuite = CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256;
const HELLO_DONE: [u8; 4] = [14, 0, 0, 0];

fn client_hello(random: u8) -> Vec<u8> {
    [&[1, 0, 0, 41, 3, 3][..], &[random; 32], &[0, 0, 2, 0xc0, 0x2b, 1, 0]].concat()
}

fn server_hello(random: u8) -> Vec<u8> {
    [&[2, 0, 0, 38, 3, 3][..], &[random; 32], &[0, 0xc0, 0x2b, 0]].concat()
}

fn master(byte: u8) -> Secret {
    Secret::new("CLIENT_RANDOM", &[], &[byte; 48])
}

fn openers(secret: &Secret, client_random: u8, server_random: u8) -> [Opener; 2] {
    let mut ring = KeyRing::default();
    ring.learn(std::slice::from_ref(secret));
    let (client_random, server_random) = ([client_random; 32], [server_random; 32]);
    let agreement = Agreement { suite: SUITE, client_random, server_random };
    [Side::Client, Side::Server].map(|side| ring.tls12(&agreement, side).unwrap())
}

fn all_opened(records: &[Record]) -> bool {
    records.iter().all(|record| matches!(record.protection, Protection::Opened { .. }))
}

#[test]
fn a_tls12_renegotiation_changes_the_keys() {
    let mut decoder = Decoder::default();
    decoder.feed(Side::Client, &record(22, &client_hello(1)).unwrap());
    decoder.feed(Side::Server, &record(22, &server_hello(2)).unwrap());
    decoder.learn(&[master(9)]);
    let [mut client, mut server] = openers(&master(9), 1, 2);
    let kinds = [ContentType::Handshake, ContentType::ChangeCipherSpec, ContentType::ApplicationData];
    let [handshake, change, data] = kinds;
    for (side, opener) in [(Side::Client, &mut client), (Side::Server, &mut server)] {
        decoder.feed(side, &record(20, &[1]).unwrap());
        assert!(all_opened(&decoder.feed(side, &opener.seal(data, b"first", 0))));
    }

    let hello = decoder.feed(Side::Client, &client.seal(handshake, &client_hello(3), 0));
    let answer = decoder.feed(Side::Server, &server.seal(handshake, &server_hello(4), 0));
    assert!(all_opened(&hello) && all_opened(&answer));
    decoder.learn(&[master(8)]);
    // Each end uses the old keys until its ChangeCipherSpec.
    let [mut new_client, mut new_server] = openers(&master(8), 3, 4);
    assert!(all_opened(&decoder.feed(Side::Server, &server.seal(handshake, &HELLO_DONE, 0))));
    for (side, old, new) in
        [(Side::Client, &mut client, &mut new_client), (Side::Server, &mut server, &mut new_server)]
    {
        let changed = decoder.feed(side, &old.seal(change, &[1], 0));
        assert_eq!(changed[0].content, Content::ChangeCipherSpec);
        let second = decoder.feed(side, &new.seal(data, b"second", 0));
        assert_eq!((all_opened(&second), second[0].payload()), (true, &b"second"[..]));
    }
}

#[test]
fn content_that_its_type_does_not_allow_is_reported() {
    for (bytes, kind) in [
        (record(20, &[2]).unwrap(), ContentType::ChangeCipherSpec),
        (record(20, &[1, 1]).unwrap(), ContentType::ChangeCipherSpec),
        (record(21, &[2]).unwrap(), ContentType::Alert),
        (record(22, &[]).unwrap(), ContentType::Handshake),
        (record(24, &[1, 0]).unwrap(), ContentType::Heartbeat),
    ] {
        let records = Decoder::default().feed(Side::Client, &bytes);
        assert_eq!(records[0].content, Content::Other(kind));
    }
    let alert = Decoder::default().feed(Side::Server, &record(21, &[2, 99]).unwrap());
    let description = AlertDescription::Unknown(99);
    assert_eq!(alert[0].content, Content::Alert(Alert { level: 2, description, unauthenticated: false }));
}

/// Feeds the hellos of a session of TLS 1.3.
fn begin_tls13(decoder: &mut Decoder) {
    begin_tls13_before(decoder, &[]);
}

/// Feeds the hellos of a session of TLS 1.3. The record of ServerHello has these messages behind it.
fn begin_tls13_before(decoder: &mut Decoder, behind: &[u8]) -> Vec<Record> {
    let extensions = [0, 6, 0, 43, 0, 2, 3, 4];
    let hello = [&[2, 0, 0, 46, 3, 3][..], &[2; 32], &[0, 0x13, 0x01, 0], &extensions, behind].concat();
    decoder.feed(Side::Client, &record(22, &client_hello(1)).unwrap());
    decoder.feed(Side::Server, &record(22, &hello).unwrap())
}

#[test]
fn a_handshake_record_in_clear_text_behind_server_hello_of_tls13_changes_nothing() {
    let mut decoder = Decoder::default();
    begin_tls13(&mut decoder);
    let early_data = [&[1, 0, 0, 47, 3, 3][..], &[3; 32], &[0, 0, 2, 0x13, 1, 1, 0, 0, 4, 0, 42, 0, 0]];
    // The last one is the beginning of a message that would swallow those behind it.
    let begun = vec![11, 0, 0xff, 0xff, 0];
    for forged in [vec![20, 0, 0, 0], server_hello(8), client_hello(3), early_data.concat(), begun] {
        for side in [Side::Client, Side::Server] {
            let records = decoder.feed(side, &record(22, &forged).unwrap());
            assert_eq!(records[0].content, Content::Unprotected, "{forged:?}");
            assert_eq!((&records[0].derivations[..], &records[0].checks[..]), (&[][..], &[][..]));
            assert!(matches!(decoder.direction(side).cipher, Cipher::Handshake(_)));
            assert_eq!(decoder.direction(side).assembly.kept(), 0);
        }
    }
    assert!(decoder.is_tls13() && decoder.client_random == [1; 32] && !decoder.client.early_data);
}

#[test]
fn a_message_in_clear_text_in_the_record_of_server_hello_proves_nothing() {
    let alone = begin_tls13_before(&mut Decoder::default(), &[]);
    let mut decoder = Decoder::default();
    let records = begin_tls13_before(&mut decoder, &[8, 0, 0, 2, 0, 0, 20, 0, 0, 0]);
    assert_eq!(records[0].messages().count(), 3);
    assert_eq!((&records[0].derivations, &records[0].checks), (&alone[0].derivations, &vec![]));
    assert!(matches!(decoder.server.cipher, Cipher::Handshake(_)));
}

#[test]
fn a_key_update_that_does_not_end_its_record_changes_no_keys() {
    let secrets = [
        Secret::new("CLIENT_HANDSHAKE_TRAFFIC_SECRET", &[], &[1; 32]),
        Secret::new("CLIENT_TRAFFIC_SECRET_0", &[], &[2; 32]),
    ];
    let mut decoder = Decoder::default();
    decoder.learn(&secrets);
    begin_tls13(&mut decoder);
    let agreement = decoder.agreement.unwrap();
    let mut handshake = decoder.secrets.handshake(&agreement, Side::Client).unwrap();
    let mut application = decoder.secrets.application(&agreement, Side::Client).unwrap();
    decoder.feed(Side::Client, &handshake.opener.seal(ContentType::Handshake, &[20, 0, 0, 0], 0));

    let updates = application.opener.seal(ContentType::Handshake, &[24, 0, 0, 1, 0].repeat(3000), 0);
    let records = decoder.feed(Side::Client, &updates);
    assert_eq!((records[0].derivations.len(), records[0].left_out), (2, 0));
    let mut next = application.next().unwrap();
    let records = decoder.feed(Side::Client, &next.opener.seal(ContentType::ApplicationData, b"data", 0));
    assert!(all_opened(&records));
    assert_eq!(records[0].key, Some(Key::Record(Side::Client, Epoch::Application(1))));
}

/// It is early data, or the capture lacks the hellos before it.
#[test]
fn application_data_before_a_handshake_is_not_taken_for_clear_text() {
    let mut decoder = Decoder::default();
    let records = decoder.feed(Side::Client, &[23, 3, 3, 0, 2, 1, 2]);
    let [record] = &records[..] else { panic!("{records:?}") };
    assert_eq!(
        (&record.protection, &record.content),
        (&Protection::Sealed(Sealed::NoSecret), &Content::Hidden)
    );
}
