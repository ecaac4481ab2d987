//! Certificates that a server must not get away with.

use std::sync::Arc;

use rustls::AlertDescription as Alert;
use rustls::ServerConfig;
use rustls::pki_types::CertificateDer;
use testing::certificates::{Authority, Identity};
use testing::end::End;

use crate::case::{Case, check_all};

/// A server that shows this, to a client that trusts that; what it hears of it, and what the client says.
fn shows(name: &str, shown: Arc<ServerConfig>, trusted: Identity, heard: End, says: &'static str) -> Case {
    let server = move |stage: &mut crate::case::Stage| {
        let mut session = stage.server.accept_before_handshake();
        let error = session.handshake().unwrap_err();
        assert_eq!(End::of(&error), heard);
        Some(session.into_socket())
    };
    Case::new(name, server, 3, says).config(trusted, shown)
}

/// What is trusted when an authority is.
fn trust(authority: &Authority) -> Identity {
    Identity { certificate: authority.certificate.clone(), key: String::new() }
}

/// Those of a single certificate are in `authorization.rs`.
#[test]
fn certificates_that_are_refused() {
    let ours = Authority::new("Ours");
    let (chain, last) = ours.chain(40);
    let [expired, early] = [ours.issue_expired(), ours.issue_not_yet_valid()];
    let garbage = vec![CertificateDer::from(vec![0x30; 500])];
    let refused = |name, shown, alert, says| shows(name, shown, trust(&ours), End::Alert(alert), says);
    check_all(&[
        refused("expired", expired.server_config(), Alert::CertificateExpired, "expired on 2002-01-01"),
        refused("too early", early.server_config(), Alert::CertificateExpired, "not valid before 2901-01-01"),
        refused(
            "an authority as a leaf",
            Identity::classic("localhost").server_config(),
            Alert::CertificateUnknown,
            "CA:TRUE",
        ),
        refused("garbage", last.server_config_showing(garbage), Alert::BadCertificate, "not authorized"),
        refused(
            "a chain of forty",
            last.server_config_showing(chain),
            Alert::CertificateUnknown,
            "MaximumPathDepthExceeded",
        ),
        // rustls has no alert for it.
        shows(
            "none at all",
            last.server_config_showing(vec![]),
            trust(&ours),
            End::Fin,
            "no certificate presented",
        ),
    ]);
}
