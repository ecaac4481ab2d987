//! What rustls' callbacks learn during one call of `process_new_packets`, for the session that made the call.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::client_certificate::CertificateRequest;
use super::unauthorized::Unauthorized;

/// What one session has learned from the callbacks of rustls.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Notes {
    /// Why the peer was refused. rustls passes on an alert and little more.
    pub refusal: Option<Box<Unauthorized>>,
    /// The server's request for a certificate, and what this client sent.
    pub request: Option<Box<CertificateRequest>>,
}

impl Notes {
    /// Adds what a later call noted.
    pub fn add(&mut self, later: Self) {
        let Self { refusal, request } = later;
        self.refusal = refusal.or(self.refusal.take());
        self.request = request.or(self.request.take());
    }
}

/// The place where the callbacks of one TLS configuration leave their notes.
///
/// rustls calls a verifier or a certificate resolver without saying for which session. All sessions of a configuration
/// share them. So a session [`clear`](Self::clear)s the slot before its `process_new_packets` and [`take`](Self::take)s the notes
/// behind it. The loop has one thread: no other session's call comes between the two.
#[derive(Debug, Default)]
pub struct NotesSlot(Mutex<Notes>);

impl NotesSlot {
    /// Forgets what the call of another session has left.
    pub fn clear(&self) {
        *self.lock() = Notes::default();
    }

    /// Takes what the last call has left.
    pub fn take(&self) -> Notes {
        std::mem::take(&mut *self.lock())
    }

    /// Notes why the peer is refused.
    pub(super) fn refuse(&self, refusal: Unauthorized) {
        self.lock().refusal = Some(Box::new(refusal));
    }

    /// Notes that the server asked for a certificate.
    pub(super) fn asked(&self, request: CertificateRequest) {
        self.lock().request = Some(Box::new(request));
    }

    fn lock(&self) -> MutexGuard<'_, Notes> {
        // A panic cannot leave half of the notes behind: each is stored in one assignment.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
