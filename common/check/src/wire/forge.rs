//! Seals records that rustls would never write, with the keys of its session.
//!
//! A peer with the cipher suites of a [`Forge`] behaves as rustls does, except for the records that a case has
//! replaced: they are sealed as rustls would, with another type or content.

use std::collections::VecDeque;
use std::io;
use std::ops::DerefMut;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rustls::crypto::CryptoProvider;
use rustls::crypto::cipher::{
    AeadKey, InboundOpaqueMessage, InboundPlainMessage, Iv, KeyBlockShape, MessageDecrypter,
    MessageEncrypter, OutboundChunks, OutboundOpaqueMessage, OutboundPlainMessage, Tls12AeadAlgorithm,
    Tls13AeadAlgorithm, UnsupportedOperationError,
};
use rustls::{ConnectionCommon, ConnectionTrafficSecrets, ContentType, Error, SideData};

use super::peer::Peer;
use super::suites;

/// Changes the last byte.
pub fn damage(bytes: &mut [u8]) {
    if let Some(last) = bytes.last_mut() {
        *last ^= 1;
    }
}

/// Changes the type and the content of a record.
pub type Alteration = Box<dyn FnOnce(ContentType, Vec<u8>) -> (ContentType, Vec<u8>) + Send>;

/// The alterations of the next records, and the number of keys so far.
#[derive(Clone, Default)]
pub struct Forge {
    alterations: Arc<Mutex<VecDeque<Alteration>>>,
    peer_keys: Arc<AtomicUsize>,
    /// The number of the key that opened the first data since [`Forge::forget_data`]. 0: no data came.
    data_key: Arc<AtomicUsize>,
}

impl Forge {
    /// The default algorithms, with forged records.
    pub fn provider(&self) -> CryptoProvider {
        suites::provider(
            |suite| suite.aead_alg = suites::leak(Forging { inner: suite.aead_alg, forge: self.clone() }),
            |suite| suite.aead_alg = suites::leak(Forging { inner: suite.aead_alg, forge: self.clone() }),
        )
    }

    /// Replaces the next record.
    pub fn next(&self, kind: ContentType, content: &[u8]) {
        let content = content.to_vec();
        self.alter_next(move |_, _| (kind, content));
    }

    /// Seals a record that rustls would not write.
    ///
    /// # Errors
    /// As [`Peer::seal`].
    pub fn seal<C, S: SideData>(
        &self,
        peer: &mut Peer<C>,
        kind: ContentType,
        content: &[u8],
    ) -> io::Result<Vec<u8>>
    where
        C: DerefMut<Target = ConnectionCommon<S>>,
    {
        self.next(kind, content);
        peer.seal(b"instead of this")
    }

    /// Alters the next record.
    pub fn alter_next(
        &self,
        alteration: impl FnOnce(ContentType, Vec<u8>) -> (ContentType, Vec<u8>) + Send + 'static,
    ) {
        self.alterations.lock().unwrap_or_else(PoisonError::into_inner).push_back(Box::new(alteration));
    }

    /// How many keys the peer has used so far to seal its records. A KeyUpdate of the peer adds one (RFC 8446,
    /// 4.6.3).
    pub fn peer_keys(&self) -> usize {
        self.peer_keys.load(Ordering::Relaxed)
    }

    /// The number of the peer's key that opened its first data since [`forget_data`](Self::forget_data).
    pub fn first_data_key(&self) -> Option<usize> {
        Some(self.data_key.load(Ordering::Relaxed)).filter(|key| *key > 0)
    }

    /// The next data of the peer are its first ones again.
    pub fn forget_data(&self) {
        self.data_key.store(0, Ordering::Relaxed);
    }

    fn take(&self) -> Option<Alteration> {
        self.alterations.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }
}

struct Forging<A: ?Sized + 'static> {
    inner: &'static A,
    forge: Forge,
}

impl<A: ?Sized> Forging<A> {
    fn watch(&self, inner: Box<dyn MessageDecrypter>) -> Box<dyn MessageDecrypter> {
        let number = self.forge.peer_keys.fetch_add(1, Ordering::Relaxed) + 1;
        Box::new(WatchingDecrypter { inner, number, data_key: Arc::clone(&self.forge.data_key) })
    }

    fn wrap(&self, inner: Box<dyn MessageEncrypter>) -> Box<dyn MessageEncrypter> {
        Box::new(ForgingEncrypter { inner, forge: self.forge.clone() })
    }
}

impl Tls13AeadAlgorithm for Forging<dyn Tls13AeadAlgorithm> {
    fn encrypter(&self, key: AeadKey, iv: Iv) -> Box<dyn MessageEncrypter> {
        self.wrap(self.inner.encrypter(key, iv))
    }

    fn decrypter(&self, key: AeadKey, iv: Iv) -> Box<dyn MessageDecrypter> {
        self.watch(self.inner.decrypter(key, iv))
    }

    fn key_len(&self) -> usize {
        self.inner.key_len()
    }

    fn extract_keys(
        &self,
        key: AeadKey,
        iv: Iv,
    ) -> Result<ConnectionTrafficSecrets, UnsupportedOperationError> {
        self.inner.extract_keys(key, iv)
    }
}

impl Tls12AeadAlgorithm for Forging<dyn Tls12AeadAlgorithm> {
    fn encrypter(&self, key: AeadKey, iv: &[u8], extra: &[u8]) -> Box<dyn MessageEncrypter> {
        self.wrap(self.inner.encrypter(key, iv, extra))
    }

    fn decrypter(&self, key: AeadKey, iv: &[u8]) -> Box<dyn MessageDecrypter> {
        self.watch(self.inner.decrypter(key, iv))
    }

    fn key_block_shape(&self) -> KeyBlockShape {
        self.inner.key_block_shape()
    }

    fn extract_keys(
        &self,
        key: AeadKey,
        iv: &[u8],
        explicit: &[u8],
    ) -> Result<ConnectionTrafficSecrets, UnsupportedOperationError> {
        self.inner.extract_keys(key, iv, explicit)
    }
}

struct ForgingEncrypter {
    inner: Box<dyn MessageEncrypter>,
    forge: Forge,
}

impl MessageEncrypter for ForgingEncrypter {
    fn encrypt(
        &mut self,
        message: OutboundPlainMessage<'_>,
        sequence: u64,
    ) -> Result<OutboundOpaqueMessage, Error> {
        let Some(alteration) = self.forge.take() else { return self.inner.encrypt(message, sequence) };
        let (typ, content) = alteration(message.typ, message.payload.to_vec());
        let payload = OutboundChunks::Single(&content);
        self.inner.encrypt(OutboundPlainMessage { typ, payload, ..message }, sequence)
    }

    fn encrypted_payload_len(&self, length: usize) -> usize {
        self.inner.encrypted_payload_len(length)
    }
}

/// Notes which key opens the first data.
struct WatchingDecrypter {
    inner: Box<dyn MessageDecrypter>,
    number: usize,
    data_key: Arc<AtomicUsize>,
}

impl MessageDecrypter for WatchingDecrypter {
    fn decrypt<'a>(
        &mut self,
        message: InboundOpaqueMessage<'a>,
        sequence: u64,
    ) -> Result<InboundPlainMessage<'a>, Error> {
        let plain = self.inner.decrypt(message, sequence)?;
        if plain.typ == ContentType::ApplicationData {
            let _ = self.data_key.compare_exchange(0, self.number, Ordering::Relaxed, Ordering::Relaxed);
        }
        Ok(plain)
    }
}
