//! Marks on fields: the chosen entries of offers, and the reason why a certificate was refused.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

mod support {
    pub mod conversation;
    pub mod tree;
}

use check::wire::hello::handshake;
use decode::explain::{self, Choices, Fault, Field, Mark, Marks};
use decode::{Message, Record};
use rcgen::{CertificateParams, CertifiedIssuer, ExtendedKeyUsagePurpose, KeyPair};
use rustls::{HandshakeType, ProtocolVersion, Side};
use support::conversation::{begin, decode};
use support::tree::{message_with, visit, with_length};
use testing::configs::{Configs, Shape, suite};

/// Returns the name and the value of each marked field. A group has the value of its first field.
fn marked(fields: &[Field], mark: Mark) -> Vec<String> {
    let mut found = Vec::new();
    visit(fields, 0, &mut |_, field| {
        if field.mark == Some(mark) {
            let value = field.fields.first().map_or(&field.value, |first| &first.value);
            found.push(format!("{}: {value}", field.name));
        }
    });
    found
}

fn explained(message: &Message, choices: &Choices) -> Vec<Field> {
    let fields = explain::marked_message(message, &Marks { choices: choices.clone(), fault: None });
    // A mark changes nothing else.
    let mut plain = fields.clone();
    without_marks(&mut plain);
    assert_eq!(plain, explain::message(message));
    fields
}

fn without_marks(fields: &mut [Field]) {
    for field in fields {
        field.mark = None;
        without_marks(&mut field.fields);
    }
}

/// Runs sessions with these configurations. Returns the entries that were chosen from the first message of this type in
/// the last session.
fn chosen(configs: &Configs, sessions: usize, kind: HandshakeType, by: Side) -> Vec<String> {
    let mut records: Vec<Record> = Vec::new();
    for _ in 0..sessions {
        let mut conversation = begin(configs);
        conversation.exchange();
        records = decode(Side::Client, &conversation.flights);
    }
    let messages: Vec<&Message> = records.iter().flat_map(Record::messages).collect();
    let mut choices = Choices::default();
    messages.iter().for_each(|message| choices.learn(message));
    let offer = messages.iter().find(|message| message.kind == kind).unwrap();
    marked(&explained(offer, &choices), Mark::ChosenBy(by))
}

#[test]
fn the_servers_choices_are_marked_in_client_hello() {
    let mut configs = Configs::new(&Shape { resumption: true, ..Shape::default() });
    configs.client.alpn_protocols = vec![b"one".to_vec(), b"two".to_vec()];
    configs.server.alpn_protocols = vec![b"two".to_vec()];
    let mut full = chosen(&configs, 1, HandshakeType::ClientHello, Side::Server);
    full.sort(); // the order of extensions is random
    let expected = [
        "KeyShareEntry: x25519 (0x001d)",
        "cipher_suite: TLS_AES_256_GCM_SHA384 (0x1302)",
        "group: x25519 (0x001d)",
        "protocol_name: 3 bytes",
        "scheme: ed25519 (0x0807)",
        "version: TLS 1.3 (0x0304)",
    ];
    assert_eq!(full, expected);

    let resumed = chosen(&configs, 2, HandshakeType::ClientHello, Side::Server);
    assert!(resumed.contains(&"mode: psk_dhe_ke (1)".to_owned()), "{resumed:?}");
    assert!(resumed.iter().any(|field| field.starts_with("PskIdentity: ")), "{resumed:?}");
    assert!(!resumed.iter().any(|field| field.starts_with("scheme: ")), "{resumed:?}");
}

#[test]
fn the_servers_choices_of_tls12_are_marked_in_client_hello() {
    let suite = suite("TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384");
    let configs = Configs::new(&Shape { suite, ..Shape::default() });
    let mut chosen = chosen(&configs, 1, HandshakeType::ClientHello, Side::Server);
    chosen.sort(); // the order of extensions is random
    assert_eq!(
        chosen,
        [
            "cipher_suite: TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384 (0xc02c)",
            "group: x25519 (0x001d)",
            "scheme: ed25519 (0x0807)",
            "version: TLS 1.2 (0x0303)",
        ]
    );
}

#[test]
fn the_clients_choice_is_marked_in_certificate_request() {
    for suite in [None, suite("TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384")] {
        let configs = Configs::new(&Shape { suite, mutual: true, ..Shape::default() });
        let chosen = chosen(&configs, 1, HandshakeType::CertificateRequest, Side::Client);
        assert_eq!(chosen.len(), 1);
        assert!(chosen[0].ends_with(": ed25519 (0x0807)"), "{chosen:?}");
    }
}

#[test]
fn a_hello_retry_request_chooses_a_group_that_has_no_key_share_yet() {
    let configs = Configs::new(&Shape { retry: true, ..Shape::default() });
    let chosen = chosen(&configs, 1, HandshakeType::ClientHello, Side::Server);
    assert!(chosen.contains(&"group: secp256r1 (0x0017)".to_owned()), "{chosen:?}");
    assert!(!chosen.iter().any(|field| field.starts_with("KeyShareEntry")), "{chosen:?}");
}

