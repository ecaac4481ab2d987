//! Why a peer is not authorized: the sentence for our user, and the alert for the peer.

use std::fmt;
use std::sync::Arc;

use rustls::{CertificateError, OtherError, Side};
use tls_session::authorize::Refusal;

use crate::certificate::Unusable;
use crate::key_kind::{SUPPORTED, UnsupportedKey};
use crate::validity::Outside;

/// The check that failed, and why. Its `Display` completes the sentence `server localhost UNAUTHORIZED (…)`.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Unauthorized {
    /// We are a server that did not ask for a certificate. [`authorize`](crate::authorize) never returns this.
    #[error("no certificate asked for")]
    NotAskedFor,
    /// The peer presented no certificate.
    #[error("no certificate presented")]
    NotPresented,
    /// The peer's certificate cannot be read, or needs a feature that is not supported.
    #[error("{0}")]
    Unusable(Unusable),
    /// The key of the peer's certificate is of a kind that is not supported.
    #[error("its certificate has a key of a kind that is not supported: {0} (supported: {SUPPORTED})")]
    UnsupportedKey(UnsupportedKey),
    /// A certificate is not valid now.
    #[error("{0} {1}")]
    OutsideDates(Link, Outside),
    /// The key usage does not include digital signatures. With such a signature a peer proves that it has the key.
    #[error("its certificate may not sign (key usage without digitalSignature)")]
    MayNotSign,
    /// The extended key usage does not include the role of the peer.
    #[error("its certificate is not for {}", match .0 {
        Side::Server => "server use (extended key usage without serverAuth)",
        Side::Client => "client use (extended key usage without clientAuth)",
    })]
    WrongUse(Side),
    /// The signature of the handshake was not made with the key of the certificate. [`authorize`](crate::authorize)
    /// never returns this, because it sees no signature.
    #[error("it did not sign with the key of its certificate")]
    WrongSignature,
    /// The certificate is for other names.
    #[error("{sentence}")]
    WrongName {
        /// Names the wanted name and the names in the certificate.
        sentence: String,
        /// Whether the certificate is for another server, whose name the user may have meant.
        is_for_another_server: bool,
    },
    /// The certificate passes the other checks, but neither a pin nor an authority of ours vouches for it.
    #[error("{sentence}")]
    Untrusted {
        /// Names the certificate at which the chain is broken.
        sentence: String,
        /// The kind of the reason.
        reason: Distrust,
    },
}

/// A certificate of a peer's chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Link {
    /// The peer's own certificate.
    Own,
    /// Another certificate that the peer sent, with this subject.
    Intermediate(String),
}

impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Own => f.write_str("its certificate"),
            Self::Intermediate(name) => write!(f, "the intermediate certificate {name} that it sent"),
        }
    }
}

/// Why no authority of ours vouches for a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Distrust {
    /// We do not have the issuer's certificate as an authority, and the peer did not send it.
    UnknownIssuer,
    /// There is a certificate with the issuer's name, but with another key.
    BadSignature,
    /// A signature in the chain, or the key for it, is of a kind that is not supported.
    UnsupportedSignature,
    /// Another rule for chains is broken.
    BadChain,
}

impl Unauthorized {
    /// Returns the error with which a verifier answers rustls, so that rustls sends the alert for this reason (RFC
    /// 8446, 6.2).
    ///
    /// It has fewer details than `self`. The variants of rustls with details would carry names that the peer chose into
    /// rustls' messages, unescaped.
    pub fn certificate_error(&self) -> CertificateError {
        match self {
            // certificate_expired: "A certificate has expired or is not currently valid."
            Self::OutsideDates(_, Outside::After(_)) => CertificateError::Expired,
            Self::OutsideDates(_, Outside::Before(_)) => CertificateError::NotValidYet,
            // bad_certificate
            Self::Unusable(Unusable::Unsupported(_)) => CertificateError::UnhandledCriticalExtension,
            Self::Unusable(_) => CertificateError::BadEncoding,
            Self::WrongName { .. } => CertificateError::NotValidForName,
            // unsupported_certificate
            Self::MayNotSign
            | Self::WrongUse(_)
            | Self::UnsupportedKey(_)
            | Self::Untrusted { reason: Distrust::UnsupportedSignature, .. } => {
                CertificateError::InvalidPurpose
            }
            // decrypt_error
            Self::WrongSignature | Self::Untrusted { reason: Distrust::BadSignature, .. } => {
                CertificateError::BadSignature
            }
            // unknown_ca
            Self::Untrusted { reason: Distrust::UnknownIssuer, .. } => CertificateError::UnknownIssuer,
            // certificate_unknown: "some other (unspecified) issue"
            Self::Untrusted { reason: Distrust::BadChain, .. } => {
                CertificateError::Other(OtherError(Arc::new(self.clone())))
            }
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
