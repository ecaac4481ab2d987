//! Why a peer is not authorized: the sentence for our user, and the alert for the peer.

use std::sync::Arc;
use std::{error, fmt};

use rustls::{CertificateError, OtherError};
use tls_session::authorize::Refusal;
use tls_session::escaped::Escaped;

use crate::certificate::Unusable;
use crate::distrust::{Distrust, Link};
use crate::key_kind::{SUPPORTED, UnsupportedKey};
use crate::names::Names;
use crate::near_miss::NearMiss;
use crate::trust::Source;
use crate::validity::Moment;

/// The check that failed, and why. Its `Display` completes the sentence `server localhost UNAUTHORIZED (…)`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unauthorized {
    /// We are a server that did not ask for a certificate. [`authorize`](crate::authorize) never returns this.
    NotAskedFor,
    /// The peer presented no certificate.
    NotPresented,
    /// The peer's certificate cannot be read, or needs a feature that is not supported.
    Unusable(Unusable),
    /// The key of the peer's certificate is of a kind that is not supported.
    UnsupportedKey(UnsupportedKey),
    /// A certificate has expired.
    Expired {
        /// The certificate of the peer's chain.
        link: Link,
        /// The last moment at which it was valid.
        not_after: Moment,
    },
    /// A certificate is not yet valid.
    NotYetValid {
        /// The certificate of the peer's chain.
        link: Link,
        /// The first moment at which it will be valid.
        not_before: Moment,
    },
    /// The key usage does not include digital signatures. With such a signature a peer proves that it has the key.
    MayNotSign,
    /// The extended key usage does not include the role of the peer.
    WrongUse(Use),
    /// The signature of the handshake was not made with the key of the certificate. [`authorize`](crate::authorize)
    /// never returns this, because it sees no signature.
    WrongSignature,
    /// The certificate is for other names.
    WrongName {
        /// The name of the server that we wanted to reach.
        wanted: String,
        /// The names in the certificate.
        names: Names,
        /// The name in it that looks like the wanted name, if there is one.
        near: Option<NearMiss>,
    },
    /// The certificate passes the other checks, but neither a pin nor an authority of ours vouches for it.
    Untrusted {
        /// Where our pins and authorities are.
        trust: Source,
        /// Why they do not vouch for it.
        reason: Distrust,
    },
}

/// The role for which a certificate is presented.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// A TLS server (`serverAuth`).
    Server,
    /// A TLS client (`clientAuth`).
    Client,
}

impl Unauthorized {
    /// Whether the certificate is for another server, whose name the user may have meant.
    pub fn is_for_another_server(&self) -> bool {
        matches!(self, Self::WrongName { names, near: None, .. } if names.fits_a_server())
    }

    /// Returns the error with which a verifier answers rustls, so that rustls sends the alert for this reason (RFC
    /// 8446, 6.2).
    ///
    /// It has fewer details than `self`. The variants of rustls with details would carry names that the peer chose into
    /// rustls' messages, unescaped.
    pub fn certificate_error(&self) -> CertificateError {
        match self {
            // certificate_expired: "A certificate has expired or is not currently valid."
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
            Self::Untrusted { reason, .. } => reason
                .certificate_error()
                .unwrap_or_else(|| CertificateError::Other(OtherError(Arc::new(self.clone())))),
            // access_denied. rustls itself sends certificate_required if a required certificate is missing.
            Self::NotAskedFor | Self::NotPresented => CertificateError::ApplicationVerificationFailure,
        }
    }
}

/// Makes the refusal for the session.
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
            Self::UnsupportedKey(kind) => write!(
                f,
                "its certificate has a key of a kind that is not supported: {kind} (supported: {SUPPORTED})"
            ),
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

impl Use {
    /// The usage that webpki demands of every certificate of a chain.
    pub(super) fn key_usage(self) -> webpki::KeyUsage {
        match self {
            Self::Server => webpki::KeyUsage::server_auth(),
            Self::Client => webpki::KeyUsage::client_auth(),
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
