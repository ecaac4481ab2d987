//! Sessions with a recorder at each end.

use std::sync::Arc;

use rustls::crypto::aws_lc_rs::{ALL_CIPHER_SUITES, default_provider};
use rustls::{ClientConnection, Side};
use testing::configs::{Configs, Shape, suite};
use testing::conversation::Conversation;

use super::*;

/// The configurations of two ends, with a recorder at each.
struct Ends {
    configs: Configs,
    recorders: [Recorder; 2],
}

impl Ends {
    fn new(shape: &Shape) -> Self {
        let recorders = [Recorder::default(), Recorder::default()];
        let configs = Configs::with_providers(shape, |side, provider| {
            recorders[usize::from(side == Side::Server)].provider(&provider)
        });
        Self { configs, recorders }
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
fn both_ends_record_the_shared_secret() {
    for suite in ALL_CIPHER_SUITES {
        let ends = Ends::new(&Shape { suite: Some(*suite), ..Shape::default() });
        let [client, server] = ends.handshake().map(|observed| inputs(&observed));
        assert_eq!(client, server);
        assert!(matches!(&client[..], [secret] if secret.len() == 32), "{suite:?}");
    }
}

#[test]
fn a_resuming_client_puts_in_the_psk_of_a_ticket_before_it_sends() {
    let ends = Ends::new(&Shape { resumption: true, ..Shape::default() });
    ends.handshake();
    let client = Arc::new(ends.configs.client.clone());
    let resumed = ClientConnection::new(client, "localhost".try_into().unwrap()).unwrap();
    let observed = ends.recorders[0].take();
    let [Observed::Extract { salt, ikm: psk }] = &observed[..] else { panic!("{observed:?}") };
    assert_eq!((salt.bytes(), psk.bytes().len()), (&[][..], 48));
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
            SupportedCipherSuite::Tls13(suite) => drop(suite.hkdf_provider.extract_from_secret(None, b"s")),
            SupportedCipherSuite::Tls12(suite) => suite.prf_provider.for_secret(&mut [0], b"s", b"l", b"s"),
        }
        let observed = recorder.take();
        assert_eq!(observed.len(), 1, "{suite:?}");
        assert_eq!(observed.first(), other.take().first(), "{suite:?}");
    }
}

#[test]
fn a_list_that_is_never_taken_stays_short_and_a_closed_one_stays_empty() {
    let recorder = Recorder::default();
    let recorded = recorder.suite(suite("TLS13_AES_128_GCM_SHA256").unwrap());
    let extract = || drop(recorded.tls13().unwrap().hkdf_provider.extract_from_secret(None, b"secret"));
    (0..MAX_FRESH * 2).for_each(|_| extract());
    assert_eq!(recorder.take().len(), MAX_FRESH);
    extract();
    recorder.close();
    extract();
    assert!(recorder.take().is_empty());
}

#[test]
fn debug_output_shows_no_value() {
    let observed = Observed::Extract { salt: Value::new(b"kkk"), ikm: Value::new(b"kkk") };
    let recorder = Recorder::default();
    recorder.add(observed.clone());
    for shown in [format!("{observed:?}"), format!("{recorder:?}")] {
        assert!(!shown.contains("107") && !shown.contains("kkk") && !shown.contains("6b"), "{shown}");
    }
}
