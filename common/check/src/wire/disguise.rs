//! Sends a ClientHello that rustls would never send, and keeps the session usable.
//!
//! Both peers hash all messages of the handshake, and their keys depend on the hash. A client with the cipher suites
//! of a [`Disguise`] hashes the ClientHello that was sent, and not the ClientHello that rustls has built.
//!
//! A client that signs the handshake in TLS 1.2, because it has a certificate, signs rustls' ClientHello: do not
//! disguise it.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use rustls::CipherSuiteCommon;
use rustls::crypto::CryptoProvider;
use rustls::crypto::hash::{Context, Hash, HashAlgorithm, Output};

use super::hello::{ClientHello, LONGEST, records_of};
use super::suites;

/// Changes a ClientHello.
type Change = Box<dyn FnMut(&mut ClientHello) + Send>;

/// The change of a ClientHello.
#[derive(Clone)]
pub struct Disguise {
    change: Arc<Mutex<Change>>,
    /// The messages that were changed.
    messages: Messages,
}

#[derive(Clone, Default)]
struct Messages(Arc<Mutex<Vec<Message>>>);

/// A ClientHello, without the header of its record.
struct Message {
    /// As rustls has built it.
    built: Vec<u8>,
    /// As it was sent.
    sent: Vec<u8>,
}

impl Disguise {
    /// Changes each ClientHello like this. A second one follows a HelloRetryRequest.
    pub fn new(change: impl FnMut(&mut ClientHello) + Send + 'static) -> Self {
        Self { change: Arc::new(Mutex::new(Box::new(change))), messages: Messages::default() }
    }

    /// The default algorithms, with hashes of the changed messages.
    pub fn provider(&self) -> CryptoProvider {
        let rewrite = |common: &mut CipherSuiteCommon| {
            let (inner, messages) = (common.hash_provider, self.messages.clone());
            common.hash_provider = suites::leak(Rewriting { inner, messages });
        };
        suites::provider(|suite| rewrite(&mut suite.common), |suite| rewrite(&mut suite.common))
    }

    /// Returns the flight with its ClientHello changed and cut into as few records as possible. A flight without a
    /// ClientHello stays as it is. Made for [`handshake_sent_by`](super::Client::handshake_sent_by).
    ///
    /// # Errors
    /// The changed message is longer than its length fields can say.
    pub fn of(&self, flight: &[u8]) -> io::Result<Vec<u8>> {
        // Before the second ClientHello there may be a ChangeCipherSpec.
        let at = match flight {
            [20, _, _, 0, 1, 1, 22, ..] => 6,
            _ => 0,
        };
        let (before, hello) = flight.split_at(at);
        if !matches!(hello, [22, _, _, _, _, 1, ..]) {
            return Ok(flight.to_vec());
        }
        let mut changed = ClientHello::parse(hello)?;
        (self.change.lock().unwrap_or_else(PoisonError::into_inner))(&mut changed);
        let changed = changed.message()?;
        self.messages.add(hello[5..].to_vec(), changed.clone());
        Ok([before, &records_of(&changed, LONGEST)?].concat())
    }
}

impl Messages {
    fn add(&self, built: Vec<u8>, sent: Vec<u8>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(Message { built, sent });
    }

    /// Replaces the messages in this data. rustls hashes a ClientHello in one piece, perhaps behind other messages.
    fn rewrite(&self, data: &[u8]) -> Vec<u8> {
        let messages = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut data = data.to_vec();
        for Message { built, sent } in &*messages {
            if let Some(at) = data.windows(built.len()).position(|window| window == built) {
                data.splice(at..at + built.len(), sent.iter().copied());
            }
        }
        data
    }
}

struct Rewriting {
    inner: &'static dyn Hash,
    messages: Messages,
}

impl Hash for Rewriting {
    fn start(&self) -> Box<dyn Context> {
        Box::new(RewritingContext { inner: self.inner.start(), messages: self.messages.clone() })
    }

    fn hash(&self, data: &[u8]) -> Output {
        self.inner.hash(&self.messages.rewrite(data))
    }

    fn output_len(&self) -> usize {
        self.inner.output_len()
    }

    fn algorithm(&self) -> HashAlgorithm {
        self.inner.algorithm()
    }
}

struct RewritingContext {
    inner: Box<dyn Context>,
    messages: Messages,
}

impl Context for RewritingContext {
    fn fork_finish(&self) -> Output {
        self.inner.fork_finish()
    }

    fn fork(&self) -> Box<dyn Context> {
        Box::new(Self { inner: self.inner.fork(), messages: self.messages.clone() })
    }

    fn finish(self: Box<Self>) -> Output {
        self.inner.finish()
    }

    fn update(&mut self, data: &[u8]) {
        self.inner.update(&self.messages.rewrite(data));
    }
}
