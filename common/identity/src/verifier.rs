//! The checks of [`authorize`](crate::authorize) inside a handshake of rustls.

use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{
    CryptoProvider, WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature,
};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{DigitallySignedStruct, DistinguishedName, Error, SignatureScheme};
use tls_session::authorize::note_refusal;

use crate::authorization::{Peer, authorize_parts};
use crate::certificate::{parse, parse_strictly};
use crate::chain_report::Presented;
use crate::key_kind::UnsupportedKey;
use crate::trust::Trust;
use crate::unauthorized::Unauthorized;

/// What a client does with an unauthorized server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// The handshake fails, with the alert for the reason.
    Strict,
    /// The handshake continues. The program reports the server as unauthorized.
    Insecure,
}

/// What a server does with a client that presents no certificate. A client that presents one must be authorized in both
/// cases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientAuth {
    /// The handshake continues. The program reports the client as unauthorized.
    Optional,
    /// The handshake fails, with the alert certificate_required.
    Required,
}

/// The largest size of the names that are sent as hints. rustls would also write more than a message can hold.
const HINTS_LENGTH: usize = 16 * 1024;

/// Notes for the session why the signature of the handshake could not be verified.
fn note_signature(
    cert: &CertificateDer<'_>,
    verified: Result<HandshakeSignatureValid, Error>,
) -> Result<HandshakeSignatureValid, Error> {
    if let Err(Error::InvalidCertificate(_)) = verified {
        note_refusal(signature_refusal(cert).into());
    }
    verified
}

/// Returns the reason: the certificate cannot be used, its key is of a kind that is not supported, or the signature is
/// wrong. Under `Policy::Insecure` no earlier check has found the first two.
fn signature_refusal(cert: &CertificateDer<'_>) -> Unauthorized {
    let key = parse(cert).and_then(|parsed| {
        parse_strictly(cert, &parsed)?;
        Ok(UnsupportedKey::of_public(parsed.public_key()))
    });
    match key {
        Err(unusable) => Unauthorized::Unusable(unusable),
        Ok(Some(kind)) => Unauthorized::UnsupportedKey(kind),
        Ok(None) => Unauthorized::WrongSignature,
    }
}

/// Notes the whole reason for the session, and returns the error for rustls.
///
/// A verifier can only answer rustls with a `CertificateError`, which chooses the alert and has few details. After
/// a failed handshake `peer_certificates()` is `None`, so the session cannot find out the reason itself.
fn refuse(refusal: Unauthorized) -> Error {
    let error = Error::InvalidCertificate(refusal.certificate_error());
    note_refusal(refusal.into());
    error
}

/// The place where verifiers keep the certificates of the last peer, and where a program takes them. All clones are the
/// same place.
#[derive(Clone, Debug, Default)]
pub struct LastPresented(Arc<Mutex<Option<Presented>>>);

impl LastPresented {
    /// Takes the certificates of the last peer. Returns `None` if they were taken before. A peer presents nothing if the session is resumed.
    pub fn take(&self) -> Option<Presented> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn keep(&self, presented: Presented) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(presented);
    }
}

/// Authorizes the server of a full handshake.
///
/// The handshake's signature is verified under both policies. With [`Policy::Insecure`] a client may talk to any
/// server, but that server has the key of the certificate that it presents.
#[derive(Debug)]
pub struct ServerVerifier {
    pub(super) trust: Arc<Trust>,
    algorithms: WebPkiSupportedAlgorithms,
    pub(super) policy: Policy,
    /// Set if the user wants to see the certificates of servers.
    presented: Option<LastPresented>,
}

impl ServerVerifier {
    /// Returns a verifier for one client configuration.
    pub fn new(trust: Arc<Trust>, provider: Arc<CryptoProvider>, policy: Policy) -> Self {
        Self { trust, algorithms: provider.signature_verification_algorithms, policy, presented: None }
    }

    /// Keeps what a server presents in a full handshake, authorized or not, if there is a place for it.
    pub fn keep_presented(self, place: Option<LastPresented>) -> Self {
        Self { presented: place, ..self }
    }
}

/// Authorizes the client of a full handshake, if it presents a certificate.
#[derive(Debug)]
pub struct ClientVerifier {
    pub(super) trust: Arc<Trust>,
    algorithms: WebPkiSupportedAlgorithms,
    pub(super) auth: ClientAuth,
    hints: Vec<DistinguishedName>,
    /// Set if the user wants to see the certificates of clients.
    presented: Option<LastPresented>,
}

impl ClientVerifier {
    /// Returns a verifier for one server configuration.
    ///
    /// The server sends clients the names of all authorities and pins in `trust`, as hints for the choice of a
    /// certificate (RFC 8446, 4.2.4). It sends none if they would make the message too long for many clients, or for
    /// TLS.
    pub fn new(trust: Arc<Trust>, provider: Arc<CryptoProvider>, auth: ClientAuth) -> Self {
        let names = trust.subjects();
        let length: usize = names.iter().map(|name| 2 + name.as_ref().len()).sum();
        let hints = if length <= HINTS_LENGTH { names } else { Vec::new() };
        let algorithms = provider.signature_verification_algorithms;
        Self { trust, algorithms, auth, hints, presented: None }
    }

    /// Keeps what a client presents in a full handshake, authorized or not, if there is a place for it.
    pub fn keep_presented(self, place: Option<LastPresented>) -> Self {
        Self { presented: place, ..self }
    }

    /// Returns whether the server sends hints. Most clients do not need them, but a client with several certificates
    /// may present the wrong one.
    pub fn hints(&self) -> bool {
        !self.hints.is_empty()
    }
}

/// The methods about signatures, which are the same in both traits.
macro_rules! verify_signatures {
    () => {
        fn verify_tls12_signature(
            &self,
            message: &[u8],
            cert: &CertificateDer<'_>,
            dss: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, Error> {
            let verified = verify_tls12_signature(message, cert, dss, &self.algorithms);
            note_signature(cert, verified)
        }

        fn verify_tls13_signature(
            &self,
            message: &[u8],
            cert: &CertificateDer<'_>,
            dss: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, Error> {
            let verified = verify_tls13_signature(message, cert, dss, &self.algorithms);
            note_signature(cert, verified)
        }

        fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
            self.algorithms.supported_schemes()
        }
    };
}

impl ServerCertVerifier for ServerVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let peer = Peer::Server(server_name);
        if let Some(place) = &self.presented {
            let trust = Arc::clone(&self.trust);
            place.keep(Presented::new(end_entity, intermediates, peer, ocsp_response, trust, now));
        }
        match (authorize_parts(end_entity, intermediates, &self.trust, peer, now), self.policy) {
            (Err(refusal), Policy::Strict) => Err(refuse(refusal)),
            (Err(_), Policy::Insecure) | (Ok(_), _) => Ok(ServerCertVerified::assertion()),
        }
    }

    verify_signatures!();
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
        if let Some(place) = &self.presented {
            let trust = Arc::clone(&self.trust);
            place.keep(Presented::new(end_entity, intermediates, Peer::Client, &[], trust, now));
        }
        match authorize_parts(end_entity, intermediates, &self.trust, Peer::Client, now) {
            Err(refusal) => Err(refuse(refusal)),
            Ok(_) => Ok(ClientCertVerified::assertion()),
        }
    }

    verify_signatures!();
}
