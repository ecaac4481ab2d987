//! Client certificates.
#![allow(clippy::unwrap_used, clippy::panic)]

use testing::certificates::{Authority, Identity};
use testing::echo_server::EchoServer;
use testing::folder::TempDir;
use testing::program::{Launch, Program};

/// The versions check a client at different times: in TLS 1.3 the client finishes its handshake before the server
/// checks it.
const VERSIONS: [&str; 2] = ["1.2", "1.3"];

/// A server that trusts these client certificates.
fn server(trusted: &str, arguments: &[&str]) -> EchoServer {
    let folder = TempDir::new();
    folder.write("clients.pem", trusted);
    EchoServer::start_in(folder, &[&["--client-ca", "clients.pem"], arguments].concat())
}

/// Starts a client with this certificate, or without one.
fn client(server: &EchoServer, identity: Option<&Identity>, arguments: &[&str]) -> Program {
    let client = server.client(&["--linger", "0s"]).args(arguments);
    match identity {
        Some(identity) => {
            server.folder.write("me.pem", &identity.certificate);
            server.folder.write("me.key", &identity.key);
            client.args(["--cert", "me.pem", "--key", "me.key"]).start()
        }
        None => client.start(),
    }
}

/// Asserts that the client reports this alert, gets no greeting, and that the server logs this reason.
fn assert_refused(server: &EchoServer, mut client: Program, reason: &str, alert: &str) {
    client.expect_exit(3);
    let line = client.stderr.wait_for_line("mio-client: ");
    assert!(line.contains(alert), "{line}");
    assert_eq!(client.stdout.text(), "", "a refused client gets no greeting");
    server.log().wait_for_line(reason);
}

#[test]
fn a_client_is_authorized_by_a_pin_also_in_a_resumed_session() {
    for version in VERSIONS {
        let identity = Identity::for_names(&["alice"]);
        let server = server(&identity.certificate, &[]);
        client(&server, Some(&identity), &["--tls", version, "--reconnect", "1"]).expect_exit(0);
        let lines = server.log().wait_for_lines(2, "connected:");
        assert!(!lines[0].contains("resumed") && lines[1].contains("resumed"), "{lines:?}");
        let authorized = "client CN=alice authorized (its certificate is in clients.pem)";
        assert!(lines.iter().all(|line| line.contains(authorized)), "{lines:?}");

        let stranger = client(&server, None, &["--tls", version]);
        let alert = "certificate_required (116): it asked for a certificate of CN=alice, and this client has none; \
                     name one with --cert and --key";
        assert_refused(&server, stranger, "no certificate presented", alert);
    }
}

#[test]
fn an_untrusted_certificate_is_refused_even_if_none_is_required() {
    for version in VERSIONS {
        for how in ["optional", "required"] {
            let server = server(&Identity::for_names(&["alice"]).certificate, &["--client-auth", how]);
            let mallory = client(&server, Some(&Identity::for_names(&["mallory"])), &["--tls", version]);
            let alert =
                "unknown_ca (48): it does not know who issued our certificate (CN=mallory, self-signed)";
            assert_refused(&server, mallory, "unknown issuer CN=mallory", alert);
        }
    }
}

/// With all their names, the CertificateRequest would be longer than a client accepts.
#[test]
fn too_many_authorities_are_trusted_without_hints() {
    let authorities: Vec<_> =
        (0..300).map(|number| Authority::new(&format!("{number} {}", "x".repeat(240)))).collect();
    let trusted: String = authorities.iter().map(|authority| authority.certificate.as_str()).collect();
    let server = server(&trusted, &[]);
    server.log().wait_for_line("has too many names to send to clients as hints");
    for version in VERSIONS {
        client(&server, Some(&authorities[299].issue()), &["--tls", version]).expect_exit(0);
    }
}

#[test]
fn an_invalid_trust_file_is_an_error() {
    let folder = TempDir::new();
    folder.write("clients.pem", "no certificate here");
    let mut server = Launch::server(folder.path()).args(["--client-ca", "clients.pem"]).start();
    server.expect_exit(1);
    server.stderr.wait_for_line("mio-server: trust file clients.pem is not PEM");
}
