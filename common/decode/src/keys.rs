//! Derives the keys of records from the secrets of a session.

use std::fmt;

use aws_lc_rs::aead;
use rustls::crypto::aws_lc_rs::ALL_CIPHER_SUITES;
use rustls::crypto::tls13::{HkdfExpander, OkmBlock};
use rustls::{CipherSuite, Side, SupportedCipherSuite, Tls13CipherSuite};
use zeroize::Zeroizing;

use crate::opener::{Form, Opener};
use crate::reader::Reader;
use crate::secrets::Secret;

const MASTER: &str = "CLIENT_RANDOM";
const EARLY: &str = "CLIENT_EARLY_TRAFFIC_SECRET";
const CLIENT_HANDSHAKE: &str = "CLIENT_HANDSHAKE_TRAFFIC_SECRET";
const SERVER_HANDSHAKE: &str = "SERVER_HANDSHAKE_TRAFFIC_SECRET";
const CLIENT_APPLICATION: &str = "CLIENT_TRAFFIC_SECRET_0";
const SERVER_APPLICATION: &str = "SERVER_TRAFFIC_SECRET_0";
const LABELS: [&str; 6] =
    [MASTER, EARLY, CLIENT_HANDSHAKE, SERVER_HANDSHAKE, CLIENT_APPLICATION, SERVER_APPLICATION];

/// The cipher suite and the randoms of a handshake.
#[derive(Clone, Copy, Debug)]
pub(super) struct Agreement {
    pub(super) suite: CipherSuite,
    pub(super) client_random: [u8; 32],
    pub(super) server_random: [u8; 32],
}

impl Agreement {
    fn suite(&self) -> Option<SupportedCipherSuite> {
        ALL_CIPHER_SUITES.iter().find(|suite| suite.suite() == self.suite).copied()
    }
}

/// The latest secret of each kind of one session.
#[derive(Debug, Default)]
pub(super) struct KeyRing(Vec<Secret>);

impl KeyRing {
    /// Keeps the secrets that decrypt records.
    pub(super) fn learn(&mut self, secrets: &[Secret]) {
        for secret in secrets.iter().filter(|secret| LABELS.contains(&secret.label.as_str())) {
            self.0.retain(|known| known.label != secret.label);
            self.0.push(secret.clone());
        }
    }

    fn find(&self, label: &str) -> Option<&[u8]> {
        self.0.iter().find(|known| known.label == label).map(|known| known.secret.as_slice())
    }

    /// Returns the openers for early data, one for each suite that fits the secret. Early data comes before ServerHello, so
    /// its suite is not known yet. It is that of the earlier session (RFC 8446, 4.2.10).
    pub(super) fn early(&self) -> Vec<Opener> {
        let Some(secret) = self.find(EARLY) else { return Vec::new() };
        let suites = ALL_CIPHER_SUITES.iter().filter_map(SupportedCipherSuite::tls13);
        suites.filter_map(|suite| TrafficKey::new(suite, secret)).map(|key| key.opener).collect()
    }

    /// Returns the key of `sender` for the handshake of TLS 1.3.
    pub(super) fn handshake(&self, agreement: &Agreement, sender: Side) -> Option<TrafficKey> {
        let label = if sender == Side::Client { CLIENT_HANDSHAKE } else { SERVER_HANDSHAKE };
        TrafficKey::new(agreement.suite()?.tls13()?, self.find(label)?)
    }

    /// Returns the key of `sender` after the handshake of TLS 1.3.
    pub(super) fn application(&self, agreement: &Agreement, sender: Side) -> Option<TrafficKey> {
        let label = if sender == Side::Client { CLIENT_APPLICATION } else { SERVER_APPLICATION };
        TrafficKey::new(agreement.suite()?.tls13()?, self.find(label)?)
    }

    /// Returns the opener for the records of `sender` after its ChangeCipherSpec in TLS 1.2 (RFC 5246, 6.3).
    pub(super) fn tls12(&self, agreement: &Agreement, sender: Side) -> Option<Opener> {
        let SupportedCipherSuite::Tls12(suite) = agreement.suite()? else { return None };
        let master = self.find(MASTER).filter(|master| !master.is_empty())?;
        let shape = suite.aead_alg.key_block_shape();
        let mut block = Zeroizing::new(vec![0; (shape.enc_key_len + shape.fixed_iv_len) * 2]);
        let randoms = [agreement.server_random, agreement.client_random].concat();
        suite.prf_provider.for_secret(&mut block, master, b"key expansion", &randoms);

        let mut block = Reader::new(&block);
        let (client_key, server_key) = (block.take(shape.enc_key_len)?, block.take(shape.enc_key_len)?);
        let (client_iv, server_iv) = (block.take(shape.fixed_iv_len)?, block.take(shape.fixed_iv_len)?);
        let (key, iv) = match sender {
            Side::Client => (client_key, client_iv),
            Side::Server => (server_key, server_iv),
        };
        let form = match shape.explicit_nonce_len {
            0 => Form::Tls12Counted(iv.try_into().ok()?),
            _ => Form::Tls12Explicit(iv.try_into().ok()?),
        };
        Opener::new(algorithm(agreement.suite)?, key, form)
    }
}

