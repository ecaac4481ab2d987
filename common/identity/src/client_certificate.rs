//! Our certificate, where a server asks this client for one.

use std::fmt;
use std::sync::Arc;

use rustls::client::ResolvesClientCert;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::CertificateDer;
use rustls::sign::{CertifiedKey, SigningKey};
use rustls::{AlertDescription, DistinguishedName, SignatureScheme};
use tls_session::authorize::{Detail, note_certificate_request};

use crate::listed::listed;
use crate::trust::{issuer, name, subject};

/// Sends our certificate to a server that asks for one, and notes for the session what was asked and sent.
pub struct ClientCertificate {
    certified: Option<Arc<CertifiedKey>>,
}

impl ClientCertificate {
    /// `certified` is `None` for a client that has no certificate.
    pub fn new(certified: Option<CertifiedKey>) -> Self {
        Self { certified: certified.map(Arc::new) }
    }

    fn answer(&self, schemes: &[SignatureScheme]) -> Answer {
        let Some(certified) = &self.certified else { return Answer::Nothing };
        match (certified.key.choose_scheme(schemes), certified.cert.first()) {
            (Some(_), Some(own)) => Answer::Sent(OwnName::of(own)),
            (_, None) => Answer::Nothing,
            (None, Some(_)) => Answer::KeyDoesNotFit {
                ours: scheme_names(schemes_of(&*certified.key)),
                theirs: scheme_names(schemes.to_vec()),
            },
        }
    }
}

