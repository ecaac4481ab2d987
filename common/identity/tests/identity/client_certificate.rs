//! Our certificate where a server asks for it: what was asked, what was sent, and what an alert then means.

use std::sync::Arc;

use crate::handshake::{VERSIONS, good, handshake, verifier};
use crate::support::*;
use identity::{ClientAuth, ClientCertificate, ClientVerifier, Policy, Trust};
use program::ending::Endings;
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms, aws_lc_rs};
use rustls::pki_types::{PrivateKeyDer, SignatureVerificationAlgorithm};
use rustls::sign::CertifiedKey;
use rustls::{
    AlertDescription as Alert, ClientConfig, ServerConfig, Side, SignatureScheme, SupportedProtocolVersion,
};
use tls_session::authorize::{Detail, take_notes};
use tls_session::close_reason::{AlertContext, CloseReason, Stage};

/// Every alert by which servers say that they miss or refuse a client's certificate.
const ALERTS: [Alert; 13] = [
    Alert::HandshakeFailure,
    Alert::NoCertificate,
    Alert::BadCertificate,
    Alert::UnsupportedCertificate,
    Alert::CertificateRevoked,
    Alert::CertificateExpired,
    Alert::CertificateUnknown,
    Alert::IllegalParameter,
    Alert::UnknownCA,
    Alert::AccessDenied,
    Alert::DecryptError,
    Alert::InternalError,
    Alert::CertificateRequired,
];

fn key_of(made: &Made) -> PrivateKeyDer<'static> {
    PrivateKeyDer::try_from(made.issuer.key().serialized_der().to_vec()).unwrap()
}

/// The only signatures that [`rsa_only`] verifies.
static RSA: &[(SignatureScheme, &[&dyn SignatureVerificationAlgorithm])] =
    &[(SignatureScheme::RSA_PSS_SHA256, &[webpki::aws_lc_rs::RSA_PSS_2048_8192_SHA256_LEGACY_KEY])];

/// The usual algorithms, but signatures of RSA alone are verified.
fn rsa_only() -> CryptoProvider {
    let usual = aws_lc_rs::default_provider();
    let all = usual.signature_verification_algorithms.all;
    let signature_verification_algorithms = WebPkiSupportedAlgorithms { all, mapping: RSA };
    CryptoProvider { signature_verification_algorithms, ..usual }
}

/// What a client notes that has this certificate, or none, when a server demands one.
fn request(
    own: Option<&Made>,
    demanded: &Made,
    version: &'static SupportedProtocolVersion,
    verifies: CryptoProvider,
) -> Option<Detail> {
    let folder = Folder::new();
    let server = good();
    let clients = ClientVerifier::new(
        Arc::new(folder.trust(&[&demanded.pem])) as Arc<Trust>,
        Arc::new(verifies),
        ClientAuth::Required,
    );
    let server_config = ServerConfig::builder_with_protocol_versions(&[version])
        .with_client_cert_verifier(Arc::new(clients))
        .with_single_cert(vec![server.der.clone()], key_of(&server))
        .unwrap();
    let verifier = verifier(folder.trust(&[&server.pem]), Policy::Strict);
    let certified = own.map(|own| {
        CertifiedKey::from_der(vec![own.der.clone()], key_of(own), &aws_lc_rs::default_provider()).unwrap()
    });
    let certificate = ClientCertificate::new(certified);
    let client_config = ClientConfig::builder_with_protocol_versions(&[version])
        .dangerous()
        .with_custom_certificate_verifier(Arc::clone(&verifier) as _)
        .with_client_cert_resolver(Arc::new(certificate));
    handshake(Arc::new(client_config), Arc::new(server_config));
    take_notes().certificate_request
}

fn sentence(alert: Alert, stage: Stage, request: &Option<Detail>) -> String {
    let context = AlertContext { stage, request: request.clone() };
    Endings::of(Side::Client).describe(&CloseReason::PeerAlert(alert, context)).to_string()
}

#[test]
fn a_client_without_a_certificate_is_told_to_name_one_whatever_the_alert() {
    let demanded = classic("Clients of mine");
    for version in VERSIONS {
        let request = request(None, &demanded, version, aws_lc_rs::default_provider());
        for alert in ALERTS {
            let sentence = sentence(alert, Stage::Agreed, &request);
            assert!(
                sentence.contains(
                    "it asked for a certificate of CN=Clients of mine, and this client has none; \
                     name one with --cert and --key"
                ),
                "{sentence}"
            );
            assert!(!sentence.contains("in common"), "{sentence}");
        }
    }
}

#[test]
fn a_key_that_does_not_fit_is_named_with_what_would_fit() {
    let own = good();
    for version in VERSIONS {
        let request = request(Some(&own), &own, version, rsa_only());
        for alert in ALERTS {
            let sentence = sentence(alert, Stage::Agreed, &request);
            assert!(
                sentence.contains(
                    "our certificate was not sent, because the server accepts no signature of our key: \
                     the server accepts rsa_pss_rsae_sha256, our key can make ecdsa_secp256r1_sha256"
                ),
                "{sentence}"
            );
        }
    }
}

#[test]
fn a_certificate_that_was_sent_is_named_whatever_the_alert() {
    let authority = classic("Mine");
    let own = issued_by(&authority, params("alice", &[], plain));
    for version in VERSIONS {
        let request = request(Some(&own), &classic("Theirs"), version, aws_lc_rs::default_provider());
        for alert in ALERTS {
            let sentence = sentence(alert, Stage::Agreed, &request);
            assert!(sentence.contains("(CN=alice, issued by CN=Mine)"), "{sentence}");
            assert!(!sentence.contains("in common"), "{sentence}");
        }
        let unknown = sentence(Alert::UnknownCA, Stage::Established, &request);
        assert!(unknown.contains("it takes those of CN=Theirs"), "{unknown}");
        assert!(
            unknown.ends_with(
                "the server checks the client's certificate after the client is already connected)"
            ),
            "{unknown}"
        );
    }
}

#[test]
fn an_alert_that_is_not_about_certificates_keeps_its_meaning() {
    let request = request(None, &good(), VERSIONS[0], aws_lc_rs::default_provider());
    for alert in [Alert::ProtocolVersion, Alert::BadRecordMac, Alert::UnrecognisedName] {
        let sentence = sentence(alert, Stage::Agreed, &request);
        assert!(!sentence.contains("--cert"), "{sentence}");
    }
}

#[test]
fn a_client_that_was_not_asked_is_told_so() {
    for alert in [Alert::UnknownCA, Alert::BadCertificate, Alert::CertificateRequired] {
        let sentence = sentence(alert, Stage::Agreed, &None);
        assert!(sentence.contains("it did not ask for a certificate in this session"), "{sentence}");
    }
    let failure = sentence(Alert::HandshakeFailure, Stage::Agreed, &None);
    assert!(failure.ends_with("handshake_failure (40)"), "suite and group were agreed on: {failure}");
    let name = sentence(Alert::UnrecognisedName, Stage::Hello, &None);
    assert!(name.contains("unrecognized_name (112): ") && name.contains("--server-name"), "{name}");
    let internal = sentence(Alert::InternalError, Stage::Established, &None);
    assert!(internal.ends_with("the server had an internal error; see the server's log"), "{internal}");
}
