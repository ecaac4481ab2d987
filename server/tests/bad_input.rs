//! A wrong command line or file causes one line on stderr and the right exit status.
#![allow(clippy::unwrap_used, clippy::panic)]

use testing::certificates::Identity;
use testing::echo_server::EchoServer;
use testing::folder::TempDir;
use testing::program::{Launch, assert_says};
use testing::texts::{assert_help_and_version, assert_lists_and_completions};

/// Asserts that a server does not start. Returns its only error line.
fn refused(launch: Launch, status: i32) -> String {
    let mut server = launch.start();
    let line = server.expect_error(status);
    assert_eq!(server.stdout.text(), "");
    line
}

/// `files.rs` of the crate `identity` has everything that can be wrong with a file.
#[test]
fn a_file_that_cannot_be_used_is_named() {
    let folder = TempDir::new();
    folder.write("chain.pem", &Identity::localhost().certificate);
    folder.write("private.pem", &Identity::localhost().key);
    for (certificate, key, parts) in [
        ("missing.pem", "private.pem", ["missing.pem", "does not exist"]),
        ("chain.pem", "missing.pem", ["missing.pem", "does not exist"]),
        ("chain.pem", "private.pem", ["private.pem does not belong to", "chain.pem"]),
    ] {
        let launch = Launch::server(folder.path()).args(["--cert", certificate, "--key", key]);
        assert_says(&refused(launch, 1), &parts);
    }
}

#[test]
fn a_second_server_at_the_same_address_does_not_start() {
    let first = EchoServer::start(&[]);
    let address = first.address.to_string();
    let line = refused(Launch::server_at(&address, first.folder.path()), 1);
    assert_says(&line, &[&address, "is another server running there?", "--listen"]);
    first.serves_a_client();
}

#[test]
fn an_address_that_is_not_ours_cannot_be_listened_on() {
    let folder = TempDir::new();
    for (address, parts) in [
        ("192.0.2.1:0", &["no interface"][..]), // no machine has an address of TEST-NET-1 (RFC 5737)
        ("nonexistent.invalid:0", &["is the name right?", "every address"]), // RFC 6761: this name never exists
    ] {
        let line = refused(Launch::server_at(address, folder.path()), 1);
        assert_says(&line, &[&format!("cannot listen on {address}")]);
        assert_says(&line, parts);
    }
}

#[test]
fn a_wrong_command_line_is_a_usage_error_and_makes_no_files() {
    for (arguments, part) in [
        (&["--lisen", "127.0.0.1:0"][..], "--listen"),
        (&["--slots", "x"], "write a whole number from 1 to 1000000"),
        (&["--sessions", "-1"], "'-1' for '--sessions <N>': write a whole number from 1"),
        (&["127.0.0.1:9000"], "unexpected argument 127.0.0.1:9000: write --listen 127.0.0.1:9000"),
        (&["9000"], "--listen 127.0.0.1:9000"),
        (&["-p", "9000"], "--listen 127.0.0.1:9000"),
        (&["--port=9000"], "--listen 127.0.0.1:9000"),
        (&["--bind", "127.0.0.1"], "--listen ADDR:PORT"),
        (&["-CAfile", "ca.pem"], "--client-ca FILE"),
        (&["--trace", "json"], "write --trace=json"),
        (&["--suite", "AES"], "TLS_AES_256_GCM_SHA384"),
        (
            &["--tls=1.3", "--suite=TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"],
            "--suite names no suite of TLS 1.3",
        ),
        (&["chain.pem"], "unexpected argument"),
    ] {
        let folder = TempDir::new();
        let mut server = Launch::server(folder.path()).args(arguments).start();
        server.expect_exit(2);
        let text = server.stderr.text();
        assert!(text.starts_with("mio-server: ") && text.contains(part), "{arguments:?}: {text}");
        assert!(!folder.path().join("certificates").exists());
    }
}

#[test]
fn help_and_version_are_not_errors() {
    let help = &["Usage: mio-server", "Exit status:", "Examples:", "[default: 127.0.0.1:8000]"];
    assert_help_and_version(Launch::server, "mio-server", env!("CARGO_PKG_VERSION"), help);
}

#[test]
fn lists_and_completions_are_printed_to_stdout() {
    assert_lists_and_completions(Launch::server, "mio-server");
}
