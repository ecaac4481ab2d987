//! Server certificates that the client must refuse.

use std::sync::Arc;

use rustls::AlertDescription as Alert;
use rustls::ServerConfig;
use rustls::pki_types::CertificateDer;
use testing::certificates::{Authority, Identity};
use testing::end::End;

use crate::case::{Case, check_all};

/// A server with this configuration, and a client that trusts this identity. The server must receive this end, and the
/// client's last line must contain this text.
fn presents(
    name: &str,
    config: Arc<ServerConfig>,
    trusted: Identity,
    end: End,
    last_line: &'static str,
) -> Case {
    let server = move |stage: &mut crate::case::Stage| {
        let mut session = stage.server.accept_before_handshake();
        let error = session.handshake().unwrap_err();
        assert_eq!(End::of(&error), end);
        Some(session.into_socket())
    };
    Case::new(name, server, 3, last_line).config(trusted, config)
}

/// An identity with an authority's certificate, for a client that trusts this authority.
fn trust(authority: &Authority) -> Identity {
    Identity { certificate: authority.certificate.clone(), key: String::new() }
}

/// `authorization.rs` has the cases with a single certificate.
#[test]
fn refuses_bad_certificates() {
    let ours = Authority::new("Ours");
    let (chain, last) = ours.chain(40);
    let [expired, early] = [ours.issue_expired(), ours.issue_not_yet_valid()];
    let garbage = vec![CertificateDer::from(vec![0x30; 500])];
    let refused =
        |name, config, alert, last_line| presents(name, config, trust(&ours), End::Alert(alert), last_line);
    check_all(&[
        refused("expired", expired.server_config(), Alert::CertificateExpired, "expired on 2002-01-01"),
        refused(
            "not yet valid",
            early.server_config(),
            Alert::CertificateExpired,
            "not valid before 2901-01-01",
        ),
        refused(
            "an authority as a leaf",
            Identity::classic("localhost").server_config(),
            Alert::CertificateUnknown,
            "CA:TRUE",
        ),
        refused("garbage", last.server_config_presenting(garbage), Alert::BadCertificate, "not authorized"),
        refused(
            "a chain of forty",
            last.server_config_presenting(chain),
            Alert::CertificateUnknown,
            "MaximumPathDepthExceeded",
        ),
        // rustls sends no alert for this.
        presents(
            "no certificate",
            last.server_config_presenting(vec![]),
            trust(&ours),
            End::Fin,
            "no certificate presented",
        ),
    ]);
}
