//! Whether a peer is accepted: the seam between a session and the code that knows certificates.
//!
//! rustls asks a verifier in the middle of a full handshake, and asks nobody in a resumed one. A session therefore asks
//! [`Authorize`] at the end of every handshake. The verifier and the certificate resolver of the same configuration can
//! leave a note for the session during a call of `process_new_packets` ([`note_refusal`], [`note_certificate_request`]),
//! because rustls passes on an alert and little more.

use std::any::Any;
use std::cell::RefCell;
use std::fmt;
use std::sync::Arc;

use rustls::CertificateError;
use rustls::pki_types::CertificateDer;

/// Decides about peers.
pub trait Authorize: Send + Sync {
    /// Decides about the peer of a finished handshake, full or resumed.
    ///
    /// `presented` is the chain that the peer presented in this handshake or, if it is resumed, in the handshake that it
    /// resumes (rustls: `peer_certificates()`).
    fn authorize(&self, presented: Option<&[CertificateDer<'_>]>) -> Authorization;
}

/// The answer of [`Authorize::authorize`].
#[derive(Clone, Debug)]
pub struct Authorization {
    /// Who the peer is and whether it is authorized, for people: `server localhost authorized (…)`.
    pub report: String,
    /// Whether the report is a warning: the peer should have proved who it is and did not, and is accepted all the same.
    pub is_alarming: bool,
    /// Why the session ends here. `None` if the peer is accepted.
    pub refusal: Option<Refusal>,
}

/// Accepts every peer whose handshake rustls has finished. The verifiers of the TLS configuration decide alone.
///
/// rustls asks no verifier in a resumed handshake. It was asked in the handshake that is resumed.
#[derive(Clone, Copy, Debug, Default)]
pub struct VerifiedByRustls;

impl Authorize for VerifiedByRustls {
    fn authorize(&self, presented: Option<&[CertificateDer<'_>]>) -> Authorization {
        let report = match presented {
            Some([_, ..]) => "peer authorized (rustls verified its certificate)",
            _ => "peer not asked for a certificate",
        };
        Authorization { report: report.to_owned(), is_alarming: false, refusal: None }
    }
}

/// Why a peer is not accepted: a text for people, and the certificate error that rustls makes an alert of.
#[derive(Clone, Debug, PartialEq)]
pub struct Refusal {
    detail: Detail,
    error: CertificateError,
}

impl Refusal {
    /// A refusal for this reason. `error` chooses the alert.
    pub fn new(
        reason: impl fmt::Display + fmt::Debug + Send + Sync + 'static,
        error: CertificateError,
    ) -> Self {
        Self { detail: Detail::new(reason), error }
    }

    /// The client was asked for a certificate, had to present one, and did not.
    pub(crate) fn not_presented() -> Self {
        Self::new("no certificate presented", CertificateError::ApplicationVerificationFailure)
    }

    /// The reason itself, for code that knows its type.
    pub fn detail(&self) -> &Detail {
        &self.detail
    }

    /// What a verifier answers rustls.
    pub fn certificate_error(&self) -> &CertificateError {
        &self.error
    }
}

/// A refusal by a verifier that left no note.
impl From<CertificateError> for Refusal {
    fn from(error: CertificateError) -> Self {
        Self::new(error.clone(), error)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.detail.fmt(f)
    }
}

/// A value that a session carries without knowing its type. Everybody can show it.
#[derive(Clone)]
pub struct Detail(Arc<dyn Shown>);

/// What a session can do with such a value.
trait Shown: Any + fmt::Display + fmt::Debug + Send + Sync {}

impl<T: Any + fmt::Display + fmt::Debug + Send + Sync> Shown for T {}

impl Detail {
    /// Wraps a value.
    pub fn new(value: impl fmt::Display + fmt::Debug + Send + Sync + 'static) -> Self {
        Self(Arc::new(value))
    }

    /// The value, if it has this type.
    pub fn downcast_ref<T: 'static>(&self) -> Option<&T> {
        let any: &dyn Any = &*self.0;
        any.downcast_ref()
    }
}

/// Two values are equal if they read the same.
impl PartialEq for Detail {
    fn eq(&self, other: &Self) -> bool {
        self.to_string() == other.to_string()
    }
}

impl fmt::Display for Detail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for Detail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

// ---- notes ---------------------------------------------------------------------------------------------------

/// What rustls' callbacks have learned in one handshake.
#[derive(Clone, Debug, Default)]
pub struct Notes {
    /// Why the peer was refused.
    pub refusal: Option<Refusal>,
    /// The server's request for a certificate, and what this client sent.
    pub certificate_request: Option<Detail>,
}

impl Notes {
    /// Adds what a later call noted.
    pub fn add(&mut self, later: Self) {
        let Self { refusal, certificate_request } = later;
        self.refusal = refusal.or(self.refusal.take());
        self.certificate_request = certificate_request.or(self.certificate_request.take());
    }
}

thread_local! {
    /// rustls calls a verifier without saying for which session, and all sessions of a configuration share it. A session
    /// takes the notes right after its `process_new_packets`, on the same thread.
    static NOTES: RefCell<Notes> = RefCell::default();
}

/// Notes why a verifier refuses the peer. Call this inside the callback.
pub fn note_refusal(refusal: Refusal) {
    NOTES.with_borrow_mut(|notes| notes.refusal = Some(refusal));
}

/// Notes that the server asked this client for a certificate, and what the client sends. Call this inside
/// [`ResolvesClientCert::resolve`](rustls::client::ResolvesClientCert::resolve).
pub fn note_certificate_request(request: Detail) {
    NOTES.with_borrow_mut(|notes| notes.certificate_request = Some(request));
}

/// Returns the notes of the callbacks since the last call, and forgets them.
pub fn take_notes() -> Notes {
    NOTES.take()
}
