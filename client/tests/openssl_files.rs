//! Certificates and keys made by OpenSSL. The tests need `openssl`: `cargo test -- --include-ignored`.
#![allow(clippy::unwrap_used, clippy::panic)]

use testing::echo_server::EchoServer;
use testing::folder::TempDir;
use testing::program::Launch;

#[test]
#[ignore = "needs the program openssl"]
fn both_programs_accept_the_certificate_of_the_classic_command() {
    const COMMAND: &str =
        "openssl req -newkey rsa:2048 -nodes -keyout key.pem -x509 -days 365 -out certificate.pem";
    for common_name in ["localhost", "localhost."] {
        let folder = TempDir::new();
        folder.write("certificates/README", "");
        let command = format!("cd certificates && {COMMAND} -subj /CN={common_name}");
        Launch::new("sh", folder.path()).args(["-c", &command]).start().expect_exit(0);

        let server = EchoServer::start_in(folder, &[]);
        assert!(!server.log().text().contains("made a development certificate"));
        let mut client = server.client(&["--linger", "0s"]).start();
        client.expect_exit(0);
        assert_eq!(client.stdout.text(), "welcome!\n");
        let authorized = "server localhost authorized (its certificate is in certificates/certificate.pem)";
        client.stderr.wait_for_line(authorized);
    }
}