/// A hostile server answers with choices that the client did not offer, and with messages that are cut short.
#[test]
fn a_choice_that_was_not_offered_marks_nothing() {
    let hello = Message {
        sender: Side::Client,
        kind: HandshakeType::ClientHello,
        version: None,
        bytes: message_with("ClientHello", &[0, 10, 0, 4, 0, 2, 0, 29]),
    };
    let answer = message_with("ServerHello", &[0, 51, 0, 2, 0, 30, 0, 16, 0, 4, 0, 2, 1, 7]);
    for length in 0..answer.len() {
        let mut choices = Choices::default();
        let bytes = answer[..length].to_vec();
        choices.learn(&Message {
            sender: Side::Server,
            kind: HandshakeType::ServerHello,
            version: None,
            bytes,
        });
        let marked = marked(&explained(&hello, &choices), Mark::ChosenBy(Side::Server));
        assert!(
            marked.is_empty() || marked == ["cipher_suite: TLS_AES_128_GCM_SHA256 (0x1301)"],
            "{marked:?}"
        );
    }
}

// ---- certificates ----------------------------------------------------------------------------------------------

/// Returns the marked fields of a Certificate message of the server with these certificates.
fn faults(chain: &[&[u8]], fault: Fault) -> Vec<String> {
    let list: Vec<u8> = chain.iter().flat_map(|der| with_length(3, der)).collect();
    let message = Message {
        sender: Side::Server,
        kind: HandshakeType::Certificate,
        version: Some(ProtocolVersion::TLSv1_2),
        bytes: handshake(11, &with_length(3, &list)).unwrap(),
    };
    let of_client = Marks { fault: Some((Side::Client, fault)), ..Marks::default() };
    assert_eq!(marked(&explain::marked_message(&message, &of_client), Mark::Fault), [""; 0]);
    let marks = Marks { fault: Some((Side::Server, fault)), ..Marks::default() };
    marked(&explain::marked_message(&message, &marks), Mark::Fault)
}

fn params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    params.distinguished_name.push(rcgen::DnType::CommonName, name);
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.key_usages = vec![rcgen::KeyUsagePurpose::KeyEncipherment];
    params
}

#[test]
fn the_reason_of_a_refusal_is_marked_in_the_certificate() {
    let key = KeyPair::generate().unwrap();
    let own = params("one.example").self_signed(&key).unwrap();
    for (fault, field) in [
        (Fault::Validity, "validity: 1975-01-01 00:00:00 UTC to 4096-01-01 00:00:00 UTC"),
        (Fault::Names, "subjectAltName: one.example"),
        (Fault::Issuer, "issuer: CN=one.example"),
        (Fault::ExtendedKeyUsage, "extendedKeyUsage: serverAuth"),
        (Fault::PublicKey, "subjectPublicKeyInfo: ECDSA on P-256"),
    ] {
        assert_eq!(faults(&[own.der()], fault), [field]);
    }
    assert_eq!(faults(&[own.der()], Fault::Unnamed), [""; 0], "no field is the reason");
    assert!(faults(&[own.der()], Fault::KeyUsage)[0].starts_with("keyUsage: Key Encipherment"));
    let nameless = CertificateParams::new(vec![]).unwrap().self_signed(&key).unwrap();
    assert_eq!(faults(&[nameless.der()], Fault::Names), ["subject: CN=rcgen self signed cert"]);
}

#[test]
fn the_missing_issuer_is_that_of_the_last_certificate_of_the_chain() {
    let key = || KeyPair::generate().unwrap();
    let mut authority = params("root.example");
    authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let root = CertifiedIssuer::self_signed(authority.clone(), key()).unwrap();
    let mut intermediate = params("between.example");
    intermediate.is_ca = authority.is_ca;
    intermediate.not_after = rcgen::date_time_ymd(2001, 1, 1);
    let between = CertifiedIssuer::signed_by(intermediate, key(), &root).unwrap();
    let own = params("one.example").signed_by(&key(), &between).unwrap();
    let stranger = params("stranger.example").self_signed(&key()).unwrap();

    let chain = [own.der(), stranger.der(), between.der()].map(|der| der.as_ref());
    assert_eq!(faults(&chain, Fault::Issuer), ["issuer: CN=root.example"]);
    assert_eq!(faults(&chain[..2], Fault::Issuer), ["issuer: CN=between.example"]);
    let moment = 978_307_200; // 2001-01-01
    assert_eq!(
        faults(&chain, Fault::IssuerValidity(moment)),
        ["validity: 1975-01-01 00:00:00 UTC to 2001-01-01 00:00:00 UTC"]
    );
    assert_eq!(faults(&[own.der(), b"not a certificate"], Fault::Issuer), ["issuer: CN=between.example"]);
    assert_eq!(faults(&[], Fault::Issuer), [""; 0]);
}

#[test]
fn a_wrong_signature_is_marked_in_the_message_that_has_it() {
    for name in ["TLS13_AES_128_GCM_SHA256", "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"] {
        let mut conversation = begin(&Configs::new(&Shape { suite: suite(name), ..Shape::default() }));
        conversation.exchange();
        let records = decode(Side::Client, &conversation.flights);
        let mut marks = Marks { fault: Some((Side::Server, Fault::Signature)), ..Marks::default() };
        let mut found = Vec::new();
        for message in records.iter().flat_map(Record::messages) {
            marks.choices.learn(message);
            let fields = explain::marked_message(message, &marks);
            let marked = marked(&fields, Mark::WrongSignature).len();
            found.extend(std::iter::repeat_n(message.kind, marked));
        }
        let has_signature = [HandshakeType::CertificateVerify, HandshakeType::ServerKeyExchange];
        assert!(found.len() == 1 && has_signature.contains(&found[0]), "{found:?}");
    }
}
