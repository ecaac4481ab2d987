//! Finds out which part of a certificate made the other end refuse it.

use decode::explain::Fault;
use decode::other_side;
use identity::{Distrust, Link, Outside, Unauthorized};
use rustls::{AlertDescription, CertificateError, Side};
use tls_session::authorize::Refusal;
use tls_session::close_reason::CloseReason;

/// Returns the owner of the refused certificate and the reason. `us` is this end. `None`: no certificate was refused, or
/// no single field shows the reason.
pub(super) fn of(reason: &CloseReason, us: Side) -> Option<(Side, Fault)> {
    match reason {
        CloseReason::Unauthorized(refusal) => Some((other_side(us), of_refusal(refusal)?)),
        CloseReason::PeerAlert(alert, _) => Some((us, of_alert(*alert)?)),
        _ => None,
    }
}

fn of_refusal(refusal: &Refusal) -> Option<Fault> {
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
        _ => return None,
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

/// Returns the fault that the peer's alert is about. Most alerts do not tell.
fn of_alert(alert: AlertDescription) -> Option<Fault> {
    match alert {
        AlertDescription::CertificateExpired => Some(Fault::Validity),
        AlertDescription::UnknownCA => Some(Fault::Issuer),
        _ => None,
    }
}
