//! A wrong command line or file causes one line on stderr and the right exit status.
#![allow(clippy::unwrap_used, clippy::panic)]

use testing::certificates::Identity;
use testing::folder::TempDir;
use testing::program::{Launch, assert_says};
use testing::texts::{assert_help_and_version, assert_lists_and_completions};

/// The error line of a client that does not connect.
fn refused(folder: &TempDir, arguments: &[&str], status: i32) -> String {
    let mut client = Launch::client(folder.path()).args(arguments).start();
    client.expect_exit(status);
    assert_eq!(client.stdout.text(), "");
    let text = client.stderr.text();
    assert!(text.starts_with("mio-client: ") && !text.contains("panicked"), "{text}");
    text
}

#[test]
fn a_missing_default_certificate_names_the_servers_first_start() {
    let text = refused(&TempDir::new(), &[], 1);
    assert_says(&text, &["certificates/certificate.pem does not exist", "made by its first start"]);
}

/// `files.rs` of the crate `identity` has everything that can be wrong with a file.
#[test]
fn a_file_that_cannot_be_trusted_is_named() {
    let folder = TempDir::new();
    folder.write("text.pem", "trust me");
    for (file, part) in [("missing.pem", "does not exist"), ("text.pem", "is not PEM")] {
        let text = refused(&folder, &["--ca", file], 1);
        assert_says(&text, &[&format!("trust file {file} "), part]);
    }
}

#[test]
fn a_host_that_does_not_exist_is_a_transport_error() {
    let folder = TempDir::new();
    Identity::localhost().write(&folder);
    let text = refused(&folder, &["nonexistent.invalid:8000"], 6); // RFC 6761: this name never exists
    assert_says(&text, &["cannot resolve 'nonexistent.invalid'", "is the name right?"]);
}

#[test]
fn a_wrong_command_line_is_a_usage_error() {
    for (arguments, part) in [
        (&["--messsage", "x"][..], "--message"),
        (&["8000"], "localhost:8000"),
        (&["::1:8000:"], "HOST:PORT"),
        (&["--tls", "1.1"], "TLS 1.1 is obsolete (RFC 8996)"),
        (&["--reconnect", "x"], "write a whole number from 0 to 4294967295"),
        (&["--linger", "-1s"], "'-1s' for '--linger <TIME>': a time cannot be negative"),
        (&["--idle-timeout", "-1s"], "'-1s' for '--idle-timeout <TIME>': a time cannot be negative"),
        (&["-CAfile", "ca.pem"], "-CAfile is not a flag of this program: --ca FILE names the certificates"),
        (&["--capath=certificates"], "--ca FILE names one file"),
        (&["--connect", "localhost:9000", "localhost:9001"], "cannot be used with"),
        (&["--list", "curves"], "[possible values: suites, groups, versions]"),
        (&["--completions", "tcsh"], "[possible values: bash, elvish, fish, powershell, zsh]"),
        (&["-p", "9000"], "write the port behind the host, such as localhost:9000"),
        (&["--port=9000"], "write the port behind the host, such as localhost:9000"),
        (&["-connect", "localhost:9000"], "write HOST:PORT without a flag"),
        (&["-servername", "db.lan"], "--server-name NAME"),
        (&["--trace", "json"], "write --trace=json"),
        (&["--trace", "text", "localhost"], "write --trace=text"),
    ] {
        assert_says(&refused(&TempDir::new(), arguments, 2), &[part]);
    }
}

#[test]
fn help_and_version_are_not_errors() {
    let help = &["Usage: mio-client", "Exit status:", "[default: localhost:8000]"];
    assert_help_and_version(Launch::client, "mio-client", env!("CARGO_PKG_VERSION"), help);
}

#[test]
fn lists_and_completions_are_printed_to_stdout() {
    assert_lists_and_completions(Launch::client, "mio-client");
}
