//! Finds the field for which the other end refused a certificate, or a proof.

use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;

use super::summary::chain;
use crate::Message;

/// The reason why an end refused the other end: its certificates, or its proofs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The first certificate is not valid at the time of the session.
    Validity,
    /// The validity of another certificate begins or ends at this second since 1970, and the session is outside.
    IssuerValidity(i64),
    /// The first certificate is for other names.
    Names,
    /// The receiver does not know the issuer of the last certificate of the chain.
    Issuer,
    /// The key of the first certificate may not be used for signatures.
    KeyUsage,
    /// The first certificate is not for this role.
    ExtendedKeyUsage,
    /// The key of the first certificate is of an unknown kind.
    PublicKey,
    /// The signature of the handshake was not made with the key of the first certificate.
    Signature,
    /// A signature, a Finished or a binder does not verify. The receiver does not say which one.
    Proof,
    /// The reason is not known, or no single field shows it. The first certificate is the refused one.
    Unnamed,
}

/// The place of a fault: the index of the certificate in its message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) certificate: usize,
    pub(super) fault: Fault,
}

impl Fault {
    /// Returns the certificate of a Certificate message that has this fault.
    pub(super) fn place(self, message: &Message) -> Place {
        let ders = chain(message).unwrap_or_default();
        let certificates: Vec<_> =
            ders.iter().filter_map(|der| X509Certificate::from_der(der).ok().map(|(_, read)| read)).collect();
        let certificate = match self {
            // An unreadable certificate would shift the places of the others.
            _ if certificates.len() < ders.len() => 0,
            Self::Issuer => last(&certificates),
            Self::IssuerValidity(moment) => certificates
                .iter()
                .position(|certificate| {
                    let validity = certificate.validity();
                    [validity.not_before, validity.not_after].iter().any(|bound| bound.timestamp() == moment)
                })
                .unwrap_or(0),
            _ => 0,
        };
        Place { certificate, fault: self }
    }
}

/// Follows the issuers from the first certificate. Returns the index of the certificate whose issuer is not in the list.
fn last(certificates: &[X509Certificate<'_>]) -> usize {
    let mut at = 0;
    for _ in certificates {
        let Some(issuer) = certificates.get(at).map(|certificate| certificate.issuer().as_raw()) else {
            break;
        };
        let is_next = |certificate: &X509Certificate<'_>| certificate.subject().as_raw() == issuer;
        match certificates.iter().position(is_next) {
            Some(next) if next != at => at = next,
            _ => break,
        }
    }
    at
}
