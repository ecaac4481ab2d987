//! The names of alerts in IANA's registry
//! (<https://www.iana.org/assignments/tls-parameters/tls-parameters.xhtml#tls-parameters-6>).
//!
//! rustls uses other names, such as `UnknownCA` and `UnrecognisedName`. Log, trace and page use IANA's.

use std::fmt;

use rustls::{AlertDescription, CertificateError, Error};

use crate::escaped::Escaped;

/// Number and name of each alert. Older versions of TLS sent the alerts that are reserved now.
const NAMES: &[(u8, &str)] = &[
    (0, "close_notify"),
    (10, "unexpected_message"),
    (20, "bad_record_mac"),
    (21, "decryption_failed_RESERVED"),
    (22, "record_overflow"),
    (30, "decompression_failure_RESERVED"),
    (40, "handshake_failure"),
    (41, "no_certificate_RESERVED"),
    (42, "bad_certificate"),
    (43, "unsupported_certificate"),
    (44, "certificate_revoked"),
    (45, "certificate_expired"),
    (46, "certificate_unknown"),
    (47, "illegal_parameter"),
    (48, "unknown_ca"),
    (49, "access_denied"),
    (50, "decode_error"),
    (51, "decrypt_error"),
    (52, "too_many_cids_requested"),
    (60, "export_restriction_RESERVED"),
    (70, "protocol_version"),
    (71, "insufficient_security"),
    (80, "internal_error"),
    (86, "inappropriate_fallback"),
    (90, "user_canceled"),
    (100, "no_renegotiation_RESERVED"),
    (109, "missing_extension"),
    (110, "unsupported_extension"),
    (111, "certificate_unobtainable_RESERVED"),
    (112, "unrecognized_name"),
    (113, "bad_certificate_status_response"),
    (114, "bad_certificate_hash_value_RESERVED"),
    (115, "unknown_psk_identity"),
    (116, "certificate_required"),
    (117, "general_error"),
    (120, "no_application_protocol"),
    (121, "ech_required"),
];

/// An alert's name with its number: `unknown_ca (48)`. The number alone for an alert that has no name.
pub struct AlertName(pub AlertDescription);

impl AlertName {
    /// Returns the name alone, such as `unknown_ca`. `None` for an alert that has no name.
    pub fn name(&self) -> Option<&'static str> {
        let code = u8::from(self.0);
        NAMES.iter().find(|(number, _)| *number == code).map(|(_, name)| *name)
    }
}

impl fmt::Display for AlertName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let code = u8::from(self.0);
        match self.name() {
            Some(name) => write!(f, "{name} ({code})"),
            None => write!(f, "{code}"),
        }
    }
}

/// The text of a rustls error, escaped, with IANA's name for an alert.
pub struct ErrorText<'a>(pub &'a Error);

impl fmt::Display for ErrorText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Error::AlertReceived(alert) => write!(f, "received fatal alert: {}", AlertName(*alert)),
            // rustls writes the `Debug` form of this error.
            Error::InvalidCertificate(CertificateError::Other(other)) => {
                write!(f, "invalid peer certificate: {}", Escaped::new(&other.0.to_string()))
            }
            other => write!(f, "{}", Escaped::new(&other.to_string())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alerts_have_the_names_of_iana() {
        let name = |number: u8| AlertName(number.into()).to_string();
        for (number, expected) in [
            (0, "close_notify (0)"),
            (20, "bad_record_mac (20)"),
            (48, "unknown_ca (48)"),
            (112, "unrecognized_name (112)"),
            (115, "unknown_psk_identity (115)"),
            (117, "general_error (117)"),
            (121, "ech_required (121)"),
            (99, "99"),
        ] {
            assert_eq!(name(number), expected);
        }
    }

    /// rustls uses British spelling, and an older name for alert 121.
    #[test]
    fn every_alert_that_rustls_names_has_the_same_name_here() {
        let letters =
            |name: &str| name.to_lowercase().replace('_', "").replace("unrecognised", "unrecognized");
        for number in 0..=u8::MAX {
            let Some(rustls) = AlertDescription::from(number).as_str() else { continue };
            let ours = AlertName(number.into()).name().unwrap().trim_end_matches("_RESERVED");
            assert!(number == 121 || letters(ours) == letters(rustls), "{rustls}: {ours}");
        }
    }

    #[test]
    fn an_alert_in_an_error_has_iana_s_name() {
        let text = ErrorText(&Error::AlertReceived(AlertDescription::UnrecognisedName)).to_string();
        assert_eq!(text, "received fatal alert: unrecognized_name (112)");
        assert_eq!(ErrorText(&Error::DecryptError).to_string(), Error::DecryptError.to_string());
    }

    #[test]
    fn an_error_of_another_verifier_is_its_sentence() {
        let refused = std::io::Error::other("not\nours");
        let error = CertificateError::Other(rustls::OtherError(std::sync::Arc::new(refused)));
        let text = ErrorText(&Error::InvalidCertificate(error)).to_string();
        assert_eq!(text, r"invalid peer certificate: not\nours");
    }
}
