//! Why a peer is not authorized: a sentence for people, and the alert for the peer.

use std::{error, fmt};

use rustls::CertificateError;
use tls_session::authorize::Refusal;

use crate::certificate::{Moment, Unusable};
use crate::distrust::{Distrust, Link};
use crate::key_kind::{SUPPORTED, UnsupportedKey};
use crate::names::Names;
use crate::near_miss::NearMiss;
use crate::trust::Source;
use tls_session::escaped::Escaped;

/// The check that failed, and why. The `Display` form completes a sentence such as `server localhost unauthorized: …`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unauthorized {
    /// We are a server that did not ask. Never the verdict of [`authorize`](crate::authorize): it is for reports.
    NotAskedFor,
    /// The peer has no certificate.
    NotPresented,
    /// The peer's certificate cannot be read, or needs something that is not supported.
    Unusable(Unusable),
    /// The key of the peer's certificate is of a kind that is not supported.
    UnsupportedKey(UnsupportedKey),
    /// The time of a certificate is over.
    Expired {
        /// Which of the peer's certificates.
        link: Link,
        /// The last moment at which it was valid.
        not_after: Moment,
    },
    /// The time of a certificate has not come.
    NotYetValid {
        /// Which of the peer's certificates.
        link: Link,
        /// The first moment at which it will be valid.
        not_before: Moment,
    },
    /// The key usage does not include digital signatures, by which a peer proves that it has the key.
    MayNotSign,
    /// The extended key usage does not include what the certificate was presented for.
    WrongUse(Use),
    /// The signature in the handshake was not made with the key of the certificate. Never the verdict of
    /// [`authorize`](crate::authorize), which sees no signature.
    WrongSignature,
    /// The certificate is for somebody else.
    WrongName {
        /// Whom we wanted to talk to.
        wanted: String,
        /// Whom the certificate is for.
        names: Names,
        /// The name in it that looks like the wanted one.
        near: Option<NearMiss>,
    },
    /// Nothing is wrong with the certificate, except that we have no cause to believe it.
    Untrusted {
        /// Where our pins and authorities are.
        trust: Source,
        /// What stands between it and them.
        reason: Distrust,
    },
}

/// What a certificate is presented for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// To be a TLS server (`serverAuth`).
    Server,
    /// To be a TLS client (`clientAuth`).
    Client,
}

impl Unauthorized {
    /// What to answer rustls in a verifier, so that it sends the alert that RFC 8446, 6.2 has for this reason.
    ///
    /// It is deliberately poorer than `self`: rustls' own context would carry the names that the peer chose, unescaped,
    /// into its error messages.
    pub fn certificate_error(&self) -> CertificateError {
        match self {
            // certificate_expired, which says "or is not currently valid".
            Self::Expired { .. } => CertificateError::Expired,
            Self::NotYetValid { .. } => CertificateError::NotValidYet,
            // bad_certificate
            Self::Unusable(Unusable::Unsupported(_)) => CertificateError::UnhandledCriticalExtension,
            Self::Unusable(_) => CertificateError::BadEncoding,
            Self::WrongName { .. } => CertificateError::NotValidForName,
            // unsupported_certificate
            Self::MayNotSign | Self::WrongUse(_) | Self::UnsupportedKey(_) => {
                CertificateError::InvalidPurpose
            }
            // decrypt_error
            Self::WrongSignature => CertificateError::BadSignature,
            Self::Untrusted { reason, .. } => reason.certificate_error(self),
            // access_denied; rustls itself asks for a missing certificate, with certificate_required.
            Self::NotAskedFor | Self::NotPresented => CertificateError::ApplicationVerificationFailure,
        }
    }
}

/// The same for the session, with the certificate error for rustls.
impl From<Unauthorized> for Refusal {
    fn from(why: Unauthorized) -> Self {
        let error = why.certificate_error();
        Self::new(why, error)
    }
}

impl error::Error for Unauthorized {}

impl fmt::Display for Unauthorized {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAskedFor => f.write_str("no certificate asked for"),
            Self::NotPresented => f.write_str("no certificate presented"),
            Self::Unusable(Unusable::Damaged(reason)) => {
                write!(f, "malformed certificate: {}", Escaped::new(reason))
            }
            Self::Unusable(reason) => {
                let reason = reason.to_string();
                write!(f, "its certificate is not supported: {}", Escaped::new(&reason))
            }
            Self::UnsupportedKey(kind) => {
                let kind = kind.to_string();
                let kind = Escaped::new(&kind);
                write!(
                    f,
                    "its certificate has a key of a kind that is not supported: {kind} (supported: {SUPPORTED})"
                )
            }
            Self::Expired { link, not_after } => write!(f, "{link} expired on {not_after}"),
            Self::NotYetValid { link, not_before } => {
                write!(f, "{link} is not valid before {not_before}")
            }
            Self::MayNotSign => {
                f.write_str("its certificate may not sign (key usage without digitalSignature)")
            }
            Self::WrongUse(wanted) => write!(f, "its certificate is not for {wanted}"),
            Self::WrongSignature => f.write_str("it did not sign with the key of its certificate"),
            Self::WrongName { wanted, names, near: None } => {
                let wanted = Escaped::new(wanted);
                write!(f, "its certificate is for {names}, not for {wanted}")
            }
            Self::WrongName { wanted, near: Some(near), .. } => {
                let wanted = Escaped::new(wanted).to_string();
                write!(f, "its certificate is not for {wanted}: ")?;
                near.fmt_for(&wanted, f)
            }
            Self::Untrusted { trust, reason } => reason.fmt_about(trust, f),
        }
    }
}

impl fmt::Display for Use {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Server => "server use (extended key usage without serverAuth)",
            Self::Client => "client use (extended key usage without clientAuth)",
        })
    }
}
