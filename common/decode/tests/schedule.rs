//! The proofs in the messages of real sessions hold, so the transcript hashes and the keys are right.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod support {
    pub mod conversation;
    pub mod recorded;
}

use std::collections::BTreeMap;

use aws_lc_rs::hmac;
use aws_lc_rs::signature::{self, UnparsedPublicKey};
use decode::schedule::{Check, CheckKind, HashAlgorithm, Key};
use decode::{Message, Record, hex};
use rustls::crypto::aws_lc_rs::ALL_CIPHER_SUITES;
use rustls::{HandshakeType, Side, SupportedCipherSuite};
use support::recorded::{SIDES, Session, Sessions, parts, values};
use testing::configs::{Configs, Shape, suite};
use x509_parser::prelude::{FromDer as _, X509Certificate};

fn mac(algorithm: HashAlgorithm, key: &[u8], message: &[u8]) -> Vec<u8> {
    let algorithm = match algorithm {
        HashAlgorithm::Sha256 => hmac::HMAC_SHA256,
        HashAlgorithm::Sha384 => hmac::HMAC_SHA384,
    };
    hmac::sign(&hmac::Key::new(algorithm, key), message).as_ref().to_vec()
}

/// Returns verify_data of a Finished of TLS 1.2.
fn tls12_verify_data(suite: SupportedCipherSuite, side: Side, master: &[u8], hash: &[u8]) -> Vec<u8> {
    let SupportedCipherSuite::Tls12(suite) = suite else { panic!("{suite:?}") };
    let label: &[u8] = if side == Side::Client { b"client finished" } else { b"server finished" };
    let mut verify_data = vec![0; 12];
    suite.prf_provider.for_secret(&mut verify_data, master, label, hash);
    verify_data
}

/// Returns the message that a check is about.
fn message_of<'a>(record: &'a Record, check: &Check) -> &'a Message {
    let kind = match check.kind {
        CheckKind::Finished(_) => HandshakeType::Finished,
        CheckKind::CertificateVerify(_) => HandshakeType::CertificateVerify,
        CheckKind::Binder(_) => HandshakeType::ClientHello,
        CheckKind::ServerKeyExchange => HandshakeType::ServerKeyExchange,
    };
    record.messages().find(|message| message.kind == kind).unwrap()
}

/// Does all checks of a session. Returns the kind of each, and the names of the messages in its transcript.
fn verified(
    records: &[Record],
    values: &BTreeMap<Key, Vec<u8>>,
    suite: SupportedCipherSuite,
    certificate: &[u8],
) -> Vec<(CheckKind, Vec<&'static str>)> {
    let mut seen = Vec::new();
    for record in records {
        for check in &record.checks {
            let message = message_of(record, check);
            let transcript = check.transcript.as_deref();
            let hash = transcript.map(|transcript| transcript.hash.as_slice());
            let key = check.key.map(|key| values[&key].as_slice());
            match check.kind {
                CheckKind::Finished(side) if check.key == Some(Key::Master) => {
                    let expected = tls12_verify_data(suite, side, key.unwrap(), hash.unwrap());
                    assert_eq!(message.body(), expected, "{check:?}");
                }
                CheckKind::Finished(_) => {
                    let expected = mac(check.algorithm, key.unwrap(), hash.unwrap());
                    assert_eq!(message.body(), expected, "{check:?}");
                }
                CheckKind::Binder(index) => {
                    assert_eq!(index, 0);
                    let binder = mac(check.algorithm, key.unwrap(), hash.unwrap());
                    assert!(message.bytes.ends_with(&binder), "{check:?}");
                }
                CheckKind::CertificateVerify(_) => {
                    verify_signature(certificate, check.signed.as_ref().unwrap(), &message.body()[4..]);
                }
                CheckKind::ServerKeyExchange => {
                    let signed = check.signed.as_ref().unwrap();
                    let signature = &message.body()[signed.len() - 64 + 4..];
                    verify_signature(certificate, signed, signature);
                }
            }
            seen.push((check.kind, transcript.map(parts).unwrap_or_default()));
        }
    }
    seen
}

/// Verifies a signature with the key of a certificate: Ed25519, or RSA if the certificate has an RSA key.
fn verify_signature(certificate: &[u8], signed: &[u8], signature: &[u8]) {
    let (_, certificate) = X509Certificate::from_der(certificate).unwrap();
    let key = certificate.public_key();
    let bytes: &[u8] = &key.subject_public_key.data;
    let verified = match key.algorithm.algorithm.to_id_string().as_str() {
        "1.3.101.112" => UnparsedPublicKey::new(&signature::ED25519, bytes).verify(signed, signature),
        _ => [&signature::RSA_PSS_2048_8192_SHA512, &signature::RSA_PSS_2048_8192_SHA256]
            .into_iter()
            .map(|algorithm| UnparsedPublicKey::new(algorithm, bytes).verify(signed, signature))
            .find(Result::is_ok)
            .unwrap_or(Err(aws_lc_rs::error::Unspecified)),
    };
    assert!(verified.is_ok(), "{:?}", hex(signed));
}

