//! Follows the messages of a session: which keys both ends can derive, and what a message proves.

use std::mem;
use std::sync::Arc;

use rustls::{CipherSuite, HandshakeType, NamedGroup, ProtocolVersion, Side};

use super::transcript::Running;
use super::values::Values;
use super::{Check, CheckKind, Derivation, HashAlgorithm, Input, Key, Part, Rule, Transcript};
use crate::hello::{ClientHello, Psks, ServerHello};
use crate::record::Message;
use crate::recorder::Observed;
use crate::secrets::Secret;

/// The most derivations, and the most checks, of one record. No message has more than ServerHello: it has up to 11
/// derivations.
const MOST: usize = 16;

/// The key schedule of one session, as far as it is known.
#[derive(Debug, Default)]
pub(crate) struct Schedule {
    /// `None`: the values are not kept.
    values: Option<Values>,
    /// The messages of the current handshake. `None`: there is no handshake, or a message of it is missing.
    pub(super) transcript: Option<Running>,
    pub(super) offered: Offered,
    retry: Retry,
    /// Set by ServerHello.
    pub(super) session: Option<Session>,
    /// The derivations and the checks of the current record.
    derivations: Vec<Derivation>,
    checks: Vec<Check>,
    /// The number of derivations and checks above the limit.
    left_out: usize,
}

/// The last ClientHello.
#[derive(Debug, Default)]
pub(super) struct Offered {
    random: [u8; 32],
    pub(super) session_id: Vec<u8>,
    /// The early secret is derived from the first PSK with this hash function.
    pub(super) psk: Option<HashAlgorithm>,
}

#[derive(Debug, Default, PartialEq)]
enum Retry {
    #[default]
    No,
    /// The next ClientHello continues the handshake.
    Requested,
    Answered,
}

/// The result of the hello messages, and the progress since then.
#[derive(Clone, Copy, Debug)]
pub(super) struct Session {
    is_tls13: bool,
    pub(super) suite: CipherSuite,
    pub(super) algorithm: HashAlgorithm,
    pub(super) client_random: [u8; 32],
    pub(super) server_random: [u8; 32],
    /// The group of the key exchange, as far as it is known.
    pub(super) group: Option<NamedGroup>,
    /// RFC 7627, in TLS 1.2.
    pub(super) extended_master_secret: bool,
    pub(super) client: Progress,
    pub(super) server: Progress,
    /// The server has accepted early data, and its end is not in the transcript yet.
    pub(super) early_data: bool,
    /// The number of tickets so far.
    pub(super) tickets: u32,
}

/// The progress of one end.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Progress {
    pub(super) finished: bool,
    /// The number of its traffic secret.
    pub(super) generation: u32,
}

impl Session {
    pub(super) fn progress(&mut self, side: Side) -> &mut Progress {
        match side {
            Side::Client => &mut self.client,
            Side::Server => &mut self.server,
        }
    }
}

impl Schedule {
    pub(crate) fn keep_values(&mut self) {
        self.values.get_or_insert_default();
    }

    pub(crate) fn learn(&mut self, secrets: &[Secret]) {
        if let Some(values) = &mut self.values {
            values.learn(secrets);
        }
    }

    pub(crate) fn observe(&mut self, observed: &[Observed]) {
        if let Some(values) = &mut self.values {
            values.observe(observed);
        }
    }

    /// Returns how many bytes of the transcript are kept.
    pub(crate) fn kept(&self) -> usize {
        self.transcript.as_ref().map_or(0, Running::kept)
    }

    /// Returns the number of the traffic secret of an end.
    pub(crate) fn generation(&mut self, side: Side) -> u32 {
        self.session.as_mut().map_or(0, |session| session.progress(side).generation)
    }

    /// Returns the derivations and the checks since the last call, and how many others were left out.
    pub(crate) fn take(&mut self) -> (Vec<Derivation>, Vec<Check>, usize) {
        (mem::take(&mut self.derivations), mem::take(&mut self.checks), mem::take(&mut self.left_out))
    }

