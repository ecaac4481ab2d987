//! The verdict, where rustls asks for it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{
    CryptoProvider, WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature,
};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{DigitallySignedStruct, Error, SignatureScheme};

use super::authorization::{Peer, authorize_parts};
use super::trust::Trust;
use super::unauthorized::Unauthorized;

/// What follows from an unauthorized server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// The handshake fails, with the alert for the reason.
    Strict,
    /// The handshake goes on. The program reports the peer as unauthorized.
    Insecure,
}

/// Asks [`authorize`](super::authorize) about the server of a full handshake.
///
/// The handshake's signature is verified under either policy: [`Policy::Insecure`] may talk to anybody, but even then to
/// somebody who has the key of the certificate it presents.
///
/// Its counterpart on a server, a `ClientCertVerifier`, would have the same shape: these fields, and [`Peer::Client`]
/// in the place of [`Peer::Server`].
#[derive(Debug)]
pub struct ServerVerifier {
    trust: Arc<Trust>,
    algorithms: WebPkiSupportedAlgorithms,
    policy: Policy,
    last_refusal: Mutex<Option<Unauthorized>>,
}

impl ServerVerifier {
    /// A verifier for one client configuration.
    pub fn new(trust: Arc<Trust>, provider: Arc<CryptoProvider>, policy: Policy) -> Self {
        Self {
            trust,
            algorithms: provider.signature_verification_algorithms,
            policy,
            last_refusal: Mutex::new(None),
        }
    }

    /// Why the last server that was asked about is unauthorized; `None` if it is authorized, or none was asked about.
    ///
    /// A verifier can only answer rustls with a `CertificateError`, which chooses the alert and says little, and after a
    /// failed handshake `peer_certificates()` is `None`, so that nobody can judge again. The full reason waits here. It
    /// is that of the last handshake of the configuration: sessions that run at the same time need one verifier each.
    pub fn last_refusal(&self) -> Option<Unauthorized> {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Option<Unauthorized>> {
        // Whoever panicked while holding it cannot have left half an Option.
        self.last_refusal.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ServerCertVerifier for ServerVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let peer = Peer::Server(server_name);
        let verdict = authorize_parts(end_entity, intermediates, &self.trust, peer, now);
        let refusal = verdict.err();
        self.lock().clone_from(&refusal);
        match (refusal, self.policy) {
            (Some(refusal), Policy::Strict) => Err(Error::InvalidCertificate(refusal.certificate_error())),
            (Some(_), Policy::Insecure) | (None, _) => Ok(ServerCertVerified::assertion()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, dss, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}
