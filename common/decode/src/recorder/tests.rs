//! Sessions with a recorder at each end.

use std::sync::Arc;

use rustls::crypto::aws_lc_rs::{ALL_CIPHER_SUITES, default_provider};
use rustls::{ClientConnection, ProtocolVersion, Side};
use testing::configs::{Configs, Shape, suite};
use testing::conversation::Conversation;

use super::*;
use crate::secrets::Secrets;

/// The configurations of two ends, with a recorder and a key log at each.
struct Ends {
    configs: Configs,
    recorders: [Recorder; 2],
    secrets: [Arc<Secrets>; 2],
}

impl Ends {
    fn new(shape: &Shape) -> Self {
        let recorders = [Recorder::default(), Recorder::default()];
        let secrets = [Arc::<Secrets>::default(), Arc::<Secrets>::default()];
        let mut configs = Configs::with_providers(shape, |side, provider| {
            recorders[usize::from(side == Side::Server)].provider(&provider)
        });
        configs.client.key_log = Arc::clone(&secrets[0]) as _;
        configs.server.key_log = Arc::clone(&secrets[1]) as _;
        Self { configs, recorders, secrets }
    }

    /// Runs a handshake. Returns the computations of the client and those of the server.
    fn handshake(&self) -> [Vec<Observed>; 2] {
        let (client, server) = (self.configs.client.clone(), self.configs.server.clone());
        let mut conversation = Conversation::new(client, server);
        conversation.exchange();
        assert!([Side::Client, Side::Server].iter().all(|side| !conversation.tls(*side).is_handshaking()));
        self.recorders.each_ref().map(Recorder::take)
    }
}

fn output(observed: &Observed) -> &[u8] {
    match observed {
        Observed::Extract { output, .. }
        | Observed::Expand { output, .. }
        | Observed::Hmac { output, .. }
        | Observed::Prf { output, .. } => output.bytes(),
    }
}

fn outputs(observed: &[Observed]) -> Vec<&[u8]> {
    observed.iter().map(output).collect()
}

/// The secrets that are put into HKDF-Extract or into the PRF.
fn inputs(observed: &[Observed]) -> Vec<Vec<u8>> {
    let input = |observed: &Observed| match observed {
        Observed::Extract { ikm, .. } => Some(ikm.bytes().to_vec()),
        Observed::Prf { secret, label, .. } if label == b"extended master secret" => {
            Some(secret.bytes().to_vec())
        }
        _ => None,
    };
    observed.iter().filter_map(input).collect()
}

#[test]
fn both_ends_record_the_shared_secret_and_all_secrets_of_the_key_log() {
    for suite in ALL_CIPHER_SUITES {
        let shape = Shape { suite: Some(*suite), ..Shape::default() };
        let ends = Ends::new(&shape);
        let [client, server] = ends.handshake();
        let shared = inputs(&client);
        assert_eq!(shared, inputs(&server));
        assert!(shared.iter().any(|secret| secret.len() == 32 && secret.iter().any(|byte| *byte != 0)));
        for (secrets, observed) in ends.secrets.iter().zip([&client, &server]) {
            let secrets = secrets.take();
            let labels = if suite.version().version == ProtocolVersion::TLSv1_3 { 5 } else { 1 };
            assert_eq!(secrets.len(), labels);
            for secret in secrets {
                assert!(outputs(observed).contains(&&secret.secret[..]), "{suite:?}: {}", secret.label);
            }
        }
    }
}

/// Each secret of TLS 1.3 is the output of an earlier computation, or comes from outside: a PSK, the shared secret, zeros.
#[test]
fn each_input_is_an_earlier_output() {
    let ends = Ends::new(&Shape { resumption: true, ..Shape::default() });
    for observed in ends.handshake() {
        for (n, computation) in observed.iter().enumerate() {
            let earlier = outputs(&observed[..n]);
            match computation {
                Observed::Expand { prk: key, .. } | Observed::Hmac { key, .. } => {
                    assert!(earlier.contains(&key.bytes()), "{computation:?}");
                }
                Observed::Extract { salt, .. } => {
                    let is_first = salt.bytes().iter().all(|byte| *byte == 0);
                    assert!(is_first || earlier.contains(&salt.bytes()));
                }
                Observed::Prf { .. } => unreachable!("TLS 1.3 has no PRF"),
            }
        }
    }
}

#[test]
fn a_resuming_client_puts_in_the_psk_of_a_ticket_before_it_sends() {
    let ends = Ends::new(&Shape { resumption: true, ..Shape::default() });
    let [first, _] = ends.handshake();
    let client = Arc::new(ends.configs.client.clone());
    let resumed = ClientConnection::new(client, "localhost".try_into().unwrap()).unwrap();
    let observed = ends.recorders[0].take();
    let Some(Observed::Extract { ikm: psk, .. }) = observed.first() else { panic!("{observed:?}") };
    assert!(outputs(&first).contains(&psk.bytes()));
    assert!(observed.iter().any(|computation| matches!(computation, Observed::Hmac { .. })), "the binder");
    assert!(resumed.is_handshaking());
}

#[test]
fn a_suite_is_wrapped_once() {
    let recorder = Recorder::default();
    let provider = recorder.provider(&default_provider());
    let again = recorder.provider(&default_provider());
    assert_eq!(provider.cipher_suites.len(), default_provider().cipher_suites.len());
    for (one, two) in provider.cipher_suites.iter().zip(&again.cipher_suites) {
        assert!(is_same(one, two), "{one:?}");
    }
}

#[test]
fn each_provider_keeps_its_own_computations() {
    let (recorder, other) = (Recorder::default(), Recorder::default());
    recorder.provider(&default_provider());
    // The computations of the second provider are those of the other recorder.
    let second = recorder.provider(&other.provider(&default_provider()));
    for suite in second.cipher_suites {
        match suite {
            SupportedCipherSuite::Tls13(suite) => drop(suite.hkdf_provider.extract_from_zero_ikm(None)),
            SupportedCipherSuite::Tls12(suite) => suite.prf_provider.for_secret(&mut [0], b"s", b"l", b"s"),
        }
        let observed = recorder.take();
        assert_eq!(observed.len(), 1, "{suite:?}");
        assert_eq!(observed.first(), other.take().first(), "{suite:?}");
    }
}

#[test]
fn a_list_that_is_never_taken_stays_short_and_a_closed_one_stays_empty() {
    let ends = Ends::new(&Shape::default());
    let SupportedCipherSuite::Tls13(suite) = suite("TLS13_AES_128_GCM_SHA256").unwrap() else { panic!() };
    let recorder = &ends.recorders[0];
    let recorded = recorder.suite(SupportedCipherSuite::Tls13(suite));
    let expander = recorded.tls13().unwrap().hkdf_provider.extract_from_zero_ikm(None);
    for _ in 0..MAX_FRESH * 2 {
        expander.expand_block(&[b"info"]);
    }
    assert_eq!(recorder.take().len(), MAX_FRESH);
    expander.expand_block(&[b"info"]);
    recorder.close();
    expander.expand_block(&[b"info"]);
    assert!(recorder.take().is_empty());
}

#[test]
fn debug_output_shows_no_value() {
    let observed =
        Observed::Expand { prk: Value::new(b"kkk"), info: Value::new(b"kkk"), output: Value::new(b"kkk") };
    let recorder = Recorder::default();
    recorder.add(Some(observed.clone()));
    for shown in [format!("{observed:?}"), format!("{recorder:?}")] {
        assert!(!shown.contains("107") && !shown.contains("kkk") && !shown.contains("6b"), "{shown}");
    }
}
