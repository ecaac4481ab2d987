//! How the ends of whole sessions read in a sentence.

#![allow(clippy::unwrap_used, reason = "a test reports a fault by a panic")]

use std::io::Write as _;
use std::sync::Arc;

use identity::{ClientAuth, ClientCertificate, ClientVerifier, Trust};
use program::ending::Endings;
use rustls::crypto::aws_lc_rs::sign::any_supported_type;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::danger::ClientCertVerifier;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::version::{TLS12, TLS13};
use rustls::{Side, SupportedProtocolVersion};
use testing::certificates::Identity;
use testing::folder::TempDir;
use tls_session::application::Application;
use tls_session::simulation::raw_pair::RawPair;
use tls_session::simulation::roles::{Echo, Talker};
use tls_session::simulation::tls::{CERTIFICATE_PEM, Tls, VERSIONS, certificate, key, server_config};

/// A server that demands a certificate, and asks `identity` about it.
fn demanding(version: &'static SupportedProtocolVersion) -> Tls {
    let folder = TempDir::new();
    let trust = Trust::load(&folder.write("trust.pem", CERTIFICATE_PEM)).unwrap();
    let mut tls = Tls::with_client_certificate(version);
    let provider = Arc::clone(tls.server.crypto_provider());
    let verifier: Arc<dyn ClientCertVerifier> =
        Arc::new(ClientVerifier::new(Arc::new(trust), Arc::clone(&provider), ClientAuth::Required));
    tls.server = server_config(provider, &[version], Some(verifier));
    tls
}

/// A client that presents this certificate, and signs with a key that need not be the certificate's.
fn presenting(tls: &Tls, certificate: CertificateDer<'static>, key: &PrivateKeyDer<'static>) -> Tls {
    let mut tls = tls.clone();
    let certified = CertifiedKey::new(vec![certificate], any_supported_type(key).unwrap());
    tls.client.client_auth_cert_resolver = Arc::new(SingleCertAndKey::from(certified));
    tls
}

fn sentence<A: Application>(pair: &RawPair<A>, local: Side) -> String {
    Endings::of(local).describe(pair.session.reason().unwrap()).to_string()
}

/// How many records follow those that hold the client's Certificate message, in its last flight.
fn records_after_the_certificate(version: &SupportedProtocolVersion) -> usize {
    // CertificateVerify, ChangeCipherSpec and Finished; in TLS 1.3 the rest of CertificateVerify, and Finished.
    if *version == TLS12 { 3 } else { 2 }
}

/// Splits a flight before its last `count` records.
fn split(flight: &[u8], count: usize) -> (&[u8], &[u8]) {
    let records = tls_session::simulation::network::records(flight);
    flight.split_at(records[records.len() - count].0)
}

/// The first client presents a certificate that the server trusts, and does not have its key. Before it signs, the server
/// refuses another client.
#[test]
fn a_refusal_belongs_to_its_session() {
    for version in VERSIONS {
        let tls = demanding(version);
        let stranger = Identity::localhost();
        let mut thief = presenting(&tls, certificate(), &stranger.private_key());
        if *version == TLS13 {
            thief.client.max_fragment_size = Some(64); // or one record would hold certificate and signature
        }
        let stranger_certificate = testing::certificates::der(&stranger.certificate);
        let stranger = presenting(&tls, stranger_certificate, &stranger.private_key());
        let shared = tls.shared();
        let mut first = RawPair::server(shared.with_client(thief.client), Echo::default());
        let mut second = RawPair::server(shared.with_client(stranger.client), Echo::default());

        first.raw.write();
        first.session.settle(first.now);
        first.raw.read();
        let mut flight = Vec::new();
        while first.raw.tls.wants_write() {
            first.raw.tls.write_tls(&mut flight).unwrap();
        }
        let (certificate, signature) = split(&flight, records_after_the_certificate(version));
        first.raw.socket.write_all(certificate).unwrap();
        first.session.settle(first.now);
        second.settle();
        first.raw.socket.write_all(signature).unwrap();
        first.settle();

        let second = sentence(&second, Side::Server);
        assert!(second.contains("unknown issuer"), "{second}");
        assert_eq!(
            sentence(&first, Side::Server),
            "the client is not authorized: it did not sign with the key of its certificate"
        );
    }
}

/// A fatal alert in plaintext: handshake_failure (RFC 8446, 6).
const HANDSHAKE_FAILURE: [u8; 7] = [21, 3, 3, 0, 2, 2, 40];

fn sends_handshake_failure(pair: &mut RawPair<Talker>) -> String {
    pair.raw.socket.write_all(&HANDSHAKE_FAILURE).unwrap();
    pair.session.settle(pair.now);
    sentence(pair, Side::Client)
}

/// Two sessions of one client. The first server asks for a certificate, the second does not.
#[test]
fn a_request_for_a_certificate_belongs_to_its_session() {
    let mut tls = demanding(&TLS12);
    let provider = Arc::clone(tls.client.crypto_provider());
    let own = CertifiedKey::from_der(vec![certificate()], key(), &provider).unwrap();
    tls.client.client_auth_cert_resolver = Arc::new(ClientCertificate::new(Some(own)));
    let tls = tls.shared();
    let mut asked = RawPair::client(&tls, Talker::sends(b""));
    let mut not_asked = RawPair::client(tls.with_server(Tls::new(&TLS12).server), Talker::sends(b""));
    // One server sends after the other, and each client answers before the alerts come.
    for pair in [&mut asked, &mut not_asked] {
        pair.session.settle(pair.now);
        pair.raw.read();
        pair.raw.write();
        pair.session.settle(pair.now);
    }
    assert_eq!(
        sends_handshake_failure(&mut not_asked),
        "the server ended the session with the alert handshake_failure (40)",
        "suite and group were agreed on, so they are not the trouble"
    );
    let sentence = sends_handshake_failure(&mut asked);
    assert!(sentence.contains("it asked for a certificate"), "{sentence}");
}

#[test]
fn a_handshake_failure_instead_of_a_server_hello_is_about_what_was_offered() {
    for version in VERSIONS {
        let mut pair = RawPair::client(Tls::new(version), Talker::sends(b""));
        pair.session.settle(pair.now);
        let sentence = sends_handshake_failure(&mut pair);
        let expected = ": the server found no suite, group or signature scheme in common";
        assert!(sentence.ends_with(expected), "{sentence}");
    }
}