/// Returns the certificate of the server in PEM as DER.
fn der(configs: &Configs) -> Vec<u8> {
    let (_, pem) = x509_parser::pem::parse_x509_pem(configs.certificate.as_bytes()).unwrap();
    pem.contents
}

type Checks = Vec<(CheckKind, Vec<&'static str>)>;

/// Verifies all values and all checks of a session, as both ends decode it. Returns them.
fn verify(sessions: &Sessions, session: &Session) -> (BTreeMap<Key, Vec<u8>>, Checks) {
    let suite = sessions.shape.suite.unwrap_or_else(|| suite("TLS13_AES_256_GCM_SHA384").unwrap());
    let [client, server] = SIDES.map(|end| {
        let records = session.records(end, true);
        let values = values(&records);
        let checks = verified(&records, &values, suite, &der(&sessions.configs));
        (values, checks)
    });
    assert_eq!(client, server);
    client
}

#[test]
fn values_and_checks_hold_for_all_suites() {
    for suite in ALL_CIPHER_SUITES {
        let sessions = Sessions::new(Shape {
            suite: Some(*suite),
            mutual: true,
            resumption: true,
            ticketer: true,
            ..Shape::default()
        });
        let (values, full) = verify(&sessions, &sessions.run());
        let (resumed_values, resumed) = verify(&sessions, &sessions.run());
        // rustls has computed the PSK by the whole chain from the shared secret of the first session.
        if let Some(psk) = resumed_values.get(&Key::Psk) {
            let tickets = values.iter().filter(|(key, _)| matches!(key, Key::TicketPsk(_)));
            assert_eq!(tickets.filter(|(_, value)| *value == psk).count(), 1, "{suite:?}");
        }
        assert_eq!(resumed_values.contains_key(&Key::Psk), suite.tls13().is_some(), "{suite:?}");
        let kinds = |checks: &[(CheckKind, _)]| checks.iter().map(|(kind, _)| *kind).collect::<Vec<_>>();
        use CheckKind::{Binder, CertificateVerify, Finished, ServerKeyExchange};
        use Side::{Client, Server};
        let (first, second) = match suite {
            SupportedCipherSuite::Tls13(_) => (
                vec![
                    CertificateVerify(Server),
                    Finished(Server),
                    CertificateVerify(Client),
                    Finished(Client),
                ],
                vec![Binder(0), Finished(Server), Finished(Client)],
            ),
            SupportedCipherSuite::Tls12(_) => (
                vec![ServerKeyExchange, CertificateVerify(Client), Finished(Client), Finished(Server)],
                vec![Finished(Server), Finished(Client)],
            ),
        };
        assert_eq!((kinds(&full), kinds(&resumed)), (first, second), "{suite:?}");
    }
}

#[test]
fn values_and_checks_hold_for_other_shapes() {
    let tls12 = suite("TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256");
    for shape in [
        Shape { real_groups: true, ..Shape::default() },
        Shape { suite: tls12, resumption: true, ..Shape::default() }, // resumed by session ID
        Shape { retry: true, resumption: true, ..Shape::default() },
        Shape { retry: true, resumption: true, early_data: 1000, ..Shape::default() },
        Shape { resumption: true, early_data: 1000, ..Shape::default() },
    ] {
        let sessions = Sessions::new(shape);
        verify(&sessions, &sessions.run());
        verify(&sessions, &sessions.run());
    }
}

#[test]
fn the_binder_after_a_hello_retry_request_proves_both_hello_messages() {
    let shape = Shape { resumption: true, ..Shape::default() };
    let first = Sessions::new(shape.clone());
    first.run();
    // Another server resumes the session, but wants another group.
    let mut second = Sessions::new(Shape { retry: true, ..shape });
    second.configs.server.session_storage = first.configs.server.session_storage.clone();
    second.configs.client = first.configs.client;
    let [client, _] = first.recorders;
    second.recorders[0] = client;
    let (_, checks) = verify(&second, &second.run());
    let expected = [
        (CheckKind::Binder(0), vec!["truncated ClientHello"]),
        (CheckKind::Binder(0), vec!["message_hash", "HelloRetryRequest", "truncated ClientHello"]),
    ];
    assert_eq!(checks[..2], expected);
}
