//! `--show-certs`: what the server presented goes to stdout, and the session ends with the handshake.
#![allow(clippy::unwrap_used, clippy::panic)]

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use testing::certificates::{Authority, Identity, der};
use testing::echo_server::EchoServer;
use testing::program::Program;
use testing::test_server::TestServer;

/// Our server with this identity, and a client that trusts `trusted` and shows what the server presents.
fn shown(identity: &Identity, trusted: &str, arguments: &[&str]) -> (EchoServer, Program) {
    let server = EchoServer::with_identity(identity, &[]);
    server.folder.write("trusted.pem", trusted);
    let client = server.client(&["--ca", "trusted.pem", "--show-certs"]).args(arguments).start();
    (server, client)
}

fn text(client: &Program) -> String {
    String::from_utf8(client.stdout.bytes()).unwrap()
}

#[test]
fn stdout_is_a_pem_file_without_the_servers_text() {
    let authority = Authority::new("Mine");
    let identity = authority.issue();
    for version in ["1.2", "1.3"] {
        let (server, mut client) = shown(&identity, &authority.certificate, &["--tls", version]);
        client.expect_exit(0);
        let text = text(&client);
        let own = CertificateDer::pem_slice_iter(text.as_bytes()).next().unwrap().unwrap();
        assert_eq!(own, der(&identity.certificate));
        assert!(text.contains("DNS localhost (matches)"), "{text}");
        assert!(text.ends_with("authorized: issued by CN=Mine, an authority in trusted.pem\n"), "{text}");
        assert!(!text.contains("welcome"), "{text}");
        server.log().wait_for_line("closed cleanly");
    }
}

#[test]
fn a_refused_server_is_shown_before_the_program_fails() {
    let (_server, mut client) = shown(&Identity::expired(), &Identity::expired().certificate, &[]);
    client.expect_exit(3);
    let text = text(&client);
    assert!(text.contains("2002-01-01 00:00:00 UTC (EXPIRED "), "{text}");
    assert!(text.contains("server localhost UNAUTHORIZED: its certificate expired on 2002-01-01"), "{text}");
    let last = text.lines().last().unwrap();
    assert!(last.starts_with("handshake failed: ") && last.contains("expired on 2002-01-01"), "{last}");
    client.stderr.wait_for_line("mio-client: ");
}

#[test]
fn an_unauthorized_server_is_shown_as_such_with_insecure() {
    let identity = Identity::localhost();
    let (_server, mut client) = shown(&identity, &Authority::new("Mine").certificate, &["--insecure"]);
    client.expect_exit(0);
    assert!(text(&client).contains("server localhost UNAUTHORIZED: unknown issuer CN=localhost"));
}

/// The certificate is no secret. Without its key a server must not look like its owner.
#[test]
fn the_report_says_that_a_server_without_the_key_failed() {
    let (owner, impostor) = (Identity::localhost(), Identity::localhost());
    let config = impostor.server_config_presenting(vec![der(&owner.certificate)]);
    let server = TestServer::with_config(&owner, config);
    for version in ["1.2", "1.3"] {
        let arguments = ["--ca", "certificates/certificate.pem", "--show-certs", "--tls", version];
        let mut client = server.start_client(&arguments);
        server.accept_before_handshake().handshake().unwrap_err();
        client.expect_exit(3);
        let text = text(&client);
        let report = "its certificate is in certificates/certificate.pem\nhandshake failed: ";
        assert!(text.contains(report), "{text}");
    }
}
