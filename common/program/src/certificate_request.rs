//! Explains how a session can end over the certificate that a server asks this client for.

use decode::explain::scheme_name;
use identity::{Answer, CertificateRequest, OwnName, listed};
use rustls::{AlertDescription, SignatureScheme};

/// Explains an alert by which servers end a session over the client's certificate. `None` for any other alert.
pub(crate) fn explain(request: &CertificateRequest, alert: AlertDescription) -> Option<String> {
    if !can_mean_certificate(alert) {
        return None;
    }
    let about_sent = match &request.answer {
        Answer::Sent(own) => explain_sent(alert, own, &request.authorities),
        Answer::Nothing | Answer::KeyDoesNotFit { .. } => None,
    };
    Some(about_sent.unwrap_or_else(|| explain_silence(request)))
}

/// Explains the request and our answer, for a server that does not say why it ends the session.
pub(crate) fn explain_silence(request: &CertificateRequest) -> String {
    let asked = match request.authorities.as_str() {
        "" => "it asked for a certificate".to_owned(),
        authorities => format!("it asked for a certificate of {authorities}"),
    };
    match &request.answer {
        Answer::Nothing => format!("{asked}, and this client has none; name one with --cert and --key"),
        Answer::KeyDoesNotFit { ours, theirs } => format!(
            "{asked}; our certificate was not sent, because the server accepts no signature of our key: \
             the server accepts {}, our key can make {}; name another certificate with --cert and --key",
            scheme_names(theirs),
            scheme_names(ours),
        ),
        Answer::Sent(own) => format!("{asked}; we sent ours ({own}); perhaps the server does not accept it"),
    }
}

fn scheme_names(schemes: &[SignatureScheme]) -> String {
    let name = |scheme: &SignatureScheme| {
        let number = u16::from(*scheme);
        scheme_name(number).map_or_else(|| format!("0x{number:04x}"), str::to_owned)
    };
    match listed(schemes.iter(), name) {
        none if none.is_empty() => "no signature scheme that we know".to_owned(),
        names => names,
    }
}

/// Explains an alert after our certificate was sent. `None` for an alert that does not say what is wrong with it.
fn explain_sent(alert: AlertDescription, own: &OwnName, authorities: &str) -> Option<String> {
    use AlertDescription as Alert;
    Some(match alert {
        Alert::UnknownCA => {
            let remedy = match (&own.issuer, authorities) {
                (_, named) if !named.is_empty() => {
                    format!("it accepts those of {named}: name another with --cert and --key")
                }
                (Some(issuer), _) => {
                    format!("let it trust {issuer}, or send the certificates between them too")
                }
                (None, _) => "let it trust this certificate".to_owned(),
            };
            format!("it does not know who issued our certificate ({own}); {remedy}")
        }
        Alert::CertificateExpired => format!(
            "our certificate ({own}) is not valid at the time of the server's clock; \
             check both clocks and the dates of the certificate"
        ),
        Alert::CertificateRevoked => format!("it says that our certificate ({own}) is revoked"),
        Alert::DecryptError => format!(
            "it could not verify a signature, of our certificate ({own}) or of the handshake; \
             does it trust another authority of the same name?"
        ),
        Alert::BadCertificate | Alert::UnsupportedCertificate | Alert::CertificateUnknown => {
            format!("it refuses our certificate ({own})")
        }
        _ => return None,
    })
}

/// Returns whether servers send this alert if a client's certificate is missing or refused.
///
/// Only certificate_required always means a missing certificate, and only TLS 1.3 has it (RFC 8446, 6.2). For a missing
/// certificate in TLS 1.2, OpenSSL sends handshake_failure, and Go and Java send bad_certificate.
fn can_mean_certificate(alert: AlertDescription) -> bool {
    use AlertDescription as Alert;
    matches!(
        alert,
        Alert::HandshakeFailure
            | Alert::NoCertificate
            | Alert::BadCertificate
            | Alert::UnsupportedCertificate
            | Alert::CertificateRevoked
            | Alert::CertificateExpired
            | Alert::CertificateUnknown
            | Alert::IllegalParameter
            | Alert::UnknownCA
            | Alert::AccessDenied
            | Alert::DecryptError
            | Alert::InsufficientSecurity
            | Alert::InternalError
            | Alert::CertificateRequired
    )
}
