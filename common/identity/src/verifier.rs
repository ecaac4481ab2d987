//! The verdict, where rustls asks for it.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{
    CryptoProvider, WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature,
};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{DigitallySignedStruct, DistinguishedName, Error, SignatureScheme};
use tls_session::authorize::note_refusal;

use crate::authorization::{Peer, authorize_parts};
use crate::certificate::parse;
use crate::key_kind::UnsupportedKey;
use crate::trust::Trust;
use crate::unauthorized::Unauthorized;

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

/// What the two verifiers have in common.
#[derive(Debug)]
struct Judge {
    trust: Arc<Trust>,
    algorithms: WebPkiSupportedAlgorithms,
}

impl Judge {
    fn new(trust: Arc<Trust>, provider: &CryptoProvider) -> Self {
        let algorithms = provider.signature_verification_algorithms;
        Self { trust, algorithms }
    }

    fn judge(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        peer: Peer<'_>,
        now: UnixTime,
    ) -> Result<(), Unauthorized> {
        authorize_parts(end_entity, intermediates, &self.trust, peer, now).map(drop)
    }

    /// Notes the whole reason for the session, and makes rustls' error of it. A verifier can only answer rustls with a
    /// `CertificateError`, which chooses the alert and says little. After a failed handshake `peer_certificates()` is
    /// `None`, so nobody can ask again.
    fn refuse(&self, refusal: Unauthorized) -> Error {
        let error = Error::InvalidCertificate(refusal.certificate_error());
        note_refusal(refusal.into());
        error
    }

    /// Notes a signature that the key of the certificate did not make, or that its kind of key cannot verify.
    fn note_signature(
        &self,
        cert: &CertificateDer<'_>,
        verified: Result<HandshakeSignatureValid, Error>,
    ) -> Result<HandshakeSignatureValid, Error> {
        if let Err(Error::InvalidCertificate(_)) = verified {
            // Under `Policy::Insecure` a certificate with such a key comes this far.
            let unsupported = parse(cert).ok().and_then(|cert| UnsupportedKey::of_public(cert.public_key()));
            let refusal = unsupported.map_or(Unauthorized::WrongSignature, Unauthorized::UnsupportedKey);
            note_refusal(refusal.into());
        }
        verified
    }
}

/// Asks [`authorize`](crate::authorize) about the server of a full handshake.
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

    /// The certificates by which a server can prove who it is.
    pub fn trust(&self) -> &Trust {
        &self.judge.trust
    }

    /// What follows from an unauthorized server.
    pub fn policy(&self) -> Policy {
        self.policy
    }
}

/// Asks [`authorize`](crate::authorize) about the client of a full handshake, if it presents a certificate.
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

    /// The certificates by which a client can prove who it is.
    pub fn trust(&self) -> &Trust {
        &self.judge.trust
    }

    /// What follows from a client without a certificate.
    pub fn auth(&self) -> ClientAuth {
        self.auth
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
        match (self.judge.judge(end_entity, intermediates, Peer::Server(server_name), now), self.policy) {
            (Err(refusal), Policy::Strict) => Err(self.judge.refuse(refusal)),
            (Err(_), Policy::Insecure) | (Ok(()), _) => Ok(ServerCertVerified::assertion()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let verified = verify_tls12_signature(message, cert, dss, &self.judge.algorithms);
        self.judge.note_signature(cert, verified)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let verified = verify_tls13_signature(message, cert, dss, &self.judge.algorithms);
        self.judge.note_signature(cert, verified)
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
        match self.judge.judge(end_entity, intermediates, Peer::Client, now) {
            Err(refusal) => Err(self.judge.refuse(refusal)),
            Ok(()) => Ok(ClientCertVerified::assertion()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let verified = verify_tls12_signature(message, cert, dss, &self.judge.algorithms);
        self.judge.note_signature(cert, verified)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let verified = verify_tls13_signature(message, cert, dss, &self.judge.algorithms);
        self.judge.note_signature(cert, verified)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.judge.algorithms.supported_schemes()
    }
}
