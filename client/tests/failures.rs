//! Servers that fail or misbehave: the client's exit status and its last line.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::sync::Arc;

use rustls::ServerConfig;
use rustls::server::WebPkiClientVerifier;
use testing::certificates::{Identity, der, root_store};
use testing::echo_server::EchoServer;
use testing::full_listener::full_listener;
use testing::peer::End;
use testing::program::{Launch, Program, assert_says};
use testing::test_server::{TestServer, session};

/// Asserts that the client ends with this status, and that its only error line contains these parts.
fn assert_fails(client: &mut Program, status: i32, parts: &[&str]) {
    assert_says(&client.expect_error(status), parts);
}

/// A server that requires a client certificate.
fn server_that_requires_a_certificate() -> TestServer {
    let identity = Identity::localhost();
    let verifier = WebPkiClientVerifier::builder(root_store(&identity.certificate)).build().unwrap();
    let config = ServerConfig::builder().with_client_cert_verifier(verifier);
    let config = config.with_single_cert(vec![der(&identity.certificate)], identity.private_key()).unwrap();
    TestServer::with_config(&identity, Arc::new(config))
}

/// Node's servers close the connection without an alert.
#[test]
fn a_missing_client_certificate_is_explained_without_an_alert_too() {
    for version in ["1.2", "1.3"] {
        let server = server_that_requires_a_certificate();
        let mut client = server.start_client(&["--tls", version]);
        let mut session = server.accept_before_handshake();
        let flight = session.next_flight();
        session.write_raw(&flight);
        session.fin();
        let parts =
            ["truncated: the server left", "asked for a certificate", "this client has none", "--cert"];
        assert_fails(&mut client, 4, &parts);
    }
}

#[test]
fn both_sides_report_what_they_do_not_have_in_common() {
    for (ours, theirs, parts) in [
        (
            ["--tls", "1.2"],
            ["--tls", "1.3"],
            [
                "speaks none of our TLS versions, TLS 1.2 (see --tls)",
                "the client offers TLS 1.2; we allow TLS 1.3 (see --tls)",
            ],
        ),
        (
            ["--suite", "TLS_AES_128_GCM_SHA256"],
            ["--suite", "TLS_AES_256_GCM_SHA384"],
            [
                "handshake_failure (40)",
                "the client offers TLS_AES_128_GCM_SHA256; we allow TLS_AES_256_GCM_SHA384 (see --suite)",
            ],
        ),
        (
            ["--group", "secp256r1"],
            ["--group", "secp384r1"],
            ["handshake_failure (40)", "the client offers secp256r1; we allow secp384r1 (see --group)"],
        ),
    ] {
        let server = EchoServer::start(&theirs);
        let mut client = Launch::client(server.folder.path());
        client = client.args([server.address.to_string()]).args(ours);
        assert_fails(&mut client.start(), 3, &["the server ended the session", parts[0]]);
        let line = server.log().wait_for_line("session 1: ");
        assert!(line.contains(parts[1]), "{line}");
    }
}

#[test]
fn session_timeout_ends_a_session_without_end() {
    let (mut client, mut session) = session(&["--linger", "off", "--session-timeout", "3s"]);
    session.send(b"first");
    assert_eq!(session.receive_to_end(), (vec![], End::CloseNotify));
    session.close_notify();
    assert_fails(&mut client, 5, &["timed out (--session-timeout)"]);
}

#[test]
fn a_refused_connection_gets_a_hint() {
    // The address of a listener that closes before the client starts. Another test may reuse it, but has another
    // certificate.
    let server = TestServer::new();
    let client = server.client();
    let address = server.address().to_string();
    let folder = server.into_folder();
    let mut client = client.start();
    let refused = format!("cannot connect to {address}");
    assert_fails(&mut client, 6, &[&refused, "refused", "does a server listen there?"]);
    let text = client.stderr.text();
    assert!(!text.contains("mio-server"), "the server at {address} need not be ours: {text}");
    drop(folder);
}

#[test]
#[cfg(target_os = "linux")] // if a backlog is full, Linux does not answer; other systems refuse
fn connect_timeout_ends_a_connection_attempt() {
    let (address, _listener, _inside) = full_listener();
    let server = TestServer::new(); // for its certificate
    let mut client = Launch::client(server.folder.path())
        .args([&address.to_string(), "--connect-timeout", "300ms"])
        .start();
    client.expect_exit(5);
    client.stderr.wait_for_line("no answer within --connect-timeout");
}