impl ResolvesClientCert for ClientCertificate {
    /// rustls sends an empty certificate if this returns `None`, and also if the key fits none of `schemes`.
    fn resolve(&self, authorities: &[&[u8]], schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        note_certificate_request(Detail::new(CertificateRequest {
            authorities: listed(authorities.iter().map(|der| name_of_authority(der))),
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

/// The server asked this client for a certificate, and the client answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateRequest {
    /// The authorities that the server named, for people. Empty if it named none.
    authorities: String,
    answer: Answer,
}

/// What a client sent when it was asked for a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Answer {
    /// The client has no certificate.
    Nothing,
    /// The client has a certificate. Its key makes no signature that the server takes, so nothing was sent.
    KeyDoesNotFit {
        /// The signature schemes of our key.
        ours: String,
        /// The signature schemes that the server takes.
        theirs: String,
    },
    /// The client sent this certificate.
    Sent(OwnName),
}

/// The names in our certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
struct OwnName {
    subject: String,
    /// `None` for a self-signed certificate.
    issuer: Option<String>,
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

impl CertificateRequest {
    /// Explains an alert by which servers end a session over the client's certificate. `None` for any other alert.
    pub fn explain(&self, alert: AlertDescription) -> Option<String> {
        if !can_mean_certificate(alert) {
            return None;
        }
        Some(match &self.answer {
            Answer::Sent(own) => {
                explain_sent(alert, own, &self.authorities).unwrap_or_else(|| self.explain_silence())
            }
            Answer::Nothing | Answer::KeyDoesNotFit { .. } => self.explain_silence(),
        })
    }

    /// Says what the server asked for and got, where the server does not say what it minds.
    pub fn explain_silence(&self) -> String {
        let asked = match self.authorities.as_str() {
            "" => "it asked for a certificate".to_owned(),
            authorities => format!("it asked for a certificate of {authorities}"),
        };
        match &self.answer {
            Answer::Nothing => {
                format!("{asked}, and this client has none; name one with --cert and --key")
            }
            Answer::KeyDoesNotFit { ours, theirs } => format!(
                "{asked}; our certificate was not sent, because the server accepts no signature of our key: \
                 the server accepts {theirs}, our key can make {ours}; name another certificate with --cert and --key"
            ),
            Answer::Sent(own) => {
                format!("{asked}; we sent ours ({own}); perhaps the server does not accept it")
            }
        }
    }
}

/// What an alert says of a certificate that was sent. `None` for an alert that does not say what is wrong with it.
fn explain_sent(alert: AlertDescription, own: &OwnName, authorities: &str) -> Option<String> {
    use AlertDescription as Alert;
    Some(match alert {
        Alert::UnknownCA => {
            let remedy = match (&own.issuer, authorities) {
                (_, named) if !named.is_empty() => {
                    format!("it takes those of {named}: name another with --cert and --key")
                }
                (Some(issuer), _) => {
                    format!("let it trust {issuer}, or send the certificates between them too")
                }
                (None, _) => "let it trust this certificate".to_owned(),
            };
            format!("it does not know who issued our certificate ({own}); {remedy}")
        }
        Alert::CertificateExpired => format!(
            "our certificate ({own}) is not valid at the time of the server's clock; \
             check both clocks and the dates of the certificate"
        ),
        Alert::CertificateRevoked => format!("it says that our certificate ({own}) is revoked"),
        Alert::DecryptError => format!(
            "it could not verify a signature, of our certificate ({own}) or of the handshake; \
             does it trust another authority of the same name?"
        ),
        Alert::BadCertificate | Alert::UnsupportedCertificate | Alert::CertificateUnknown => {
            format!("it refuses our certificate ({own})")
        }
        _ => return None,
    })
}

/// The alerts by which servers say that they miss a client's certificate or refuse it. Only the last is for a missing
/// certificate alone, and only TLS 1.3 has it (RFC 8446, 6.2). OpenSSL sends handshake_failure in TLS 1.2, Go and Java
/// bad_certificate.
fn can_mean_certificate(alert: AlertDescription) -> bool {
    use AlertDescription as Alert;
    matches!(
        alert,
        Alert::HandshakeFailure
            | Alert::NoCertificate
            | Alert::BadCertificate
            | Alert::UnsupportedCertificate
            | Alert::CertificateRevoked
            | Alert::CertificateExpired
            | Alert::CertificateUnknown
            | Alert::IllegalParameter
            | Alert::UnknownCA
            | Alert::AccessDenied
            | Alert::DecryptError
            | Alert::InsufficientSecurity
            | Alert::InternalError
            | Alert::CertificateRequired
    )
}

/// `the server asked for a certificate and got none`.
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

/// A name as rustls hands it over, which is with its SEQUENCE.
fn name_of_authority(der: &[u8]) -> String {
    name(&DistinguishedName::from(der.to_vec()))
}

/// The schemes in which a key can sign.
fn schemes_of(key: &dyn SigningKey) -> Vec<SignatureScheme> {
    let mut known = aws_lc_rs::default_provider().signature_verification_algorithms.supported_schemes();
    known.retain(|scheme| key.choose_scheme(&[*scheme]).is_some());
    known
}

fn scheme_names(mut schemes: Vec<SignatureScheme>) -> String {
    schemes.dedup();
    match listed(schemes.into_iter().map(scheme_name)) {
        none if none.is_empty() => "no signature scheme that we know".to_owned(),
        names => names,
    }
}

/// The name that IANA gives to a signature scheme.
fn scheme_name(scheme: SignatureScheme) -> String {
    let name = match scheme {
        SignatureScheme::ECDSA_SHA1_Legacy => "ecdsa_sha1",
        SignatureScheme::ECDSA_NISTP256_SHA256 => "ecdsa_secp256r1_sha256",
        SignatureScheme::ECDSA_NISTP384_SHA384 => "ecdsa_secp384r1_sha384",
        SignatureScheme::ECDSA_NISTP521_SHA512 => "ecdsa_secp521r1_sha512",
        SignatureScheme::RSA_PSS_SHA256 => "rsa_pss_rsae_sha256",
        SignatureScheme::RSA_PSS_SHA384 => "rsa_pss_rsae_sha384",
        SignatureScheme::RSA_PSS_SHA512 => "rsa_pss_rsae_sha512",
        other => match other.as_str() {
            Some(name) => return name.to_ascii_lowercase(),
            None => return format!("0x{:04x}", u16::from(other)),
        },
    };
    name.to_owned()
}
