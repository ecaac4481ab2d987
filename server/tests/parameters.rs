//! `--tls`, `--suite` and `--group` make the sessions they name, and none where there is nothing in common.
#![allow(clippy::unwrap_used, clippy::panic)]

use rustls::crypto::CryptoProvider;
use rustls::crypto::aws_lc_rs::{cipher_suite, default_provider};
use rustls::version::{TLS12, TLS13};
use testing::certificates::Identity;
use testing::echo_server::EchoServer;
use testing::folder::TempDir;
use testing::peer::{TlsClient, client_config_with};

/// What a server with these arguments reports of a client that would take anything.
fn connected(arguments: &[&str]) -> String {
    let server = EchoServer::start(arguments);
    server.serves_a_client();
    server.log().wait_for_line("connected:")
}

#[test]
fn each_version_can_be_asked_for() {
    assert!(connected(&["--tls", "1.2"]).contains(" TLS1.2 TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384 X25519,"));
    assert!(connected(&["--tls", "1.3"]).contains(" TLS1.3 TLS_AES_256_GCM_SHA384 X25519MLKEM768,"));
}

#[test]
fn each_suite_for_the_development_certificate_can_be_asked_for() {
    for suite in [
        "TLS_AES_256_GCM_SHA384",
        "TLS_AES_128_GCM_SHA256",
        "TLS_CHACHA20_POLY1305_SHA256",
        "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
        "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
        "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
    ] {
        let line = connected(&["--suite", suite]);
        assert!(line.contains(&format!(" {suite} ")), "{line}");
    }
}

#[test]
fn the_suites_for_rsa_need_an_rsa_certificate() {
    for suite in [
        "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
        "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
        "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
    ] {
        let folder = TempDir::new();
        Identity::rsa().write(&folder);
        let server = EchoServer::start_in(folder, &["--suite", suite]);
        server.serves_a_client();
        let line = server.log().wait_for_line("connected:");
        assert!(line.contains(&format!(" TLS1.2 {suite} ")), "{line}");
    }
}

#[test]
fn each_group_can_be_asked_for() {
    // The first needs no HelloRetryRequest from a client that prefers it.
    let line = connected(&["--group", "X25519MLKEM768"]);
    assert!(line.contains(" X25519MLKEM768, client"), "{line}");
    for group in ["secp256r1", "secp384r1"] {
        let line = connected(&["--group", group]);
        assert!(line.contains(&format!(" {group}, after a HelloRetryRequest, ")), "{line}");
    }
    let line = connected(&["--group", "X25519", "--tls", "1.2"]);
    assert!(line.contains(" X25519, client"), "{line}");
}

/// A server and a client that have nothing in common: what the client says, and what the server logs.
fn refused(arguments: &[&str], client: CryptoProvider, tls12: bool) -> (String, String) {
    let server = EchoServer::start(arguments);
    let versions = if tls12 { &TLS12 } else { &TLS13 };
    let config = client_config_with(&server.certificate(), client, &[versions]);
    let error = TlsClient::new(server.connect_raw(), config).handshake().unwrap_err();
    let line = server.log().wait_for_line("session 1: ");
    server.serves_a_client();
    (error.to_string(), line)
}

#[test]
fn without_a_version_in_common_both_sides_say_so() {
    for (server, client_has_12) in [("1.3", true), ("1.2", false)] {
        let (error, line) = refused(&["--tls", server], default_provider(), client_has_12);
        assert!(error.contains("ProtocolVersion"), "{error}");
        assert!(line.contains("TLS failed") && line.contains("--tls"), "{line}");
    }
}

#[test]
fn without_a_suite_in_common_both_sides_say_so() {
    let mut client = default_provider();
    client.cipher_suites = vec![cipher_suite::TLS13_AES_128_GCM_SHA256];
    let (error, line) = refused(&["--suite", "TLS_CHACHA20_POLY1305_SHA256"], client, false);
    assert!(error.contains("HandshakeFailure"), "{error}");
    assert!(line.contains("TLS failed") && line.contains("--suite"), "{line}");
}

#[test]
fn without_a_group_in_common_both_sides_say_so() {
    let mut client = default_provider();
    client.kx_groups.retain(|group| group.name() == rustls::NamedGroup::X25519);
    let (error, line) = refused(&["--group", "secp384r1"], client, false);
    assert!(error.contains("HandshakeFailure"), "{error}");
    assert!(line.contains("TLS failed") && line.contains("--group"), "{line}");
}
