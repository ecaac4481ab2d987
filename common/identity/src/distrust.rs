//! Why neither a pin nor an authority identifies a peer.

use std::fmt;

use rustls::CertificateError;
use tls_session::escaped::Escaped;

use crate::key_kind::{SUPPORTED, SUPPORTED_SIGNATURES, UnsupportedKey};
use crate::trust::Source;

/// Why a certificate that is not one of our pins was not issued by one of our authorities either.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Distrust {
    /// We do not have the issuer's certificate as an authority, and the peer did not send it.
    UnknownIssuer {
        /// The certificate whose issuer is unknown. Every signature from the peer's own certificate up to it is right.
        link: Link,
        /// The issuer's name in that certificate.
        issuer: String,
        /// Whether that certificate names itself as its issuer.
        self_issued: bool,
        /// Whether the peer sent its own certificate and no other.
        alone: bool,
        /// Whether we trust any authority at all.
        has_authorities: bool,
    },
    /// There is a certificate with the issuer's name, but with another key.
    BadSignature {
        /// The certificate that has the wrong signature.
        link: Link,
        /// The issuer's name in that certificate.
        issuer: String,
        /// Where the certificate with the issuer's name is.
        of: Issuer,
    },
    /// The issuer's key is of a kind that is not supported.
    UnsupportedIssuerKey {
        /// The certificate whose signature cannot be verified.
        link: Link,
        /// The issuer's name.
        issuer: String,
        /// The kind of its key.
        kind: UnsupportedKey,
    },
    /// The signature of a certificate is of a kind that is not supported.
    UnsupportedSignature {
        /// The certificate that has the signature.
        link: Link,
        /// The name, or the object identifier, of the algorithm.
        algorithm: String,
    },
    /// There is a certificate with the issuer's name, but its bytes differ, for example in the string type.
    NameInOtherBytes {
        /// The certificate with that issuer.
        link: Link,
        /// The issuer's name.
        issuer: String,
        /// Where the certificate with the issuer's name is.
        of: Issuer,
    },
    /// A certificate of the chain issued another one, but is not an authority.
    NoAuthority {
        /// That certificate.
        link: Link,
    },
    /// The peer's own certificate is the certificate of an authority. It identifies a peer only as a pin.
    CaUsedAsEndEntity,
    /// A rarer reason: webpki's error.
    BadChain(webpki::Error),
}

/// A certificate of a peer's chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Link {
    /// The peer's own certificate.
    Own,
    /// Another certificate that the peer sent, with this subject.
    Intermediate(String),
}

/// Where a certificate with the name of an issuer was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Issuer {
    /// Among our authorities.
    Authority,
    /// Among the certificates that the peer sent.
    Sent,
}

impl Distrust {
    /// The certificate error for rustls, which chooses the alert. `None` stands for the alert certificate_unknown:
    /// "some other (unspecified) issue".
    pub(super) fn certificate_error(&self) -> Option<CertificateError> {
        Some(match self {
            // unknown_ca
            Self::UnknownIssuer { .. }
            | Self::NameInOtherBytes { .. }
            | Self::BadChain(webpki::Error::UnknownIssuer) => CertificateError::UnknownIssuer,
            // unsupported_certificate
            Self::UnsupportedIssuerKey { .. } | Self::UnsupportedSignature { .. } => {
                CertificateError::InvalidPurpose
            }
            // decrypt_error
            Self::BadSignature { .. } => CertificateError::BadSignature,
            Self::NoAuthority { .. } | Self::CaUsedAsEndEntity | Self::BadChain(_) => return None,
        })
    }

    /// Writes the sentence. `trust` is where our pins and authorities are.
    pub(super) fn fmt_about(&self, trust: &Source, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownIssuer { link: Link::Own, issuer, self_issued, alone, has_authorities } => {
                let authority = match has_authorities {
                    true => "no authority there issued it",
                    false => "there is no authority in it",
                };
                write!(f, "unknown issuer {issuer}: not a certificate in {trust}, and {authority}")?;
                match (self_issued, alone) {
                    (true, _) => Ok(()),
                    (false, true) => {
                        f.write_str("; it sent its own certificate alone, without an intermediate")
                    }
                    (false, false) => {
                        f.write_str("; none of the other certificates that it sent has that name")
                    }
                }
            }
            Self::UnknownIssuer { link: Link::Intermediate(name), self_issued: true, .. } => {
                write!(f, "the chain that it sent ends with {name}, which is no authority in {trust}")
            }
            Self::UnknownIssuer { link: Link::Intermediate(name), issuer, .. } => write!(
                f,
                "unknown issuer {issuer} of the intermediate certificate {name} that it sent: \
                 no authority in {trust}, and no certificate that it sent, has that name"
            ),
            Self::BadSignature { link, issuer, of } => {
                let owner = match of {
                    Issuer::Authority => format!("the authority {issuer} in {trust}"),
                    Issuer::Sent => format!("the certificate {issuer} that it sent"),
                };
                write!(
                    f,
                    "{link} was not signed with the key of {owner}; \
                     perhaps an authority with the same name and a different key signed it"
                )
            }
            Self::UnsupportedIssuerKey { link, issuer, kind } => write!(
                f,
                "{link} cannot be verified: the key of its issuer {issuer} is of a kind that is not supported, \
                 {kind} (supported: {SUPPORTED})"
            ),
            Self::UnsupportedSignature { link, algorithm } => write!(
                f,
                "{link} has a signature of a kind that is not supported: {algorithm} \
                 (supported: {SUPPORTED_SIGNATURES})"
            ),
            Self::NameInOtherBytes { link, issuer, of } => {
                let issued_by = match of {
                    Issuer::Authority => format!("the authority in {trust}"),
                    Issuer::Sent => "the certificate that it sent".to_owned(),
                };
                write!(
                    f,
                    "{link} names its issuer {issuer}, but {issued_by} encodes this name differently \
                     (perhaps another string type); names are compared byte by byte"
                )
            }
            Self::NoAuthority { link } => {
                write!(f, "{link} issued another certificate, but is not an authority (no CA:TRUE)")
            }
            Self::CaUsedAsEndEntity => write!(
                f,
                "it presented the certificate of an authority (CA:TRUE), \
                 which is accepted only if {trust} contains that certificate"
            ),
            Self::BadChain(reason) => {
                let reason = reason.to_string();
                let reason = Escaped::new(&reason);
                write!(f, "no valid chain to an authority in {trust}: {reason}")
            }
        }
    }
}

impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Own => f.write_str("its certificate"),
            Self::Intermediate(name) => write!(f, "the intermediate certificate {name} that it sent"),
        }
    }
}
