//! The authorization of a peer: the interface between a session and the code that knows certificates.
//!
//! rustls calls a verifier in the middle of a full handshake. In a resumed handshake it calls none. So a session
//! calls [`Authorize`] at the end of every handshake. The verifier and the certificate resolver of the same
//! configuration can leave notes for the session during `process_new_packets` ([`note_refusal`],
//! [`note_certificate_request`]). They are needed because rustls passes on little more than an alert.

use std::any::Any;
use std::cell::RefCell;
use std::fmt;
use std::sync::Arc;

use rustls::CertificateError;
use rustls::pki_types::CertificateDer;

/// Decides whether a peer is accepted.
pub trait Authorize: Send + Sync {
    /// Decides about the peer of a finished handshake, full or resumed.
    ///
    /// `presented` is the chain that the peer presented in this handshake. If the handshake is resumed, it is the
    /// chain from the original handshake (rustls: `peer_certificates()`).
    fn authorize(&self, presented: Option<&[CertificateDer<'_>]>) -> Authorization;
}

/// The decision of [`Authorize::authorize`].
#[derive(Clone, Debug)]
pub struct Authorization {
    /// The identity of the peer and the decision, as text: `server localhost authorized (…)`.
    pub report: String,
    /// Whether the report is a warning. It is if the peer is accepted although it did not prove its identity.
    pub is_warning: bool,
    /// The reason for refusing the peer. `None`: the peer is accepted.
    pub refusal: Option<Refusal>,
}

/// Accepts every peer whose handshake rustls has finished. The verifiers of the TLS configuration decide alone.
///
/// rustls calls no verifier in a resumed handshake. It called one in the original handshake.
#[derive(Clone, Copy, Debug, Default)]
pub struct VerifiedByRustls;

impl Authorize for VerifiedByRustls {
    fn authorize(&self, presented: Option<&[CertificateDer<'_>]>) -> Authorization {
        let report = match presented {
            Some([_, ..]) => "peer accepted by the verifier of the TLS configuration",
            _ => "peer presented no certificate",
        };
        Authorization { report: report.to_owned(), is_warning: false, refusal: None }
    }
}

/// The reason why a peer is not accepted, and the certificate error for which rustls chooses the alert.
#[derive(Clone, Debug, PartialEq)]
pub struct Refusal {
    reason: Opaque,
    error: CertificateError,
}

impl Refusal {
    /// Creates a refusal for this reason. `error` determines the alert.
    pub fn new(
        reason: impl fmt::Display + fmt::Debug + Send + Sync + 'static,
        error: CertificateError,
    ) -> Self {
        Self { reason: Opaque::new(reason), error }
    }

    /// Returns the refusal of a client that had to present a certificate and presented none.
    pub(crate) fn not_presented() -> Self {
        Self::new("no certificate presented", CertificateError::ApplicationVerificationFailure)
    }

    /// Returns the reason itself, for code that knows its type.
    pub fn reason(&self) -> &Opaque {
        &self.reason
    }

    /// Returns the error that a verifier returns to rustls.
    pub fn certificate_error(&self) -> &CertificateError {
        &self.error
    }
}

/// The refusal of a verifier that left no note.
impl From<CertificateError> for Refusal {
    fn from(error: CertificateError) -> Self {
        Self::new(error.clone(), error)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.reason.fmt(f)
    }
}

/// A value of a type that the session does not know. It can be displayed.
#[derive(Clone)]
pub struct Opaque(Arc<dyn Shown>);

/// The operations on such a value.
trait Shown: Any + fmt::Display + fmt::Debug + Send + Sync {}

impl<T: Any + fmt::Display + fmt::Debug + Send + Sync> Shown for T {}

impl Opaque {
    /// Wraps a value.
    pub fn new(value: impl fmt::Display + fmt::Debug + Send + Sync + 'static) -> Self {
        Self(Arc::new(value))
    }

    /// Returns the value if it has this type.
    pub fn downcast_ref<T: 'static>(&self) -> Option<&T> {
        let any: &dyn Any = &*self.0;
        any.downcast_ref()
    }
}

/// Two values are equal if their texts are equal.
impl PartialEq for Opaque {
    fn eq(&self, other: &Self) -> bool {
        self.to_string() == other.to_string()
    }
}

impl fmt::Display for Opaque {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for Opaque {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

// ---- notes ---------------------------------------------------------------------------------------------------

/// The notes that rustls' callbacks left in one handshake.
#[derive(Clone, Debug, Default)]
pub struct Notes {
    /// The reason for refusing the peer.
    pub refusal: Option<Refusal>,
    /// The server's request for a certificate, and this client's answer.
    pub certificate_request: Option<Opaque>,
}

impl Notes {
    /// Adds the notes of a later call, which replace earlier ones.
    pub fn add(&mut self, later: Self) {
        let Self { refusal, certificate_request } = later;
        self.refusal = refusal.or(self.refusal.take());
        self.certificate_request = certificate_request.or(self.certificate_request.take());
    }
}

thread_local! {
    /// The notes of the current call of `process_new_packets`. All sessions of a configuration share its verifier,
    /// and rustls does not tell the verifier which session it is called for. The session takes the notes after its
    /// call, on the same thread.
    static NOTES: RefCell<Notes> = RefCell::default();
}

/// Notes the reason why a verifier refuses the peer. Call this inside the callback.
pub fn note_refusal(refusal: Refusal) {
    NOTES.with_borrow_mut(|notes| notes.refusal = Some(refusal));
}

/// Notes the server's request for a certificate, and this client's answer. Call this inside
/// [`ResolvesClientCert::resolve`](rustls::client::ResolvesClientCert::resolve).
pub fn note_certificate_request(request: Opaque) {
    NOTES.with_borrow_mut(|notes| notes.certificate_request = Some(request));
}

/// Takes the notes that the callbacks left since the last call.
pub fn take_notes() -> Notes {
    NOTES.take()
}