    /// A record could not be decrypted, or a message is too long. So the transcript lacks a message.
    pub(crate) fn miss(&mut self) {
        self.transcript = None;
    }

    /// Follows a message.
    pub(crate) fn message(&mut self, message: &Message) {
        if message.kind == HandshakeType::HelloRequest {
            return; // no transcript contains it (RFC 5246, 7.4.1.1)
        }
        match self.session {
            Some(session) if session.is_tls13 => self.follow_tls13(session, message),
            session => match (message.sender, message.kind, session) {
                (Side::Client, HandshakeType::ClientHello, _) => self.client_hello(message),
                (Side::Server, HandshakeType::ServerHello, _) => self.server_hello(message),
                (_, _, Some(session)) => self.follow_tls12(session, message),
                _ => self.add(message),
            },
        }
    }

    fn client_hello(&mut self, message: &Message) {
        match self.retry {
            Retry::Requested => self.retry = Retry::Answered,
            Retry::No | Retry::Answered => {
                self.transcript = Some(Running::new());
                self.retry = Retry::No;
            }
        }
        self.session = None;
        let Some(hello) = ClientHello::read(message.body()) else {
            self.offered = Offered::default();
            return self.miss();
        };
        let psk = self.offer_psks(message, &hello.psks);
        self.add(message);
        if let Some(algorithm) = psk.filter(|_| hello.early_data) {
            let traffic =
                Rule::Expand { from: Key::EarlySecret, label: "c e traffic", length: algorithm.length() };
            self.derive_from_transcript(algorithm, Key::EarlyTraffic, traffic);
        }
        self.offered = Offered { random: hello.random, session_id: hello.session_id, psk };
    }

    /// Derives the keys of the first PSK, and checks all binders. Returns the hash function of the first PSK.
    fn offer_psks(&mut self, message: &Message, psks: &Psks) -> Option<HashAlgorithm> {
        let psk = HashAlgorithm::of_length(*psks.binders.first()?)?;
        // The second ClientHello offers the same PSK.
        if self.offered.psk != Some(psk) || self.retry == Retry::No {
            self.derive_psk(psk);
            let length = psk.length();
            let binder = Rule::Expand { from: Key::EarlySecret, label: "res binder", length };
            self.derive_from(psk, Key::BinderKey, binder, Running::new().so_far(psk));
            let finished = Rule::Expand { from: Key::BinderKey, label: "finished", length };
            self.derive(psk, Key::BinderFinishedKey, finished);
        }
        let truncated = message.bytes.get(..message.bytes.len() - message.body().len() + psks.truncated)?;
        let mut transcript = self.transcript.clone()?;
        transcript.add(Part::TruncatedClientHello, truncated)?;
        let transcripts = HashAlgorithm::ALL.map(|algorithm| (algorithm, transcript.so_far(algorithm)));
        for (index, length) in psks.binders.iter().enumerate() {
            let key = (index == 0).then_some(Key::BinderFinishedKey);
            // A binder of another length has an unknown hash function, so its check cannot be described.
            if let Some((algorithm, transcript)) =
                transcripts.iter().find(|(hash, _)| hash.length() == *length)
            {
                self.check(CheckKind::Binder(index), key, *algorithm, transcript.clone());
            }
        }
        Some(psk)
    }

    /// Derives the early secret from a PSK of an earlier session.
    pub(super) fn derive_psk(&mut self, algorithm: HashAlgorithm) {
        self.derive(algorithm, Key::Psk, Rule::EarlierSession);
        let early = Rule::Extract { salt: Input::Zeros, secret: Input::Key(Key::Psk) };
        self.derive(algorithm, Key::EarlySecret, early);
    }

