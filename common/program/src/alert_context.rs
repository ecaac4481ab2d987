//! Explains an alert of the peer, at the point of the session at which it came.

use rustls::{AlertDescription, Side};
use tls_session::close_reason::{AlertContext, Stage};

use crate::certificate_request;
use crate::offer::Offer;

/// Explains an alert, after a colon. Empty if there is nothing to add to its name.
pub(crate) fn explain(context: &AlertContext, alert: AlertDescription, peer: Side, ours: &Offer) -> String {
    let meaning = match peer {
        Side::Server => explain_of_server(context, alert, ours),
        Side::Client => explain_of_client(context, alert, ours),
    };
    meaning.map(|meaning| format!(": {meaning}")).unwrap_or_default()
}

fn explain_of_server(context: &AlertContext, alert: AlertDescription, ours: &Offer) -> Option<String> {
    use AlertDescription as Alert;
    let about_certificate = context
        .request
        .as_ref()
        .and_then(|request| certificate_request::explain(request.downcast_ref()?, alert));
    if let Some(about_certificate) = about_certificate {
        return Some(match (context.stage, alert) {
            // An internal error may be about the certificate or not.
            (_, Alert::InternalError) => {
                format!("{}; or {about_certificate}", explain_in_general(context, alert, "server", ours)?)
            }
            (Stage::Established, _) => {
                format!(
                    "{about_certificate} (in TLS 1.3 the server checks the client's certificate \
                     after the client is already connected)"
                )
            }
            (Stage::Hello | Stage::Agreed, _) => about_certificate,
        });
    }
    match alert {
        Alert::BadCertificate
        | Alert::UnsupportedCertificate
        | Alert::CertificateRevoked
        | Alert::CertificateExpired
        | Alert::CertificateUnknown
        | Alert::UnknownCA
        | Alert::CertificateRequired
            if context.request.is_none() =>
        {
            Some("it did not ask for a certificate in this session; its log may say more".to_owned())
        }
        Alert::UnrecognisedName => Some(
            "it serves no host with the name that we asked for; name another one with --server-name"
                .to_owned(),
        ),
        _ => explain_in_general(context, alert, "server", ours),
    }
}

/// Explains an alert of a client. A server always presents its certificate, so these alerts are always about it.
fn explain_of_client(context: &AlertContext, alert: AlertDescription, ours: &Offer) -> Option<String> {
    use AlertDescription as Alert;
    let meaning = match alert {
        Alert::UnknownCA => {
            "the client does not know who signed our certificate; let it trust our certificate"
        }
        Alert::BadCertificate | Alert::CertificateUnknown | Alert::UnsupportedCertificate => {
            "the client refuses our certificate"
        }
        Alert::CertificateExpired => {
            "our certificate is not valid at the time of the client's clock; \
             check both clocks and the dates of the certificate"
        }
        _ => return explain_in_general(context, alert, "client", ours),
    };
    Some(meaning.to_owned())
}

/// Explains an alert that means the same from both roles.
fn explain_in_general(
    context: &AlertContext,
    alert: AlertDescription,
    peer: &str,
    ours: &Offer,
) -> Option<String> {
    use AlertDescription as Alert;
    let listed =
        |names: String, flag| if names == "none" { String::new() } else { format!(", {names} (see {flag})") };
    Some(match alert {
        Alert::HandshakeFailure if context.stage == Stage::Hello => {
            format!("the {peer} found no suite, group or signature scheme in common")
        }
        Alert::ProtocolVersion => {
            let ours = listed(ours.version_names(), "--tls");
            format!("the {peer} speaks none of our TLS versions{ours}")
        }
        Alert::NoApplicationProtocol => {
            let ours = listed(ours.protocol_names(), "--alpn");
            format!("the {peer} speaks none of the application protocols that we offered{ours}")
        }
        Alert::InternalError => {
            format!("the {peer} had an internal error; see the {peer}'s log")
        }
        _ => return None,
    })
}
