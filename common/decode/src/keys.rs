//! Derives the keys of records from the secrets of a session.

use std::collections::BTreeMap;
use std::fmt;

use aws_lc_rs::aead;
use rustls::{CipherSuite, Side};
use zeroize::Zeroizing;

use crate::compute::{expand_label, prf};
use crate::opener::{Form, Opener};
use crate::recorder::Value;
use crate::schedule::{HashAlgorithm, Key};
use crate::secrets::Secret;
use crate::suite::Aead;

/// The suites of TLS 1.3 whose records can be decrypted.
const TLS13: [CipherSuite; 3] = [
    CipherSuite::TLS13_AES_128_GCM_SHA256,
    CipherSuite::TLS13_AES_256_GCM_SHA384,
    CipherSuite::TLS13_CHACHA20_POLY1305_SHA256,
];

/// The cipher suite and the randoms of a handshake.
#[derive(Clone, Copy, Debug)]
pub(super) struct Agreement {
    pub(super) suite: CipherSuite,
    pub(super) client_random: [u8; 32],
    pub(super) server_random: [u8; 32],
}

/// The latest secret of each kind of one session.
#[derive(Debug, Default)]
pub(super) struct KeyRing(BTreeMap<Key, Value>);

impl KeyRing {
    pub(super) fn learn(&mut self, secrets: &[Secret]) {
        self.0.extend(secrets.iter().filter_map(Secret::value));
    }

    fn find(&self, key: Key) -> Option<&[u8]> {
        self.0.get(&key).map(Value::bytes)
    }

    /// Returns the openers for early data, one for each suite that fits the secret. Early data comes before ServerHello, so
    /// its suite is not known yet. It is that of the earlier session (RFC 8446, 4.2.10).
    pub(super) fn early(&self) -> Vec<Opener> {
        let Some(secret) = self.find(Key::EarlyTraffic) else { return Vec::new() };
        TLS13.into_iter().filter_map(|suite| TrafficKey::new(suite, secret)).map(|key| key.opener).collect()
    }

    /// Returns the key of `sender` for the handshake of TLS 1.3.
    pub(super) fn handshake(&self, agreement: &Agreement, sender: Side) -> Option<TrafficKey> {
        TrafficKey::new(agreement.suite, self.find(Key::HandshakeTraffic(sender))?)
    }

    /// Returns the key of `sender` after the handshake of TLS 1.3.
    pub(super) fn application(&self, agreement: &Agreement, sender: Side) -> Option<TrafficKey> {
        TrafficKey::new(agreement.suite, self.find(Key::ApplicationTraffic(sender, 0))?)
    }

    /// Returns the opener for the records of `sender` after its ChangeCipherSpec in TLS 1.2 (RFC 5246, 6.3).
    pub(super) fn tls12(&self, agreement: &Agreement, sender: Side) -> Option<Opener> {
        let (hash, aead) = (HashAlgorithm::of(agreement.suite)?, Aead::of(agreement.suite)?);
        let randoms = [agreement.server_random, agreement.client_random].concat();
        let block = prf(hash, self.find(Key::Master)?, "key expansion", &randoms, aead.key_block());
        let (key, iv) = aead.cut(sender);
        let (key, iv) = (block.get(key)?, block.get(iv)?);
        let form = match iv.try_into() {
            Ok(iv) => Form::Tls12Counted(iv),
            Err(_) => Form::Tls12Explicit(iv.try_into().ok()?),
        };
        Opener::new(aead.algorithm?, key, form)
    }
}

/// A traffic secret of TLS 1.3, and the opener with its key.
pub(super) struct TrafficKey {
    suite: CipherSuite,
    secret: Zeroizing<Vec<u8>>,
    pub(super) opener: Opener,
}

impl TrafficKey {
    /// Derives the key (RFC 8446, 7.3). `None` if the suite is not one of TLS 1.3, or if the secret does not have the length
    /// of the hash.
    fn new(suite: CipherSuite, secret: &[u8]) -> Option<Self> {
        let (hash, aead) = (HashAlgorithm::of(suite)?, Aead::of(suite)?);
        if !TLS13.contains(&suite) || secret.len() != hash.length() {
            return None;
        }
        let key = expand_label(hash, secret, "key", &[], aead.key)?;
        let iv = expand_label(hash, secret, "iv", &[], aead::NONCE_LEN)?;
        let form = Form::Tls13(iv.as_slice().try_into().ok()?);
        let opener = Opener::new(aead.algorithm?, &key, form)?;
        Some(Self { suite, secret: Zeroizing::new(secret.to_vec()), opener })
    }

    /// Derives the key after a KeyUpdate (RFC 8446, 7.2).
    pub(super) fn next(&self) -> Option<Self> {
        let hash = HashAlgorithm::of(self.suite)?;
        Self::new(self.suite, &expand_label(hash, &self.secret, "traffic upd", &[], hash.length())?)
    }
}

/// Does not show the secret.
impl fmt::Debug for TrafficKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TrafficKey({:?}, {:?})", self.suite, self.opener)
    }
}

#[cfg(test)]
mod tests {
    use rustls::crypto::aws_lc_rs::ALL_CIPHER_SUITES;

    use super::*;

    const LABELS: [&str; 6] = [
        "CLIENT_RANDOM",
        "CLIENT_EARLY_TRAFFIC_SECRET",
        "CLIENT_HANDSHAKE_TRAFFIC_SECRET",
        "SERVER_HANDSHAKE_TRAFFIC_SECRET",
        "CLIENT_TRAFFIC_SECRET_0",
        "SERVER_TRAFFIC_SECRET_0",
    ];

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
