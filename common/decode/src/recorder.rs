//! Records the secrets that rustls puts into the key schedule of a session.
//!
//! A [`KeyLog`](rustls::KeyLog) gets some of the secrets. The others are computed from the PSK, from the shared secret of the
//! key exchange, and in TLS 1.2 from the premaster secret. rustls passes these to the HKDF and the PRF of its
//! [`CryptoProvider`]. A [`Recorder`] wraps both. It passes each call on, and keeps a copy of the secrets.

use std::fmt;
use std::mem;
use std::ptr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustls::crypto::tls12::Prf;
use rustls::crypto::tls13::{Hkdf, HkdfExpander, OkmBlock};
use rustls::crypto::{ActiveKeyExchange, CryptoProvider, hmac};
use rustls::version::{TLS12, TLS13};
use rustls::{CipherSuiteCommon, Error, SupportedCipherSuite, Tls12CipherSuite, Tls13CipherSuite};
use zeroize::Zeroizing;

/// The most computations between two calls of [`Recorder::take`]. A handshake has fewer than 10. Further computations are not
/// recorded.
const MAX_FRESH: usize = 1024;

/// A computation of the key schedule: its inputs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Observed {
    /// HKDF-Extract(salt, ikm) (RFC 5869, 2.2). A computation whose ikm is zero is not recorded.
    Extract {
        /// The key of the HMAC. A missing salt is empty.
        salt: Value,
        /// The secret that is put in: a PSK or a shared secret.
        ikm: Value,
    },
    /// The PRF of TLS 1.2 (RFC 5246, 5).
    Prf {
        /// The premaster secret or the master secret.
        secret: Value,
        /// The label, in ASCII.
        label: Vec<u8>,
    },
}

/// Bytes that may be secret. Their memory is overwritten when it is dropped, and `Debug` shows only their number.
#[derive(Clone, PartialEq, Eq)]
pub struct Value(Zeroizing<Vec<u8>>);

impl Value {
    /// Copies bytes.
    pub fn new(bytes: &[u8]) -> Self {
        Self(Zeroizing::new(bytes.to_vec()))
    }

    /// Returns the bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl From<Zeroizing<Vec<u8>>> for Value {
    fn from(bytes: Zeroizing<Vec<u8>>) -> Self {
        Self(bytes)
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.0.len())
    }
}

/// Collects the computations of all sessions whose provider comes from [`provider`](Self::provider). Clones share one list.
///
/// rustls computes inside `process_new_packets`, and in a client that resumes a session, inside `ClientConnection::new`. Call
/// [`take`](Self::take) after each of these calls: then all computations belong to this session.
#[derive(Clone, Debug, Default)]
pub struct Recorder(Arc<Shared>);

#[derive(Default)]
struct Shared {
    fresh: Mutex<Fresh>,
    /// The cipher suites so far: each as its provider has it, and wrapped.
    suites: Mutex<Vec<[SupportedCipherSuite; 2]>>,
}

#[derive(Default)]
struct Fresh {
    observed: Vec<Observed>,
    closed: bool,
}

impl Recorder {
    /// Returns the same provider, with recorded cipher suites.
    pub fn provider(&self, provider: &CryptoProvider) -> CryptoProvider {
        let cipher_suites = provider.cipher_suites.iter().map(|suite| self.suite(*suite)).collect();
        CryptoProvider { cipher_suites, ..provider.clone() }
    }

    /// Returns the computations since the last call, in their order.
    pub fn take(&self) -> Vec<Observed> {
        mem::take(&mut lock(&self.0.fresh).observed)
    }

    /// Stops recording, and forgets what was recorded.
    pub fn close(&self) {
        *lock(&self.0.fresh) = Fresh { observed: Vec::new(), closed: true };
    }

    /// Adds a computation.
    fn add(&self, observed: Observed) {
        let fresh = &mut *lock(&self.0.fresh);
        if !fresh.closed && fresh.observed.len() < MAX_FRESH {
            fresh.observed.push(observed);
        }
    }

