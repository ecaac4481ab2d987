//! `--tls`, `--suite` and `--group` restrict the sessions. `failures.rs` of the client has
//! the sessions without anything in common.
#![allow(clippy::unwrap_used, clippy::panic)]

use testing::certificates::Identity;
use testing::echo_server::EchoServer;

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
        let server = EchoServer::with_identity(&Identity::rsa(), &["--suite", suite]);
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
