//! Answers a server that asks this client for a certificate.

use std::fmt;
use std::sync::Arc;

use rustls::client::ResolvesClientCert;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::CertificateDer;
use rustls::sign::{CertifiedKey, SigningKey};
use rustls::{DistinguishedName, SignatureScheme};
use tls_session::authorize::{Opaque, note_certificate_request};

use crate::distinguished_name::{issuer, name, subject};
use crate::names::listed;

/// Sends our certificate to a server that asks for one, and notes the request and the answer for the session.
pub struct ClientCertificate {
    certified: Option<Arc<CertifiedKey>>,
}

impl ClientCertificate {
    /// Returns a resolver for one client configuration. `certified` is `None` for a client without a certificate.
    pub fn new(certified: Option<CertifiedKey>) -> Self {
        Self { certified: certified.map(Arc::new) }
    }

    fn answer(&self, schemes: &[SignatureScheme]) -> Answer {
        let Some(certified) = &self.certified else { return Answer::Nothing };
        match (certified.key.choose_scheme(schemes), certified.cert.first()) {
            (Some(_), Some(own)) => Answer::Sent(OwnName::of(own)),
            (_, None) => Answer::Nothing,
            (None, Some(_)) => {
                Answer::KeyDoesNotFit { ours: schemes_of(&*certified.key), theirs: schemes.to_vec() }
            }
        }
    }
}

impl ResolvesClientCert for ClientCertificate {
    /// Returns our certificate. rustls sends an empty certificate message if this returns `None`, and also if our key
    /// fits none of `schemes`.
    fn resolve(&self, authorities: &[&[u8]], schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        note_certificate_request(Opaque::new(CertificateRequest {
            // rustls passes each name with its SEQUENCE.
            authorities: listed(authorities.iter(), |der| name(&DistinguishedName::from(der.to_vec()))),
            answer: self.answer(schemes),
        }));
        self.certified.clone()
    }

    fn has_certs(&self) -> bool {
        self.certified.is_some()
    }
}

/// Shows nothing of the key.
impl fmt::Debug for ClientCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientCertificate").finish_non_exhaustive()
    }
}

/// A server's request for a certificate, and the answer of this client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateRequest {
    /// The authorities that the server named, as text. Empty if it named none.
    pub authorities: String,
    /// The answer of this client.
    pub answer: Answer,
}

/// The answer of a client to a request for a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The client has no certificate.
    Nothing,
    /// The client has a certificate, but sent none, because the server accepts no signature of its key.
    KeyDoesNotFit {
        /// The signature schemes of our key.
        ours: Vec<SignatureScheme>,
        /// The signature schemes that the server accepts.
        theirs: Vec<SignatureScheme>,
    },
    /// The client sent this certificate.
    Sent(OwnName),
}

/// The names in our certificate. The `Display` form is `CN=alice, issued by CN=Mine`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnName {
    /// The subject.
    pub subject: String,
    /// The issuer. `None` for a self-signed certificate.
    pub issuer: Option<String>,
}

impl OwnName {
    fn of(certificate: &CertificateDer<'_>) -> Self {
        let (subject, issuer) = (subject(certificate), issuer(certificate));
        Self { issuer: Some(issuer).filter(|issuer| *issuer != subject), subject }
    }
}

impl fmt::Display for OwnName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.issuer {
            Some(issuer) => write!(f, "{}, issued by {issuer}", self.subject),
            None => write!(f, "{}, self-signed", self.subject),
        }
    }
}

impl fmt::Display for CertificateRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.answer {
            Answer::Nothing => "the server asked for a certificate and got none",
            Answer::KeyDoesNotFit { .. } => {
                "the server asked for a certificate and got none: it accepts no signature of our key"
            }
            Answer::Sent(_) => "the server asked for a certificate and got ours",
        })
    }
}

/// Returns the signature schemes that fit a key.
fn schemes_of(key: &dyn SigningKey) -> Vec<SignatureScheme> {
    let mut known = aws_lc_rs::default_provider().signature_verification_algorithms.supported_schemes();
    known.retain(|scheme| key.choose_scheme(&[*scheme]).is_some());
    known
}
