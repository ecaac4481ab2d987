//! Whether the client authorizes the server, and what happens then.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::fs;
use std::os::unix::fs::symlink;

use testing::certificates::{Authority, Identity};
use testing::echo_server::EchoServer;
use testing::folder::TempDir;
use testing::peer::End;
use testing::program::{Launch, Program};
use testing::test_server::TestServer;

/// A real server with this identity, and a client that trusts `trusted` and connects to `localhost`.
fn session(identity: &Identity, trusted: &str, arguments: &[&str]) -> (EchoServer, Program) {
    let server = EchoServer::with_identity(identity, &[]);
    server.folder.write("trusted.pem", trusted);
    let client = server.client(&["--ca", "trusted.pem", "--linger", "0s"]).args(arguments).start();
    (server, client)
}

/// [`session`] with a client that trusts exactly the server's certificate.
fn pinned(identity: &Identity, arguments: &[&str]) -> (EchoServer, Program) {
    session(identity, &identity.certificate, arguments)
}

/// Asserts that the client refuses the server for this reason, sends this alert, and shows no data of the server.
fn assert_refused((server, mut client): (EchoServer, Program), reason: &str, alert: &str) {
    client.expect_exit(3);
    let line = client.stderr.wait_for_line("mio-client: ");
    assert!(line.contains("localhost:") && line.contains("the server is not authorized"), "{line}");
    assert!(line.contains(reason), "{line}");
    assert_eq!(client.stdout.bytes(), b"");
    let line = server.log().wait_for_line("session 1: ");
    assert!(line.contains(alert), "{line}");
}

/// Asserts that the client authorizes the server, for this reason.
fn assert_authorized((_server, mut client): (EchoServer, Program), reason: &str) {
    client.expect_exit(0);
    let line = client.stderr.wait_for_line("connected:");
    assert!(line.contains("authorized (") && line.contains(reason), "{line}");
    assert_eq!(client.stdout.bytes(), b"welcome!\n");
}

#[test]
fn an_expired_authority_causes_a_warning() {
    let authority = Authority::expired("Old");
    let (server, client) = session(&authority.issue(), &authority.certificate, &[]);
    client.stderr.wait_for_line("the authority CN=Old in trusted.pem expired on 2002-01-01");
    assert_authorized((server, client), "issued by CN=Old");
}

#[test]
fn a_server_warns_about_its_own_expired_certificate() {
    for (identity, warning) in
        [(Identity::expired(), "expired on"), (Identity::not_yet_valid(), "is not valid before")]
    {
        let (server, _client) = pinned(&identity, &[]);
        let line = server.log().wait_for_line(warning);
        assert!(line.contains("WARN") && line.contains("certificates/certificate.pem"), "{line}");
    }
}

#[test]
fn a_server_that_is_not_authorized_gets_the_matching_alert() {
    let [mine, namesake] = ["Mine"; 2].map(Authority::new);
    let localhost = Identity::localhost();
    let elsewhere = Identity::for_names(&["elsewhere.example"]);
    let bad_name = "bad_certificate (42)";
    for (refused, reason, alert) in [
        (
            pinned(&elsewhere, &[]),
            "elsewhere.example, not for localhost; if this is the right server, give --server-name one of its names",
            bad_name,
        ),
        (pinned(&localhost, &["--server-name", "elsewhere.example"]), "not for elsewhere.example", bad_name),
        (
            session(&mine.issue(), &namesake.certificate, &[]),
            "not signed with the key of the authority CN=Mine in trusted.pem",
            "decrypt_error (51)",
        ),
    ] {
        assert_refused(refused, reason, alert);
    }
}

/// The classic certificates are those of `openssl req -x509`.
#[test]
fn a_server_is_authorized_by_a_pin_or_by_its_authority() {
    let mine = Authority::new("Mine");
    let pin = "server localhost authorized (its certificate is in trusted.pem)";
    for (accepted, reason) in [
        (session(&mine.issue(), &mine.certificate, &[]), "issued by CN=Mine, an authority in trusted.pem"),
        (pinned(&Identity::classic("localhost"), &[]), pin),
        (pinned(&Identity::classic("localhost."), &[]), pin),
        (pinned(&Identity::localhost(), &["--insecure"]), pin),
        (
            pinned(&Identity::for_names(&["elsewhere.example"]), &["--server-name", "elsewhere.example"]),
            "server elsewhere.example authorized (its certificate is in trusted.pem)",
        ),
    ] {
        assert_authorized(accepted, reason);
    }
}

#[test]
fn insecure_continues_with_a_warning() {
    for (identity, reason) in [
        (Identity::expired(), "its certificate expired on"),
        (Identity::for_names(&["elsewhere.example"]), "not for localhost"),
    ] {
        let (_server, mut client) = pinned(&identity, &["--insecure"]);
        client.expect_exit(0);
        assert_eq!(client.stdout.bytes(), b"welcome!\n");
        let line = client.stderr.wait_for_line("server localhost UNAUTHORIZED (");
        assert!(line.contains("WARN") && line.contains(reason), "{line}");
    }
}

#[test]
fn insecure_needs_no_certificates_to_trust() {
    let (server, elsewhere) = (EchoServer::start(&[]), TempDir::new());
    let target = format!("localhost:{}", server.address.port());
    let mut client = Launch::client(elsewhere.path()).args([target.as_str(), "--insecure"]).start();
    client.expect_exit(0);
    let line = client.stderr.wait_for_line("server localhost UNAUTHORIZED (");
    let reason = "not a certificate in the empty trust store, and there is no authority in it";
    assert!(line.contains(reason), "{line}");
}

#[test]
fn insecure_reports_a_default_trust_file_that_cannot_be_examined() {
    let [dangling, below_a_file] = [(); 2].map(|()| TempDir::new());
    fs::create_dir(dangling.path().join("certificates")).unwrap();
    symlink("gone.pem", dangling.path().join("certificates/certificate.pem")).unwrap();
    below_a_file.write("certificates", "");
    for (folder, problem) in
        [(dangling, "is a symbolic link to gone.pem, which does not exist"), (below_a_file, "cannot be read")]
    {
        let mut client = Launch::client(folder.path()).args(["--insecure"]).start();
        client.expect_exit(1);
        let line = client.stderr.wait_for_line("mio-client: ");
        assert!(line.contains(&format!("trust file certificates/certificate.pem {problem}")), "{line}");
    }
}

/// rustls sends no alert for this.
#[test]
fn a_server_that_presents_no_certificate_is_refused() {
    let localhost = Identity::localhost();
    let server = TestServer::with_config(&localhost, localhost.server_config_presenting(vec![]));
    let mut client = server.start_client(&[]);
    let mut session = server.accept_before_handshake();
    assert_eq!(End::of(&session.handshake().unwrap_err()), End::Fin);
    client.expect_exit(3);
    let line = client.stderr.wait_for_line("mio-client: ");
    assert!(line.ends_with("the server is not authorized: no certificate presented"), "{line}");
}
