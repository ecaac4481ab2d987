//! A server asks for our certificate: the request and the answer are noted.

use std::sync::Arc;

use crate::handshake::{VERSIONS, good, handshake, verifier};
use crate::support::*;
use identity::{Answer, CertificateRequest, ClientAuth, ClientCertificate, ClientVerifier, OwnName, Policy};
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms, aws_lc_rs};
use rustls::pki_types::SignatureVerificationAlgorithm;
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, ServerConfig, SignatureScheme, SupportedProtocolVersion};
use tls_session::authorize::take_notes;

/// The only signatures that [`rsa_only`] verifies.
static RSA: &[(SignatureScheme, &[&dyn SignatureVerificationAlgorithm])] =
    &[(SignatureScheme::RSA_PSS_SHA256, &[webpki::aws_lc_rs::RSA_PSS_2048_8192_SHA256_LEGACY_KEY])];

/// The default algorithms, but only the signatures in [`RSA`] are verified.
fn rsa_only() -> CryptoProvider {
    let default = aws_lc_rs::default_provider();
    let all = default.signature_verification_algorithms.all;
    let signature_verification_algorithms = WebPkiSupportedAlgorithms { all, mapping: RSA };
    CryptoProvider { signature_verification_algorithms, ..default }
}

/// The note of a client with the certificate `own`, or with none, if a server requires a certificate of `demanded`.
fn request(
    own: Option<&Made>,
    demanded: &Made,
    version: &'static SupportedProtocolVersion,
    verifies: CryptoProvider,
) -> CertificateRequest {
    let server = good();
    let clients =
        ClientVerifier::new(Arc::new(trusting(&[&demanded.pem])), Arc::new(verifies), ClientAuth::Required);
    let server_config = ServerConfig::builder_with_protocol_versions(&[version])
        .with_client_cert_verifier(Arc::new(clients))
        .with_single_cert(vec![server.der.clone()], server.private_key())
        .unwrap();
    let verifier = verifier(trusting(&[&server.pem]), Policy::Strict);
    let provider = aws_lc_rs::default_provider();
    let certified =
        own.map(|own| CertifiedKey::from_der(vec![own.der.clone()], own.private_key(), &provider).unwrap());
    let certificate = ClientCertificate::new(certified);
    let client_config = ClientConfig::builder_with_protocol_versions(&[version])
        .dangerous()
        .with_custom_certificate_verifier(Arc::clone(&verifier) as _)
        .with_client_cert_resolver(Arc::new(certificate));
    handshake(Arc::new(client_config), Arc::new(server_config));
    take_notes().certificate_request.unwrap().downcast_ref::<CertificateRequest>().unwrap().clone()
}

#[test]
fn the_request_of_a_server_is_noted_for_a_client_without_a_certificate() {
    let demanded = classic("Clients of mine");
    for version in VERSIONS {
        let request = request(None, &demanded, version, aws_lc_rs::default_provider());
        let authorities = "CN=Clients of mine".to_owned();
        assert_eq!(request, CertificateRequest { authorities, answer: Answer::Nothing });
    }
}

#[test]
fn a_key_whose_signatures_the_server_does_not_accept_is_noted_with_the_schemes() {
    let own = good();
    for version in VERSIONS {
        let request = request(Some(&own), &own, version, rsa_only());
        let (ours, theirs) =
            (vec![SignatureScheme::ECDSA_NISTP256_SHA256], vec![SignatureScheme::RSA_PSS_SHA256]);
        assert_eq!(request.answer, Answer::KeyDoesNotFit { ours, theirs });
    }
}

#[test]
fn the_certificate_that_was_sent_is_noted() {
    let authority = classic("Mine");
    let issued = issued_by(&authority, params("alice", &[], plain));
    for version in VERSIONS {
        for (own, subject, issuer) in [(&issued, "CN=alice", Some("CN=Mine")), (&authority, "CN=Mine", None)]
        {
            let request = request(Some(own), &classic("Theirs"), version, aws_lc_rs::default_provider());
            let (subject, issuer) = (subject.to_owned(), issuer.map(str::to_owned));
            let answer = Answer::Sent(OwnName { subject, issuer });
            assert_eq!(request, CertificateRequest { authorities: "CN=Theirs".to_owned(), answer });
        }
    }
}
