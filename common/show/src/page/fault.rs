//! Finds out which part of a certificate, or which proof, made an end refuse the other end.

use decode::explain::Fault;
use identity::{Distrust, Link, Outside, Unauthorized};
use rustls::{AlertDescription, CertificateError};
use tls_session::close_reason::CloseReason;

/// Returns the fault for which we refused the peer. `None`: we did not, or the peer presented no certificate.
pub(super) fn of(reason: &CloseReason) -> Option<Fault> {
    let CloseReason::Unauthorized(refusal) = reason else { return None };
    match refusal.reason().downcast_ref() {
        Some(why) => of_check(why),
        None => of_error(refusal.certificate_error()),
    }
}

/// Returns the fault that our own checks found.
fn of_check(why: &Unauthorized) -> Option<Fault> {
    Some(match why {
        Unauthorized::OutsideDates(Link::Own, _) => Fault::Validity,
        Unauthorized::OutsideDates(Link::Intermediate(_), Outside::Before(bound) | Outside::After(bound)) => {
            Fault::IssuerValidity(bound.seconds())
        }
        Unauthorized::WrongName { .. } => Fault::Names,
        Unauthorized::Untrusted { reason: Distrust::UnknownIssuer, .. } => Fault::Issuer,
        Unauthorized::MayNotSign => Fault::KeyUsage,
        Unauthorized::WrongUse(_) => Fault::ExtendedKeyUsage,
        Unauthorized::UnsupportedKey(_) => Fault::PublicKey,
        Unauthorized::WrongSignature => Fault::Signature,
        // There is no certificate.
        Unauthorized::NotAskedFor | Unauthorized::NotPresented => return None,
        _ => Fault::Unnamed,
    })
}

/// Returns the fault that a verifier of rustls found.
fn of_error(error: &CertificateError) -> Option<Fault> {
    use CertificateError as E;
    Some(match error {
        E::Expired | E::ExpiredContext { .. } | E::NotValidYet | E::NotValidYetContext { .. } => {
            Fault::Validity
        }
        E::NotValidForName | E::NotValidForNameContext { .. } => Fault::Names,
        E::UnknownIssuer => Fault::Issuer,
        E::InvalidPurpose | E::InvalidPurposeContext { .. } => Fault::ExtendedKeyUsage,
        _ => return None,
    })
}

/// Returns the fault of a certificate, or of a proof, that an alert is about. Most alerts do not tell which one. `None`: the
/// alert is about something else.
pub(super) fn of_alert(alert: AlertDescription) -> Option<Fault> {
    match alert {
        AlertDescription::CertificateExpired => Some(Fault::Validity),
        AlertDescription::UnknownCA => Some(Fault::Issuer),
        AlertDescription::DecryptError => Some(Fault::Proof),
        AlertDescription::BadCertificate
        | AlertDescription::UnsupportedCertificate
        | AlertDescription::CertificateRevoked
        | AlertDescription::CertificateUnknown
        | AlertDescription::AccessDenied => Some(Fault::Unnamed),
        _ => None,
    }
}