    /// Returns the wrapped suite.
    ///
    /// rustls takes only `'static` suites, so a wrapped suite leaks. A server loads its configuration again at each SIGHUP.
    /// So that the leak does not grow, each suite of a provider is wrapped only once. Another provider has other suites, with
    /// its own HKDF and PRF.
    fn suite(&self, suite: SupportedCipherSuite) -> SupportedCipherSuite {
        let mut wrapped = lock(&self.0.suites);
        if let Some([_, recorded]) = wrapped.iter().find(|[inner, _]| is_same(inner, &suite)) {
            return *recorded;
        }
        let recorded = match suite {
            SupportedCipherSuite::Tls13(suite) => SupportedCipherSuite::Tls13(leaked(Tls13CipherSuite {
                common: CipherSuiteCommon { ..suite.common },
                hkdf_provider: leaked(Recorded { inner: suite.hkdf_provider, recorder: self.clone() }),
                ..*suite
            })),
            SupportedCipherSuite::Tls12(suite) => SupportedCipherSuite::Tls12(leaked(Tls12CipherSuite {
                common: CipherSuiteCommon { ..suite.common },
                prf_provider: leaked(Recorded { inner: suite.prf_provider, recorder: self.clone() }),
                ..*suite
            })),
        };
        wrapped.push([suite, recorded]);
        recorded
    }
}

/// Returns whether two suites are one static. `PartialEq` of rustls compares only their numbers.
fn is_same(one: &SupportedCipherSuite, two: &SupportedCipherSuite) -> bool {
    match (one, two) {
        (SupportedCipherSuite::Tls13(one), SupportedCipherSuite::Tls13(two)) => ptr::eq(*one, *two),
        (SupportedCipherSuite::Tls12(one), SupportedCipherSuite::Tls12(two)) => ptr::eq(*one, *two),
        _ => false,
    }
}

fn leaked<T>(value: T) -> &'static T {
    Box::leak(Box::new(value))
}

/// Locks a list. A panic of another thread cannot leave the list in a wrong state.
fn lock<T>(list: &Mutex<T>) -> MutexGuard<'_, T> {
    list.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Does not show the computations.
impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fresh = lock(&self.fresh);
        write!(f, "{} computations, closed: {}", fresh.observed.len(), fresh.closed)
    }
}

/// An algorithm of rustls, recorded.
struct Recorded<A: ?Sized + 'static> {
    inner: &'static A,
    recorder: Recorder,
}

impl Hkdf for Recorded<dyn Hkdf> {
    fn extract_from_zero_ikm(&self, salt: Option<&[u8]>) -> Box<dyn HkdfExpander> {
        self.inner.extract_from_zero_ikm(salt)
    }

    fn extract_from_secret(&self, salt: Option<&[u8]>, secret: &[u8]) -> Box<dyn HkdfExpander> {
        let ikm = Value::new(secret);
        self.recorder.add(Observed::Extract { salt: Value::new(salt.unwrap_or_default()), ikm });
        self.inner.extract_from_secret(salt, secret)
    }

    /// Completes the key exchange here, as the default method of rustls does, so that the shared secret can be recorded.
    fn extract_from_kx_shared_secret(
        &self,
        salt: Option<&[u8]>,
        kx: Box<dyn ActiveKeyExchange>,
        peer_pub_key: &[u8],
    ) -> Result<Box<dyn HkdfExpander>, Error> {
        let shared = kx.complete_for_tls_version(peer_pub_key, &TLS13)?;
        Ok(self.extract_from_secret(salt, shared.secret_bytes()))
    }

    fn expander_for_okm(&self, okm: &OkmBlock) -> Box<dyn HkdfExpander> {
        self.inner.expander_for_okm(okm)
    }

    fn hmac_sign(&self, key: &OkmBlock, message: &[u8]) -> hmac::Tag {
        self.inner.hmac_sign(key, message)
    }

    fn fips(&self) -> bool {
        self.inner.fips()
    }
}

impl Prf for Recorded<dyn Prf> {
    /// Completes the key exchange here, as the default implementation of rustls does, so that the premaster secret can be
    /// recorded.
    fn for_key_exchange(
        &self,
        output: &mut [u8; 48],
        kx: Box<dyn ActiveKeyExchange>,
        peer_pub_key: &[u8],
        label: &[u8],
        seed: &[u8],
    ) -> Result<(), Error> {
        let premaster = kx.complete_for_tls_version(peer_pub_key, &TLS12)?;
        self.for_secret(output, premaster.secret_bytes(), label, seed);
        Ok(())
    }

    fn for_secret(&self, output: &mut [u8], secret: &[u8], label: &[u8], seed: &[u8]) {
        self.recorder.add(Observed::Prf { secret: Value::new(secret), label: label.to_vec() });
        self.inner.for_secret(output, secret, label, seed);
    }

    fn fips(&self) -> bool {
        self.inner.fips()
    }
}

#[cfg(test)]
mod tests;
