//! Whether the client authorizes the server, and what happens then.
#![allow(clippy::unwrap_used, clippy::panic)]

use testing::certificates::{Authority, Identity, der};
use testing::echo_server::EchoServer;
use testing::folder::TempDir;
use testing::program::Program;
use testing::test_server::TestServer;

/// A real server with this identity, and a client that trusts `trusted` and connects to `localhost`.
fn session(identity: &Identity, trusted: &str, arguments: &[&str]) -> (EchoServer, Program) {
    let folder = TempDir::new();
    identity.write(&folder);
    folder.write("trusted.pem", trusted);
    let server = EchoServer::start_in(folder, &[]);
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
fn an_expired_certificate_is_refused() {
    let refused = pinned(&Identity::expired(), &[]);
    assert_refused(refused, "its certificate expired on 2002-01-01", "certificate_expired (45)");
}

#[test]
fn a_certificate_that_is_not_yet_valid_is_refused() {
    let refused = pinned(&Identity::not_yet_valid(), &[]);
    assert_refused(refused, "its certificate is not valid before 2901-01-01", "certificate_expired (45)");
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
fn a_certificate_for_another_name_is_refused() {
    let refused = pinned(&Identity::for_names(&["elsewhere.example"]), &[]);
    assert_refused(
        refused,
        "elsewhere.example, not for localhost; if you mean that server, name it with --server-name",
        "bad_certificate (42)",
    );
}

#[test]
fn server_name_replaces_the_host() {
    let other = Identity::for_names(&["elsewhere.example"]);
    let accepted = pinned(&other, &["--server-name", "elsewhere.example"]);
    assert_authorized(accepted, "server elsewhere.example authorized (the very certificate in trusted.pem)");
    let refused = pinned(&Identity::localhost(), &["--server-name", "elsewhere.example"]);
    assert_refused(refused, "not for elsewhere.example", "bad_certificate (42)");
}

#[test]
fn a_certificate_of_an_unknown_issuer_is_refused() {
    let other = Identity::localhost().certificate;
    let refused = session(&Identity::localhost(), &other, &[]);
    assert_refused(
        refused,
        "unknown issuer CN=localhost: not a certificate in trusted.pem",
        "unknown_ca (48)",
    );
    let refused = session(&Authority::new("Mine").issue(), &Authority::new("Other").certificate, &[]);
    assert_refused(refused, "unknown issuer CN=Mine", "unknown_ca (48)");
}

#[test]
fn an_authority_of_the_same_name_with_another_key_is_refused() {
    let refused = session(&Authority::new("Mine").issue(), &Authority::new("Mine").certificate, &[]);
    assert_refused(
        refused,
        "not signed with the key of the authority CN=Mine in trusted.pem",
        "decrypt_error (51)",
    );
}

#[test]
fn a_certificate_of_a_trusted_authority_is_accepted() {
    let authority = Authority::new("Mine");
    let accepted = session(&authority.issue(), &authority.certificate, &[]);
    assert_authorized(accepted, "issued by CN=Mine, an authority in trusted.pem");
}

#[test]
fn the_classic_certificate_is_accepted_with_and_without_a_trailing_dot() {
    for common_name in ["localhost", "localhost."] {
        let accepted = pinned(&Identity::classic(common_name), &[]);
        assert_authorized(accepted, "server localhost authorized (the very certificate in trusted.pem)");
    }
}

#[test]
fn the_classic_certificate_for_another_name_is_refused() {
    let refused = pinned(&Identity::classic("elsewhere.example"), &[]);
    assert_refused(refused, "elsewhere.example, not for localhost", "bad_certificate (42)");
}

#[test]
fn another_certificate_of_the_same_classic_name_is_refused() {
    let other = Identity::classic("localhost").certificate;
    let (server, mut client) = session(&Identity::classic("localhost"), &other, &[]);
    client.expect_exit(3);
    client.stderr.wait_for_line("mio-client: ");
    server.log().wait_for_line("the client ended the session with the alert");
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
fn insecure_does_not_warn_about_an_authorized_server() {
    assert_authorized(pinned(&Identity::localhost(), &["--insecure"]), "the very certificate in");
}

#[test]
fn insecure_still_requires_the_key_of_the_certificate() {
    let real = Identity::localhost();
    let thief = Identity { certificate: real.certificate.clone(), key: Identity::localhost().key };
    let server =
        TestServer::with_config(&real, thief.server_config_presenting(vec![der(&thief.certificate)]));
    let mut client = server.start_client(&["--insecure"]);
    server.accept_before_handshake().handshake().unwrap_err();
    client.expect_exit(3);
    client.stderr.wait_for_line("mio-client: ");
}
