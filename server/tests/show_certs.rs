//! `--show-certs`: what each client presents goes to stdout, and the server goes on.
#![allow(clippy::unwrap_used, clippy::panic)]

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use testing::certificates::{Authority, Identity, der};
use testing::echo_server::EchoServer;
use testing::folder::TempDir;
use testing::peer::{TlsClient, client_config_presenting};
use testing::program::{Launch, assert_says};

fn server(trusted: &str, arguments: &[&str]) -> EchoServer {
    let folder = TempDir::new();
    folder.write("clients.pem", trusted);
    EchoServer::start_in(folder, &[&["--client-ca", "clients.pem", "--show-certs"], arguments].concat())
}

/// Prepares a client with this certificate.
fn client(server: &EchoServer, identity: &Identity, arguments: &[&str]) -> Launch {
    server.folder.write("me.pem", &identity.certificate);
    server.folder.write("me.key", &identity.key);
    server.client(&["--linger", "0s", "--cert", "me.pem", "--key", "me.key"]).args(arguments)
}

#[test]
fn a_certificate_is_shown_once_for_the_full_handshake() {
    let authority = Authority::new("Clients of mine");
    let identity = authority.issue();
    for version in ["1.2", "1.3"] {
        let mut server = server(&authority.certificate, &["--sessions", "2"]);
        client(&server, &identity, &["--tls", version, "--reconnect", "1"]).start().expect_exit(0);
        server.program.expect_exit(0);
        assert!(server.log().text().contains("resumed"), "the second session");
        let text = server.program.stdout.text();
        assert!(text.starts_with("session 1: 127.0.0.1:"), "{text}");
        let end = "authorized: issued by CN=Clients of mine, an authority in clients.pem\n\n";
        assert!(text.contains(", the client's own\n") && text.ends_with(end), "{text}");
        let shown: Vec<_> = CertificateDer::pem_slice_iter(text.as_bytes()).map(Result::unwrap).collect();
        assert_eq!(shown, [der(&identity.certificate)]);
    }
}

#[test]
fn a_refused_client_is_shown_and_a_client_without_a_certificate_is_in_the_log_only() {
    let alice = Identity::for_names(&["alice"]);
    for version in ["1.2", "1.3"] {
        let server = server(&alice.certificate, &["--client-auth", "optional"]);
        server.client(&["--linger", "0s", "--tls", version]).start().expect_exit(0);
        server.log().wait_for_line("client unauthorized (no certificate presented)");
        assert_eq!(server.program.stdout.text(), "");

        let mallory = Identity::for_names(&["mallory"]);
        client(&server, &mallory, &["--tls", version]).start().expect_exit(3);
        let refused = "handshake failed: the client is not authorized: unknown issuer";
        server.program.stdout.wait_for_text(refused);
        assert_says(
            &server.program.stdout.text(),
            &["session 2: 127.0.0.1:", "certificate 1 of 1, the client's own\n"],
        );
        client(&server, &alice, &[]).start().expect_exit(0);
        server
            .program
            .stdout
            .wait_for_text("client CN=alice authorized: its certificate is in clients.pem\n");
    }
}

/// The certificate is no secret. Without its key a client must not look like its owner.
#[test]
fn the_report_says_that_a_client_without_the_key_failed() {
    let (alice, mallory) = (Identity::for_names(&["alice"]), Identity::for_names(&["mallory"]));
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let server = server(&alice.certificate, &[]);
        let chain = vec![der(&alice.certificate)];
        let key = mallory.private_key();
        let config = client_config_presenting(&server.certificate(), chain, &key, &[version]);
        let mut client = TlsClient::new(server.connect_raw(), config);
        let _ = client.handshake(); // TLS 1.3 ends it before the server has checked the signature
        client.receive_to_end();
        let report = "its certificate is in clients.pem\nhandshake failed: the client is not authorized: ";
        server.program.stdout.wait_for_text(report);
    }
}

/// New files come with new verifiers.
#[test]
fn clients_are_still_shown_after_a_reload() {
    let (alice, bob) = (Identity::for_names(&["alice"]), Identity::for_names(&["bob"]));
    let server = server(&alice.certificate, &[]);
    server.folder.write("clients.pem", &bob.certificate);
    server.program.signal("HUP");
    server.log().wait_for_line("new sessions use the new contents of the files");
    client(&server, &bob, &[]).start().expect_exit(0);
    server.program.stdout.wait_for_text("client CN=bob authorized: its certificate is in clients.pem\n");
}

#[test]
fn a_server_whose_stdout_is_closed_serves_on() {
    let alice = Identity::for_names(&["alice"]);
    let folder = TempDir::new();
    folder.write("clients.pem", &alice.certificate);
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let launch = Launch::server(folder.path()).args(["--client-ca", "clients.pem", "--show-certs"]);
    let server = EchoServer::launch(launch.stdout(writer), folder);
    for _ in 0..2 {
        client(&server, &alice, &[]).start().expect_exit(0);
    }
    let warning = "--show-certs: cannot write to stdout: ";
    server.log().wait_for_line(warning);
    assert_eq!(server.log().lines(warning).len(), 1);
}
