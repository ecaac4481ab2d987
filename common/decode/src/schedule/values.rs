//! The values of secrets, for a decoder that keeps them.

use std::collections::BTreeMap;

use rustls::Side;

use super::{Key, Value};
use crate::recorder::Observed;
use crate::secrets::Secret;

/// The known values of the secrets that others are derived from.
#[derive(Debug, Default)]
pub(crate) struct Values(BTreeMap<Key, Value>);

impl Values {
    /// Keeps the secrets of a key log.
    pub(crate) fn learn(&mut self, secrets: &[Secret]) {
        for secret in secrets {
            let key = match secret.label.as_str() {
                "CLIENT_EARLY_TRAFFIC_SECRET" => Key::EarlyTraffic,
                "CLIENT_HANDSHAKE_TRAFFIC_SECRET" => Key::HandshakeTraffic(Side::Client),
                "SERVER_HANDSHAKE_TRAFFIC_SECRET" => Key::HandshakeTraffic(Side::Server),
                "CLIENT_TRAFFIC_SECRET_0" => Key::ApplicationTraffic(Side::Client, 0),
                "SERVER_TRAFFIC_SECRET_0" => Key::ApplicationTraffic(Side::Server, 0),
                "EXPORTER_SECRET" => Key::ExporterMaster,
                "CLIENT_RANDOM" => Key::Master,
                _ => continue,
            };
            self.0.insert(key, Value::new(&secret.secret));
        }
    }

    /// Keeps the inputs that are not derived from other secrets.
    ///
    /// The salt of the early secret is zero, and its input is the PSK. The salt of the handshake secret is not zero, and its
    /// input is the shared secret. The input of the master secret is zero (RFC 8446, 7.1).
    pub(crate) fn observe(&mut self, observed: &[Observed]) {
        let is_zero = |value: &Value| value.bytes().iter().all(|byte| *byte == 0);
        for observed in observed {
            let (key, secret) = match observed {
                Observed::Extract { ikm, .. } if is_zero(ikm) => continue,
                Observed::Extract { salt, ikm, .. } if is_zero(salt) => (Key::Psk, ikm),
                Observed::Extract { ikm, .. } => (Key::SharedSecret, ikm),
                Observed::Prf { secret, label, .. } if label.ends_with(b"master secret") => {
                    (Key::Premaster, secret)
                }
                _ => continue,
            };
            self.0.insert(key, secret.clone());
        }
    }
}
