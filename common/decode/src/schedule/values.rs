//! The values of secrets, for a decoder that keeps them.

use std::collections::BTreeMap;

use zeroize::Zeroizing;

use super::{Derivation, HashAlgorithm, Input, Key, Rule, Seed, Value};
use crate::compute::{empty_hash, expand_label, mac, prf};
use crate::recorder::Observed;
use crate::secrets::Secret;

/// The known values of the secrets that others are derived from.
#[derive(Debug, Default)]
pub(super) struct Values {
    /// Values that rustls has told.
    given: BTreeMap<Key, Value>,
    /// Values that are computed from others.
    made: BTreeMap<Key, Value>,
}

impl Values {
    /// Keeps the secrets of a key log.
    pub(super) fn learn(&mut self, secrets: &[Secret]) {
        self.given.extend(secrets.iter().filter_map(Secret::value));
    }

    /// Keeps the inputs that are not derived from other secrets.
    ///
    /// The salt of the early secret is zero, and its input is the PSK. The salt of the handshake secret is not zero, and its
    /// input is the shared secret (RFC 8446, 7.1).
    pub(super) fn observe(&mut self, observed: &[Observed]) {
        let is_zero = |salt: &Value| salt.bytes().iter().all(|byte| *byte == 0);
        for observed in observed {
            let (key, secret) = match observed {
                Observed::Extract { salt, ikm, .. } if is_zero(salt) => (Key::Psk, ikm),
                Observed::Extract { ikm, .. } => (Key::SharedSecret, ikm),
                Observed::Prf { secret, label, .. } if label.ends_with(b"master secret") => {
                    (Key::Premaster, secret)
                }
                _ => continue,
            };
            self.given.insert(key, secret.clone());
        }
    }

    /// Returns the value of a derivation, and keeps it if others can be derived from it.
    pub(super) fn derive(&mut self, derivation: &Derivation) -> Option<Value> {
        let key = derivation.key;
        let value = match self.given.get(&key) {
            Some(given) => given.clone(),
            None => self.compute(derivation)?.into(),
        };
        match key {
            Key::Record(..) | Key::TicketPsk(_) => {}
            Key::ApplicationTraffic(side, number) => {
                // Only the latest one is needed.
                self.made.retain(|key, _| !matches!(key, Key::ApplicationTraffic(of, _) if *of == side));
                self.made.insert(Key::ApplicationTraffic(side, number), value.clone());
            }
            _ => {
                self.made.insert(key, value.clone());
            }
        }
        Some(value)
    }

    fn get(&self, key: Key) -> Option<&[u8]> {
        self.made.get(&key).or_else(|| self.given.get(&key)).map(Value::bytes)
    }

    fn compute(&self, derivation: &Derivation) -> Option<Zeroizing<Vec<u8>>> {
        let algorithm = derivation.algorithm;
        let hash = derivation.transcript.as_ref().map(|transcript| transcript.hash.as_slice());
        match &derivation.rule {
            Rule::KeyExchange(_) | Rule::EarlierSession => None,
            Rule::Extract { salt, secret } => {
                Some(mac(algorithm, &self.input(algorithm, *salt)?, &[&self.input(algorithm, *secret)?]))
            }
            Rule::Expand { from, label, length } => {
                let context = hash.unwrap_or_default();
                expand_label(algorithm, self.get(*from)?, label, context, *length)
            }
            Rule::TrafficKeys { from, key, iv } => {
                let expand = |label, length| expand_label(algorithm, self.get(*from)?, label, &[], length);
                Some(concat(&expand("key", *key)?, &expand("iv", *iv)?))
            }
            Rule::Ticket { from, nonce, length } => {
                expand_label(algorithm, self.get(*from)?, "resumption", nonce, *length)
            }
            Rule::Prf { from, label, seed, length } => {
                let seed = match seed {
                    Seed::Randoms { bytes, .. } => bytes,
                    Seed::Transcript => hash?,
                };
                Some(prf(algorithm, self.get(*from)?, label, seed, *length))
            }
            Rule::Cut { from, key, iv } => {
                let block = self.get(*from)?;
                Some(concat(block.get(key.clone())?, block.get(iv.clone())?))
            }
        }
    }

    fn input(&self, algorithm: HashAlgorithm, input: Input) -> Option<Zeroizing<Vec<u8>>> {
        let length = algorithm.length();
        match input {
            Input::Zeros => Some(Zeroizing::new(vec![0; length])),
            Input::Key(key) => self.get(key).map(|key| Zeroizing::new(key.to_vec())),
            Input::Derived(key) => {
                expand_label(algorithm, self.get(key)?, "derived", &empty_hash(algorithm), length)
            }
        }
    }
}

fn concat(key: &[u8], iv: &[u8]) -> Zeroizing<Vec<u8>> {
    Zeroizing::new([key, iv].concat())
}
