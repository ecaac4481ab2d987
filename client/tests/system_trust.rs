//! `--ca system`: the trust store of the operating system, which `SSL_CERT_FILE` replaces.
#![allow(clippy::unwrap_used, clippy::panic)]

use testing::certificates::{Authority, Identity};
use testing::echo_server::EchoServer;
use testing::folder::TempDir;
use testing::program::{Launch, Program};

/// A server with this identity, and a client on a system that trusts these certificates.
fn session(identity: &Identity, system: &str) -> (EchoServer, Program) {
    let server = EchoServer::with_identity(identity, &[]);
    let store = server.folder.write("store.pem", system);
    let client = server.client(&["--ca", "system", "--linger", "0s"]).env("SSL_CERT_FILE", &store).start();
    (server, client)
}

#[test]
fn an_authority_of_the_system_is_trusted() {
    let authority = Authority::new("An authority of the system");
    let (_server, mut client) = session(&authority.issue(), &authority.certificate);
    client.expect_exit(0);
    let line = client.stderr.wait_for_line("connected:");
    assert!(line.contains("issued by CN=An authority of the system"), "{line}");
    assert!(line.contains("in the system's trust store"), "{line}");
}

#[test]
fn an_empty_store_is_an_error() {
    let folder = TempDir::new();
    let store = folder.write("store.pem", "");
    let mut client =
        Launch::client(folder.path()).args(["--ca", "system"]).env("SSL_CERT_FILE", &store).start();
    client.expect_exit(1);
    let line = client.stderr.wait_for_line("mio-client: ");
    assert!(line.contains("of the system") && line.contains("ca-certificates"), "{line}");
}
