//! Receives the secrets that rustls derives.

use std::fmt;
use std::mem;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustls::{KeyLog, Side};
use zeroize::Zeroizing;

use crate::hex;
use crate::recorder::Value;
use crate::schedule::Key;

/// One secret, with the names of the [NSS key log
/// format](https://nss-crypto.org/reference/security/nss/legacy/key_log_format/index.html).
#[derive(Clone, PartialEq, Eq)]
pub struct Secret {
    /// Its kind: for example `CLIENT_TRAFFIC_SECRET_0`, or `CLIENT_RANDOM` for the master secret of TLS 1.2.
    pub label: String,
    /// The random in the ClientHello, 32 bytes, which identifies the session.
    pub client_random: Vec<u8>,
    /// The secret itself. It is overwritten when it is dropped.
    pub secret: Zeroizing<Vec<u8>>,
}

impl Secret {
    /// Copies a secret from rustls.
    pub fn new(label: &str, client_random: &[u8], secret: &[u8]) -> Self {
        let secret = Zeroizing::new(secret.to_vec());
        Self { label: label.to_owned(), client_random: client_random.to_vec(), secret }
    }

    /// Returns its name in the key schedule, and the secret itself. `None`: the label is unknown.
    pub(crate) fn value(&self) -> Option<(Key, Value)> {
        let key = match self.label.as_str() {
            "CLIENT_RANDOM" => Key::Master,
            "CLIENT_EARLY_TRAFFIC_SECRET" => Key::EarlyTraffic,
            "CLIENT_HANDSHAKE_TRAFFIC_SECRET" => Key::HandshakeTraffic(Side::Client),
            "SERVER_HANDSHAKE_TRAFFIC_SECRET" => Key::HandshakeTraffic(Side::Server),
            "CLIENT_TRAFFIC_SECRET_0" => Key::ApplicationTraffic(Side::Client, 0),
            "SERVER_TRAFFIC_SECRET_0" => Key::ApplicationTraffic(Side::Server, 0),
            "EXPORTER_SECRET" => Key::ExporterMaster,
            _ => return None,
        };
        Some((key, self.secret.clone().into()))
    }

    /// Returns its line in a key log, without a newline. Any program that has the line can decrypt the session.
    pub fn line(&self) -> String {
        format!("{} {} {}", self.label, hex(&self.client_random), hex(&self.secret))
    }
}

/// Does not show the secret, so that no message can contain it by accident.
impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({}, {} bytes)", self.label, self.secret.len())
    }
}

/// Collects secrets. Belongs into the `key_log` field of a `ClientConfig` or `ServerConfig`.
///
/// rustls passes the secrets inside `process_new_packets`. Call [`take`](Self::take) after each of these calls: then all
/// secrets belong to this session, whatever client random the peer has chosen.
#[derive(Debug)]
pub struct Secrets {
    /// `None` after [`close`](Self::close).
    fresh: Mutex<Option<Vec<Secret>>>,
}

impl Default for Secrets {
    fn default() -> Self {
        Self { fresh: Mutex::new(Some(Vec::new())) }
    }
}

impl Secrets {
    /// Returns the secrets since the last call.
    pub fn take(&self) -> Vec<Secret> {
        self.fresh().as_mut().map(mem::take).unwrap_or_default()
    }

    /// Stops collecting.
    pub fn close(&self) {
        *self.fresh() = None;
    }

    /// Locks the list. A panic of another thread cannot leave the list in a wrong state.
    fn fresh(&self) -> MutexGuard<'_, Option<Vec<Secret>>> {
        self.fresh.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl KeyLog for Secrets {
    fn log(&self, label: &str, client_random: &[u8], secret: &[u8]) {
        if let Some(fresh) = &mut *self.fresh() {
            fresh.push(Secret::new(label, client_random, secret));
        }
    }
}
