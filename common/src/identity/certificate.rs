//! What is read out of an X.509 certificate, in the form the rest of the module wants it.

use std::fmt;

use rustls::pki_types::{CertificateDer, UnixTime};
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;
use x509_parser::time::ASN1Time;
use x509_parser::x509::X509Name;

use crate::escaped::Escaped;

/// Parses a certificate, all of it: bytes behind its end are an error, as they are for webpki.
pub(super) fn parse<'a>(der: &'a CertificateDer<'_>) -> Result<X509Certificate<'a>, String> {
    match X509Certificate::from_der(der) {
        Ok(([], certificate)) => Ok(certificate),
        Ok((rest, _)) => Err(format!("{} bytes behind its end", rest.len())),
        Err(error) => Err(x509_parser::error::X509Error::from(error).to_string()),
    }
}

/// A distinguished name such as `CN=My CA, O=Me`, escaped and bounded: it comes from a peer.
pub(super) fn distinguished_name(name: &X509Name<'_>) -> String {
    match Escaped::new(&name.to_string()).to_string() {
        empty if empty.is_empty() => "(no name)".to_owned(),
        shown => shown,
    }
}

/// From when until when a certificate is valid, both ends included (RFC 5280, 4.1.2.5).
#[derive(Clone, Copy, Debug)]
pub(super) struct Validity {
    pub(super) not_before: Moment,
    pub(super) not_after: Moment,
}

impl Validity {
    pub(super) fn of(certificate: &X509Certificate<'_>) -> Self {
        let validity = certificate.validity();
        Self {
            not_before: Moment(validity.not_before.timestamp()),
            not_after: Moment(validity.not_after.timestamp()),
        }
    }
}

/// A point in time, to the second; shown as `2026-11-23 14:02:11 UTC`.
///
/// Seconds since 1970, negative before: certificates may begin earlier than [`UnixTime`] can say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(i64);

impl From<UnixTime> for Moment {
    fn from(time: UnixTime) -> Self {
        Self(i64::try_from(time.as_secs()).unwrap_or(i64::MAX))
    }
}

impl Moment {
    /// The same moment in the type for dates of x509-parser, and from there of rcgen; `None` behind the year 9999.
    pub(super) fn to_asn1(self) -> Option<ASN1Time> {
        ASN1Time::from_timestamp(self.0).ok()
    }

    /// This moment, some days later.
    pub(super) fn plus_days(self, days: u32) -> Self {
        Self(self.0.saturating_add(i64::from(days) * 86_400))
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(asn1) = self.to_asn1() else {
            return write!(f, "second {} of the Unix epoch", self.0);
        };
        let time = asn1.to_datetime();
        let (hour, minute, second) = time.to_hms();
        write!(f, "{} {hour:02}:{minute:02}:{second:02} UTC", time.date())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_reads_like_a_date() {
        assert_eq!(Moment(1_795_442_531).to_string(), "2026-11-23 14:02:11 UTC");
        assert_eq!(Moment(-1).to_string(), "1969-12-31 23:59:59 UTC");
        assert_eq!(Moment(0).plus_days(365).to_string(), "1971-01-01 00:00:00 UTC");
        assert_eq!(Moment(i64::MAX).to_string(), "second 9223372036854775807 of the Unix epoch");
    }
}
