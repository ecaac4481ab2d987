//! The key schedule of real sessions: each value is one that rustls computed, and each check proves what its message says.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod support {
    pub mod conversation;
}

use std::collections::BTreeMap;

use aws_lc_rs::hmac;
use aws_lc_rs::signature::{self, UnparsedPublicKey};
use decode::recorder::{Observed, Recorder};
use decode::schedule::{Check, CheckKind, HashAlgorithm, Key, Part, Rule, Transcript};
use decode::{Decoder, Message, Record, hex};
use rustls::crypto::aws_lc_rs::ALL_CIPHER_SUITES;
use rustls::{HandshakeType, ProtocolVersion, Side, SupportedCipherSuite};
use support::conversation::{Conversation, Flight};
use testing::configs::{Configs, Shape, suite};
use x509_parser::prelude::{FromDer as _, X509Certificate};

const SIDES: [Side; 2] = [Side::Client, Side::Server];

/// Sessions of one shape, with a recorder at each end.
struct Sessions {
    shape: Shape,
    configs: Configs,
    recorders: [Recorder; 2],
}

/// One session: its bytes, and what each end computed for it.
struct Session {
    flights: Vec<Flight>,
    observed: [Vec<Observed>; 2],
}

impl Sessions {
    fn new(shape: Shape) -> Self {
        let recorders = [Recorder::default(), Recorder::default()];
        let configs = Configs::with_providers(&shape, |side, provider| {
            recorders[usize::from(side == Side::Server)].provider(&provider)
        });
        Self { shape, configs, recorders }
    }

    /// Runs a session with data, key updates in TLS 1.3, and a clean end.
    fn run(&self) -> Session {
        let mut conversation = Conversation::new(&self.configs);
        if self.shape.early_data > 0 {
            // The first session has no ticket, so it has no early data.
            if let rustls::Connection::Client(client) = conversation.tls(Side::Client)
                && client.early_data().is_some()
            {
                conversation.send_early_data(b"early");
            }
        }
        conversation.exchange();
        for side in SIDES {
            if conversation.tls(side).protocol_version() == Some(ProtocolVersion::TLSv1_3) {
                match conversation.tls(side) {
                    rustls::Connection::Client(tls) => tls.refresh_traffic_keys().unwrap(),
                    rustls::Connection::Server(tls) => tls.refresh_traffic_keys().unwrap(),
                }
                conversation.exchange();
            }
            conversation.tls(side).send_close_notify();
        }
        conversation.exchange();
        let observed = self.recorders.each_ref().map(Recorder::take);
        Session { flights: conversation.flights, observed }
    }
}

impl Session {
    /// Returns the records as `end` decodes them.
    fn records(&self, end: Side, with_values: bool) -> Vec<Record> {
        let mut decoder = Decoder::default();
        if with_values {
            decoder.keep_values();
        }
        decoder.learn_values(&self.observed[usize::from(end == Side::Server)]);
        let mut records = Vec::new();
        for flight in &self.flights {
            if flight.sender != end {
                decoder.learn(&flight.secrets);
            }
            records.extend(decoder.feed(flight.sender, &flight.bytes));
        }
        records
    }
}

/// Returns the name of each part of a transcript.
fn parts(transcript: &Transcript) -> Vec<&'static str> {
    let name = |part: &Part| match part {
        Part::Message { name, .. } => name,
        Part::MessageHash => "message_hash",
        Part::TruncatedClientHello => "truncated ClientHello",
    };
    transcript.parts.iter().map(name).collect()
}

// ---- values --------------------------------------------------------------------------------------------------

/// Returns the results that rustls got from HKDF and the PRF.
fn outputs(observed: &[Observed]) -> Vec<&[u8]> {
    observed.iter().map(output).collect()
}

fn output(observed: &Observed) -> &[u8] {
    match observed {
        Observed::Extract { output, .. }
        | Observed::Expand { output, .. }
        | Observed::Hmac { output, .. }
        | Observed::Prf { output, .. } => output.bytes(),
    }
}

/// Returns the values of all derivations. Asserts that each one is known, and that rustls has computed it too.
fn values(records: &[Record], observed: &[Observed]) -> BTreeMap<Key, Vec<u8>> {
    let outputs = outputs(observed);
    let mut values = BTreeMap::new();
    for derivation in records.iter().flat_map(|record| &record.derivations) {
        let key = derivation.key;
        let value = derivation.value.as_ref().unwrap_or_else(|| panic!("{derivation:?}")).bytes();
        let is_output = |part: &[u8]| outputs.iter().any(|output| output.starts_with(part));
        match key {
            // The inputs of the key schedule, and parts of the key block.
            _ if matches!(
                derivation.rule,
                Rule::KeyExchange(_) | Rule::EarlierSession | Rule::Cut { .. }
            ) => {}
            Key::Record(..) => {
                let (key, iv) = value.split_at(value.len() - 12);
                assert!(is_output(key) && is_output(iv), "{derivation:?}");
            }
            _ => assert!(is_output(value), "{derivation:?}"),
        }
        values.insert(key, value.to_vec());
    }
    values
}

// ---- checks --------------------------------------------------------------------------------------------------

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
                CheckKind::CertificateVerify(_) if check.signed.is_none() => {
                    assert_eq!(message.version, Some(ProtocolVersion::TLSv1_2));
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

/// Verifies all values and all checks of a session, as both ends decode it.
fn verify(sessions: &Sessions, session: &Session) -> Vec<(CheckKind, Vec<&'static str>)> {
    let suite = sessions.shape.suite.unwrap_or_else(|| suite("TLS13_AES_256_GCM_SHA384").unwrap());
    let [client, server] = SIDES.map(|end| {
        let records = session.records(end, true);
        let values = values(&records, &session.observed[usize::from(end == Side::Server)]);
        let checks = verified(&records, &values, suite, &der(&sessions.configs));
        (values, checks)
    });
    assert_eq!(client, server);
    client.1
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
        let full = verify(&sessions, &sessions.run());
        let resumed = verify(&sessions, &sessions.run());
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