/// A traffic secret of TLS 1.3, and the opener with its key.
pub(super) struct TrafficKey {
    suite: &'static Tls13CipherSuite,
    secret: OkmBlock,
    pub(super) opener: Opener,
}

impl TrafficKey {
    /// Derives the key (RFC 8446, 7.3). `None` if the secret does not have the length of the hash.
    fn new(suite: &'static Tls13CipherSuite, secret: &[u8]) -> Option<Self> {
        // `OkmBlock::new` panics if the secret is longer than any hash.
        if secret.len() != suite.common.hash_provider.output_len() {
            return None;
        }
        let secret = OkmBlock::new(secret);
        let expander = suite.hkdf_provider.expander_for_okm(&secret);
        let algorithm = algorithm(suite.common.suite)?;
        let mut key = Zeroizing::new(vec![0; algorithm.key_len()]);
        expand_label(&*expander, b"key", &mut key)?;
        let mut iv = [0; aead::NONCE_LEN];
        expand_label(&*expander, b"iv", &mut iv)?;
        Some(Self { suite, secret, opener: Opener::new(algorithm, &key, Form::Tls13(iv))? })
    }

    /// Derives the key after a KeyUpdate (RFC 8446, 7.2).
    pub(super) fn next(&self) -> Option<Self> {
        let expander = self.suite.hkdf_provider.expander_for_okm(&self.secret);
        let mut secret = Zeroizing::new(vec![0; expander.hash_len()]);
        expand_label(&*expander, b"traffic upd", &mut secret)?;
        Self::new(self.suite, &secret)
    }
}

/// Does not show the secret.
impl fmt::Debug for TrafficKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TrafficKey({:?}, {:?})", self.suite.common.suite, self.opener)
    }
}

/// Computes HKDF-Expand-Label with an empty context (RFC 8446, 7.1).
fn expand_label(expander: &dyn HkdfExpander, label: &[u8], output: &mut [u8]) -> Option<()> {
    const PREFIX: &[u8] = b"tls13 ";
    let length = u16::try_from(output.len()).ok()?.to_be_bytes();
    let label_length = u8::try_from(PREFIX.len() + label.len()).ok()?;
    expander.expand_slice(&[&length, &[label_length], PREFIX, label, &[0]], output).ok()
}

/// Returns the cipher of a suite that rustls supports.
fn algorithm(suite: CipherSuite) -> Option<&'static aead::Algorithm> {
    let ciphers = [
        ("AES_128_GCM", &aead::AES_128_GCM),
        ("AES_256_GCM", &aead::AES_256_GCM),
        ("CHACHA20_POLY1305", &aead::CHACHA20_POLY1305),
    ];
    let name = suite.as_str()?;
    ciphers.into_iter().find(|(cipher, _)| name.contains(cipher)).map(|(_, algorithm)| algorithm)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_suite_of_rustls_has_a_cipher() {
        assert_eq!(ALL_CIPHER_SUITES.len(), 9);
        for suite in ALL_CIPHER_SUITES {
            let algorithm = algorithm(suite.suite());
            if let SupportedCipherSuite::Tls12(suite) = suite {
                let length = suite.aead_alg.key_block_shape().enc_key_len;
                assert_eq!(algorithm.map(aead::Algorithm::key_len), Some(length));
            }
            assert!(algorithm.is_some(), "{suite:?}");
        }
    }

    #[test]
    fn secrets_of_any_length_are_accepted_and_never_shown() {
        for length in 0..=100 {
            let mut ring = KeyRing::default();
            let secret = vec![b'k'; length];
            let learnt = LABELS.map(|label| Secret::new(label, &[], &secret));
            ring.learn(&learnt);
            ring.learn(&learnt);
            assert_eq!(ring.0.len(), LABELS.len());
            for suite in ALL_CIPHER_SUITES {
                let agreement =
                    Agreement { suite: suite.suite(), client_random: [1; 32], server_random: [2; 32] };
                for side in [Side::Client, Side::Server] {
                    let keys = (ring.handshake(&agreement, side), ring.application(&agreement, side));
                    let shown = format!("{ring:?} {keys:?} {:?}", ring.tls12(&agreement, side));
                    assert!(!shown.contains("107") && !shown.contains("kkk") && !shown.contains("6b6b"));
                    let fits = suite.tls13().is_some_and(|s| s.common.hash_provider.output_len() == length);
                    assert_eq!((keys.0.is_some(), keys.1.is_some()), (fits, fits));
                }
            }
        }
    }
}