    fn server_hello(&mut self, message: &Message) {
        let Some(answer) = ServerHello::read(message.body()) else { return self.miss() };
        let Some(suite) = answer.suite else { return self.miss() };
        let Some(algorithm) = HashAlgorithm::of(suite) else { return self.miss() };
        if answer.is_retry_request() {
            return self.retry(message, algorithm);
        }
        if let Some(transcript) = &mut self.transcript {
            transcript.choose(algorithm);
        }
        self.add(message);
        let session = Session {
            is_tls13: answer.version == ProtocolVersion::TLSv1_3,
            suite,
            algorithm,
            client_random: self.offered.random,
            server_random: answer.random,
            group: answer.group,
            extended_master_secret: answer.extended_master_secret,
            client: Progress::default(),
            server: Progress::default(),
            early_data: false,
            tickets: 0,
        };
        match answer.version {
            ProtocolVersion::TLSv1_3 => self.begin_tls13(&session, &answer),
            ProtocolVersion::TLSv1_2 => self.begin_tls12(&session, &answer),
            _ => return self.miss(), // older versions use other hash functions
        }
        self.session = Some(session);
    }

    /// Applies a HelloRetryRequest. The server sends it at most once.
    fn retry(&mut self, message: &Message, algorithm: HashAlgorithm) {
        let first = self.transcript.take().filter(|_| self.retry == Retry::No);
        self.transcript = first.and_then(|transcript| transcript.retried(algorithm));
        self.retry = Retry::Requested;
        self.add(message);
    }

    // ---- tools ------------------------------------------------------------------------------------------------

    /// Adds a message to the transcript.
    pub(super) fn add(&mut self, message: &Message) {
        let name = message.name().unwrap_or("unknown message");
        self.add_part(Part::Message { sender: message.sender, name }, &message.bytes);
    }

    pub(super) fn add_part(&mut self, part: Part, bytes: &[u8]) {
        let added = self.transcript.as_mut().and_then(|transcript| transcript.add(part, bytes));
        if added.is_none() {
            self.miss();
        }
    }

    /// Returns the transcript so far.
    pub(super) fn so_far(&self, algorithm: HashAlgorithm) -> Option<Arc<Transcript>> {
        self.transcript.as_ref()?.so_far(algorithm)
    }

    /// Adds a derivation that has no transcript.
    pub(super) fn derive(&mut self, algorithm: HashAlgorithm, key: Key, rule: Rule) {
        self.push(Derivation { key, rule, algorithm, transcript: None, value: None });
    }

    /// Adds a derivation from the transcript so far.
    pub(super) fn derive_from_transcript(&mut self, algorithm: HashAlgorithm, key: Key, rule: Rule) {
        self.derive_from(algorithm, key, rule, self.so_far(algorithm));
    }

    /// Adds a derivation from a transcript, unless the transcript lacks a message.
    pub(super) fn derive_from(
        &mut self,
        algorithm: HashAlgorithm,
        key: Key,
        rule: Rule,
        transcript: Option<Arc<Transcript>>,
    ) {
        if transcript.is_some() {
            self.push(Derivation { key, rule, algorithm, transcript, value: None });
        }
    }

    /// Adds a derivation with its value. A peer may repeat messages, so a derivation above the limit is not calculated.
    fn push(&mut self, mut derivation: Derivation) {
        if self.derivations.len() < MOST {
            derivation.value = self.values.as_mut().and_then(|values| values.derive(&derivation));
        }
        push_bounded(&mut self.derivations, derivation, &mut self.left_out);
    }

    /// Adds a check of a transcript, unless the transcript lacks a message.
    pub(super) fn check(
        &mut self,
        kind: CheckKind,
        key: Option<Key>,
        algorithm: HashAlgorithm,
        transcript: Option<Arc<Transcript>>,
    ) {
        if transcript.is_some() {
            self.push_check(Check { kind, key, algorithm, transcript, signed: None });
        }
    }

    pub(super) fn push_check(&mut self, check: Check) {
        push_bounded(&mut self.checks, check, &mut self.left_out);
    }
}

/// Adds an item to a list, unless the list is full. Counts an item that does not fit.
fn push_bounded<T>(list: &mut Vec<T>, item: T, left_out: &mut usize) {
    if list.len() < MOST {
        list.push(item);
    } else {
        *left_out += 1;
    }
}
