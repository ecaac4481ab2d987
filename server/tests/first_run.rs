//! The first start makes a certificate. Later starts use it. No start overwrites a file. `first_run.rs` of the
//! crate `identity` has the contents and the errors.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::fs;
use std::os::unix::fs::PermissionsExt;

use testing::certificates::Identity;
use testing::echo_server::EchoServer;
use testing::folder::TempDir;

const MADE: &str = "made a development certificate";

#[test]
fn the_first_start_makes_a_certificate_and_logs_it() {
    let server = EchoServer::start(&[]);
    let line = server.log().wait_for_line(MADE);
    assert!(line.contains("certificates/certificate.pem") && line.contains("certificates/key.pem"), "{line}");
    server.serves_a_client();

    let mode = |name| {
        let path = server.folder.path().join("certificates").join(name);
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    };
    assert_eq!(mode("key.pem"), 0o600);
    assert_eq!(mode("certificate.pem") & 0o444, 0o444, "every user may read a certificate");
    assert_eq!(server.log().lines("chmod"), [""; 0], "no warning about the mode of a new key");
}

#[test]
fn the_second_start_uses_the_files_of_the_first() {
    let mut first = EchoServer::start(&[]);
    let (certificate, key) = (first.certificate(), first.folder.read("certificates/key.pem"));
    first.program.interrupt();
    first.program.expect_exit(0);

    let second = EchoServer::start_in(std::mem::take(&mut first.folder), &[]);
    assert_eq!(second.log().lines(MADE), [""; 0]);
    assert_eq!(second.certificate(), certificate);
    assert_eq!(second.folder.read("certificates/key.pem"), key);
    second.serves_a_client();
}

#[test]
fn named_files_are_used_and_none_are_made() {
    let folder = TempDir::new();
    let identity = Identity::localhost();
    folder.write("a/chain.pem", &identity.certificate);
    folder.write("b/private.pem", &identity.key);
    let server = EchoServer::start_in(folder, &["--cert", "a/chain.pem", "--key", "b/private.pem"]);
    assert!(!server.folder.path().join("certificates").exists());

    let config = testing::peer::client_config(&identity.certificate);
    let mut client = testing::peer::TlsClient::connect(server.address, config);
    assert_eq!(client.receive(9), b"welcome!\n");
    client.close();
}
