//! The verdict, where rustls asks for it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{
    CryptoProvider, WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature,
};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{DigitallySignedStruct, DistinguishedName, Error, SignatureScheme};

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

/// What follows from a client without a certificate. One that presents a certificate has to pass in either case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientAuth {
    /// The handshake goes on. The program reports the client as unauthorized.
    Optional,
    /// The handshake fails, with the alert certificate_required.
    Required,
}

/// How many bytes of names are sent as hints at most. rustls would write more than a message holds.
const HINTS_LENGTH: usize = 16 * 1024;

/// What the two verifiers have in common: a trust, and the last thing it said.
#[derive(Debug)]
struct Judge {
    trust: Arc<Trust>,
    algorithms: WebPkiSupportedAlgorithms,
    last_refusal: Mutex<Option<Unauthorized>>,
}

impl Judge {
    fn new(trust: Arc<Trust>, provider: &CryptoProvider) -> Self {
        let algorithms = provider.signature_verification_algorithms;
        Self { trust, algorithms, last_refusal: Mutex::new(None) }
    }

    /// Judges, and keeps the refusal if there is one.
    fn refuses(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        peer: Peer<'_>,
        now: UnixTime,
    ) -> Option<Unauthorized> {
        let refusal = authorize_parts(end_entity, intermediates, &self.trust, peer, now).err();
        self.lock().clone_from(&refusal);
        refusal
    }

    fn lock(&self) -> MutexGuard<'_, Option<Unauthorized>> {
        // Whoever panicked while holding it cannot have left half an Option.
        self.last_refusal.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Asks [`authorize`](super::authorize) about the server of a full handshake.
///
/// The handshake's signature is verified under either policy: [`Policy::Insecure`] may talk to anybody, but even then to
/// somebody who has the key of the certificate it presents.
#[derive(Debug)]
pub struct ServerVerifier {
    judge: Judge,
    policy: Policy,
}

impl ServerVerifier {
    /// A verifier for one client configuration.
    pub fn new(trust: Arc<Trust>, provider: Arc<CryptoProvider>, policy: Policy) -> Self {
        Self { judge: Judge::new(trust, &provider), policy }
    }

    /// Why the last server that was asked about is unauthorized; `None` if it is authorized, or none was asked about.
    ///
    /// A verifier can only answer rustls with a `CertificateError`, which chooses the alert and says little, and after a
    /// failed handshake `peer_certificates()` is `None`, so that nobody can judge again. The full reason waits here,
    /// for whoever called `process_new_packets` and got the error. It is overwritten by the next handshake of the
    /// configuration, so it is to be asked for at once.
    pub fn last_refusal(&self) -> Option<Unauthorized> {
        self.judge.lock().clone()
    }
}

/// Asks [`authorize`](super::authorize) about the client of a full handshake, if it presents a certificate.
#[derive(Debug)]
pub struct ClientVerifier {
    judge: Judge,
    auth: ClientAuth,
    hints: Vec<DistinguishedName>,
}

impl ClientVerifier {
    /// A verifier for one server configuration. The names of all that `trust` holds, authorities and pins, are sent
    /// to clients as a hint which certificate to present (RFC 8446, 4.2.4), unless they are so many that the message
    /// would become too long for many clients, or for TLS.
    pub fn new(trust: Arc<Trust>, provider: Arc<CryptoProvider>, auth: ClientAuth) -> Self {
        let names = trust.subjects();
        let length: usize = names.iter().map(|name| 2 + name.as_ref().len()).sum();
        let hints = if length <= HINTS_LENGTH { names } else { Vec::new() };
        Self { judge: Judge::new(trust, &provider), auth, hints }
    }

    /// Whether clients get hints. Most do without, but one that has several certificates may present the wrong one.
    pub fn hints(&self) -> bool {
        !self.hints.is_empty()
    }

    /// See [`ServerVerifier::last_refusal`].
    pub fn last_refusal(&self) -> Option<Unauthorized> {
        self.judge.lock().clone()
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
        match (self.judge.refuses(end_entity, intermediates, Peer::Server(server_name), now), self.policy) {
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
        verify_tls12_signature(message, cert, dss, &self.judge.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &self.judge.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.judge.algorithms.supported_schemes()
    }
}

impl ClientCertVerifier for ClientVerifier {
    fn client_auth_mandatory(&self) -> bool {
        self.auth == ClientAuth::Required
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &self.hints
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        match self.judge.refuses(end_entity, intermediates, Peer::Client, now) {
            Some(refusal) => Err(Error::InvalidCertificate(refusal.certificate_error())),
            None => Ok(ClientCertVerified::assertion()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, dss, &self.judge.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &self.judge.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.judge.algorithms.supported_schemes()
    }
}
