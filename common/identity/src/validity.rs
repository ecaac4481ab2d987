//! The dates of a certificate.

use std::fmt;

use rustls::pki_types::UnixTime;
use x509_parser::certificate::X509Certificate;
use x509_parser::time::ASN1Time;

/// The period in which a certificate is valid. It includes both of its ends (RFC 5280, 4.1.2.5).
#[derive(Clone, Copy, Debug)]
pub(super) struct Validity {
    pub(super) not_before: Moment,
    pub(super) not_after: Moment,
}

impl Validity {
    pub(super) fn of(certificate: &X509Certificate<'_>) -> Self {
        let validity = certificate.validity();
        Self { not_before: validity.not_before.into(), not_after: validity.not_after.into() }
    }

    /// Checks whether the certificate is valid at this time. `None` if it is.
    pub(super) fn outside(&self, now: UnixTime) -> Option<Outside> {
        let now = Moment::from(now);
        if now < self.not_before {
            Some(Outside::Before(self.not_before))
        } else if now > self.not_after {
            Some(Outside::After(self.not_after))
        } else {
            None
        }
    }
}

/// Why a certificate is not valid now. Its `Display` is the predicate of a sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Outside {
    /// The certificate is not yet valid. It will be, from this moment.
    #[error("is not valid before {0}")]
    Before(Moment),
    /// The certificate has expired. It was valid until this moment.
    #[error("expired on {0}")]
    After(Moment),
}

/// A point in time, to the second. Its `Display` is `2026-11-23 14:02:11 UTC`.
///
/// It counts the seconds since 1970. It is negative before, because certificates may begin before 1970. [`UnixTime`]
/// cannot represent that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(i64);

impl From<ASN1Time> for Moment {
    fn from(time: ASN1Time) -> Self {
        Self(time.timestamp())
    }
}

impl From<UnixTime> for Moment {
    fn from(time: UnixTime) -> Self {
        Self(i64::try_from(time.as_secs()).unwrap_or(i64::MAX))
    }
}

impl Moment {
    /// Returns the seconds since 1970.
    pub fn seconds(self) -> i64 {
        self.0
    }

    /// Converts to the date type of x509-parser, which converts to rcgen's. `None` after the year 9999.
    pub(super) fn to_asn1(self) -> Option<ASN1Time> {
        ASN1Time::from_timestamp(self.0).ok()
    }

    /// Returns the full days from this moment until a later one. 0 if the other moment is earlier.
    pub(super) fn days_until(self, later: Self) -> i64 {
        (later.0.saturating_sub(self.0) / 86_400).max(0)
    }

    /// Returns this moment plus some days.
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
        assert_eq!(Moment(0).days_until(Moment(86_399)), 0);
        assert_eq!(Moment(-1).days_until(Moment(86_399)), 1);
        assert_eq!(Moment(i64::MAX).days_until(Moment(i64::MIN)), 0);
        assert_eq!(Moment(0).plus_days(365).to_string(), "1971-01-01 00:00:00 UTC");
        assert_eq!(Moment(i64::MAX).to_string(), "second 9223372036854775807 of the Unix epoch");
    }
}
