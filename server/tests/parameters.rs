//! `--tls`, `--suite` and `--group` restrict the sessions. Without anything in common there is no session.
#![allow(clippy::unwrap_used, clippy::panic)]

use rustls::crypto::CryptoProvider;
use rustls::crypto::aws_lc_rs::{cipher_suite, default_provider};
use rustls::version::{TLS12, TLS13};
use testing::certificates::Identity;
use testing::echo_server::EchoServer;
use testing::folder::TempDir;
use testing::peer::{TlsClient, client_config_with};

/// The line that a server with these arguments logs about a client that accepts everything.
fn connected(arguments: &[&str]) -> String {
    let server = EchoServer::start(arguments);
    server.serves_a_client();
    server.log().wait_for_line("connected:")
}

#[test]
fn tls_selects_each_version() {
    assert!(connected(&["--tls", "1.2"]).contains(" TLS1.2 TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384 X25519,"));
    assert!(connected(&["--tls", "1.3"]).contains(" TLS1.3 TLS_AES_256_GCM_SHA384 X25519MLKEM768,"));
}

#[test]
fn suite_selects_each_suite_for_the_development_certificate() {
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
fn suite_selects_each_suite_for_an_rsa_certificate() {
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
fn group_selects_each_group() {
    // The client prefers the first group, so there is no HelloRetryRequest.
    let line = connected(&["--group", "X25519MLKEM768"]);
    assert!(line.contains(" X25519MLKEM768, client"), "{line}");
    for group in ["secp256r1", "secp384r1"] {
        let line = connected(&["--group", group]);
        assert!(line.contains(&format!(" {group}, after a HelloRetryRequest, ")), "{line}");
    }
    let line = connected(&["--group", "X25519", "--tls", "1.2"]);
    assert!(line.contains(" X25519, client"), "{line}");
}

/// A server and a client that have nothing in common. Returns the client's error and the server's log line.
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
fn both_sides_report_what_they_do_not_have_in_common() {
    for (server, client_has_12) in [("1.3", true), ("1.2", false)] {
        let (error, line) = refused(&["--tls", server], default_provider(), client_has_12);
        assert!(error.contains("ProtocolVersion"), "{error}");
        assert!(line.contains("TLS failed") && line.contains("--tls"), "{line}");
    }
    let (mut other_suite, mut other_group) = (default_provider(), default_provider());
    other_suite.cipher_suites = vec![cipher_suite::TLS13_AES_128_GCM_SHA256];
    other_group.kx_groups.retain(|group| group.name() == rustls::NamedGroup::X25519);
    for (flag, ours, client) in
        [("--suite", "TLS_CHACHA20_POLY1305_SHA256", other_suite), ("--group", "secp384r1", other_group)]
    {
        let (error, line) = refused(&[flag, ours], client, false);
        assert!(error.contains("HandshakeFailure"), "{error}");
        assert!(line.contains("TLS failed") && line.contains(flag), "{line}");
    }
}
