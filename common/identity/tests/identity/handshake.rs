//! The verifiers inside rustls: results, alerts, and the check of the signature.

use std::sync::Arc;

use crate::support::*;
use identity::{Peer, Policy, ServerVerifier, Trust, Unauthorized, Unusable, authorize};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{
    AlertDescription, ClientConfig, ClientConnection, ConnectionCommon, ServerConfig, ServerConnection,
};
use rustls::{CertificateError, Error, SupportedProtocolVersion};
use tls_session::authorize::take_notes;

/// A server that presents a certificate and signs with a key that need not belong to it.
fn presents(made: &Made, key: &Made) -> Arc<ServerConfig> {
    let key = aws_lc_rs::sign::any_supported_type(&key.private_key()).unwrap();
    let certified = CertifiedKey::new(vec![made.der.clone()], key);
    let config = ServerConfig::builder().with_no_client_auth();
    Arc::new(config.with_cert_resolver(Arc::new(SingleCertAndKey::from(certified))))
}

pub fn client(
    verifier: &Arc<ServerVerifier>,
    version: &'static SupportedProtocolVersion,
) -> Arc<ClientConfig> {
    let config = ClientConfig::builder_with_protocol_versions(&[version])
        .dangerous()
        .with_custom_certificate_verifier(verifier.clone())
        .with_no_client_auth();
    Arc::new(config)
}

pub fn verifier(trust: Trust, policy: Policy) -> Arc<ServerVerifier> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    Arc::new(ServerVerifier::new(Arc::new(trust), provider, policy))
}

pub struct Ended {
    client: ClientConnection,
    pub client_error: Option<Error>,
    pub server_error: Option<Error>,
}

/// Moves bytes until neither side has output.
pub fn handshake(client: Arc<ClientConfig>, server: Arc<ServerConfig>) -> Ended {
    let name = ServerName::try_from("localhost").unwrap();
    let mut client = ClientConnection::new(client, name).unwrap();
    let mut server = ServerConnection::new(server).unwrap();
    let (mut client_error, mut server_error) = (None, None);
    while client.wants_write() || server.wants_write() {
        pass(&mut client, &mut server, &mut server_error);
        pass(&mut server, &mut client, &mut client_error);
    }
    Ended { client, client_error, server_error }
}

/// Passes the output of one side to the other, unless the other has failed.
fn pass<A, B>(from: &mut ConnectionCommon<A>, to: &mut ConnectionCommon<B>, error: &mut Option<Error>) {
    let mut flight = Vec::new();
    while from.wants_write() {
        from.write_tls(&mut flight).unwrap();
    }
    if error.is_none() && !flight.is_empty() {
        to.read_tls(&mut flight.as_slice()).unwrap();
        *error = to.process_new_packets().err();
    }
}

pub const VERSIONS: [&SupportedProtocolVersion; 2] = [&rustls::version::TLS12, &rustls::version::TLS13];

/// A certificate that is valid from 1975 to 4096, because rustls passes the system's time to its verifiers.
pub fn good() -> Made {
    self_signed(params("localhost", &["localhost"], plain))
}

#[test]
fn a_pin_completes_a_handshake_and_can_be_authorized_again() {
    for server in [good(), classic("localhost.")] {
        for version in VERSIONS {
            let trust = trusting(&[&server.pem]);
            let verifier = verifier(trust.clone(), Policy::Strict);
            let ended = handshake(client(&verifier, version), presents(&server, &server));
            assert_eq!((&ended.client_error, &ended.server_error), (&None, &None));
            assert_eq!(take_notes().refusal, None);
            let name = ServerName::try_from("localhost").unwrap();
            let chain = ended.client.peer_certificates().unwrap();
            authorize(chain, &trust, Peer::Server(&name), now()).unwrap();
        }
    }
}

