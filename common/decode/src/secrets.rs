//! The secrets that rustls derives, handed to those who may have them.

use std::fmt;
use std::mem;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustls::KeyLog;

/// One secret, in the terms of the [NSS key log format](https://nss-crypto.org/reference/security/nss/legacy/key_log_format/index.html).
#[derive(Clone, PartialEq, Eq)]
pub struct Secret {
    /// What it is: `CLIENT_TRAFFIC_SECRET_0` and the like, or `CLIENT_RANDOM` for the master secret of TLS 1.2.
    pub label: String,
    /// The 32 bytes in ClientHello by which the session is known.
    pub client_random: Vec<u8>,
    /// The secret itself.
    pub secret: Vec<u8>,
}

impl Secret {
    /// As rustls tells of it.
    pub fn new(label: &str, client_random: &[u8], secret: &[u8]) -> Self {
        Self { label: label.to_owned(), client_random: client_random.to_vec(), secret: secret.to_vec() }
    }

    /// Its line in a key log, without the end of the line. Whoever has it can decrypt the session.
    pub fn line(&self) -> String {
        format!("{} {} {}", self.label, hex(&self.client_random), hex(&self.secret))
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Without the secret, so that no message can tell it by accident.
impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({}, {} bytes)", self.label, self.secret.len())
    }
}

/// Takes the secrets from rustls: the `key_log` of a `ClientConfig` or `ServerConfig`.
///
/// rustls tells of them inside `process_new_packets`, one session at a time. Who takes what is new after each of these
/// calls therefore knows whose it is, whatever client random a peer has chosen.
#[derive(Debug)]
pub struct Secrets {
    /// `None` once nobody takes them any more.
    fresh: Mutex<Option<Vec<Secret>>>,
}

impl Default for Secrets {
    fn default() -> Self {
        Self { fresh: Mutex::new(Some(Vec::new())) }
    }
}

impl Secrets {
    /// What rustls has derived since the last call.
    pub fn take(&self) -> Vec<Secret> {
        self.fresh().as_mut().map(mem::take).unwrap_or_default()
    }

    /// Nobody takes them any more, so none are kept.
    pub fn close(&self) {
        *self.fresh() = None;
    }

    /// A panic elsewhere leaves nothing half done in a list.
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