#[test]
fn each_reason_has_its_alert_and_is_noted_once() {
    let expired = self_signed(params("x", &["localhost"], |params| {
        params.not_after = rcgen::date_time_ymd(1999, 1, 1);
    }));
    let early = self_signed(params("x", &["localhost"], |params| {
        params.not_before = rcgen::date_time_ymd(4000, 1, 1);
    }));
    let elsewhere = self_signed(params("x", &["example.com"], plain));
    let client_only = self_signed(params("x", &["localhost"], |params| {
        params.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ClientAuth];
    }));
    let namesake = issued_by(&classic("My CA"), params("x", &["localhost"], plain));
    let pins = [&*expired.pem, &early.pem, &elsewhere.pem, &client_only.pem, &classic("My CA").pem];
    for (server, alert) in [
        (&expired, AlertDescription::CertificateExpired),
        (&early, AlertDescription::CertificateExpired),
        (&elsewhere, AlertDescription::BadCertificate),
        (&client_only, AlertDescription::UnsupportedCertificate),
        (&good(), AlertDescription::UnknownCA),
        (&namesake, AlertDescription::DecryptError),
        (&classic("localhost"), AlertDescription::CertificateUnknown),
    ] {
        for version in VERSIONS {
            let verifier = verifier(trusting(&pins), Policy::Strict);
            let ended = handshake(client(&verifier, version), presents(server, server));
            assert_eq!(ended.server_error, Some(Error::AlertReceived(alert)));
            assert!(matches!(ended.client_error, Some(Error::InvalidCertificate(_))));
            assert!(ended.client.peer_certificates().is_none());
            let refusal = take_notes().refusal.unwrap();
            assert!(refusal.reason().downcast_ref::<Unauthorized>().is_some());
            assert_eq!(take_notes().refusal, None);
        }
    }
}

#[test]
fn insecure_continues_with_an_unknown_server() {
    let unknown = good();
    for version in VERSIONS {
        let verifier = verifier(trusting(&[&good().pem]), Policy::Insecure);
        let ended = handshake(client(&verifier, version), presents(&unknown, &unknown));
        assert_eq!((&ended.client_error, &ended.server_error), (&None, &None));
        assert_eq!(take_notes().refusal, None, "an unknown server that is accepted is not refused");
        assert!(ended.client.peer_certificates().is_some());
    }
}

#[test]
fn a_certificate_without_its_key_is_refused_under_any_policy() {
    let (server, thief) = (good(), good());
    for policy in [Policy::Strict, Policy::Insecure] {
        for version in VERSIONS {
            let verifier = verifier(trusting(&[&server.pem]), policy);
            let ended = handshake(client(&verifier, version), presents(&server, &thief));
            let bad_signature = Error::InvalidCertificate(CertificateError::BadSignature);
            assert_eq!(ended.client_error, Some(bad_signature), "{policy:?}");
            assert_eq!(take_notes().refusal, Some(Unauthorized::WrongSignature.into()));
        }
    }
}

/// rustls cannot parse it, so it can verify no signature with it. A client with `--insecure` says so too.
#[test]
fn a_certificate_of_version_1_is_refused_under_any_policy() {
    let certificate =
        CertificateDer::from_pem_slice(include_bytes!("fixtures/ec-certificate-v1.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_slice(include_bytes!("fixtures/ec-key-sec1.pem")).unwrap();
    let key = aws_lc_rs::sign::any_supported_type(&key).unwrap();
    let certified = CertifiedKey::new(vec![certificate], key);
    let server = ServerConfig::builder().with_no_client_auth();
    let server = Arc::new(server.with_cert_resolver(Arc::new(SingleCertAndKey::from(certified))));
    for policy in [Policy::Strict, Policy::Insecure] {
        for version in VERSIONS {
            let verifier = verifier(trusting(&[&good().pem]), policy);
            let ended = handshake(client(&verifier, version), server.clone());
            assert!(matches!(ended.client_error, Some(Error::InvalidCertificate(_))), "{policy:?}");
            let refusal = take_notes().refusal.unwrap();
            assert_eq!(refusal, Unauthorized::Unusable(Unusable::NotVersion3).into(), "{policy:?}");
        }
    }
}
