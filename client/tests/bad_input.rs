//! A wrong command line or file causes one line on stderr and the right exit status.
#![allow(clippy::unwrap_used, clippy::panic)]

use testing::certificates::Identity;
use testing::folder::TempDir;
use testing::program::{Launch, assert_says};

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
        (&["localhost:0"], "port 0 cannot be connected to"),
        (&["https://localhost"], "write HOST:PORT"),
        (&["8000"], "localhost:8000"),
        (&["::1:8000:"], "HOST:PORT"),
        (&["--wait-timeout", "0s"], "`off`"),
        (&["--linger", "3"], "`3s`"),
        (&["--server-name", "not a name"], "neither a DNS name nor an IP address"),
        (&["--tls", "1.1"], "TLS 1.1 is obsolete (RFC 8996)"),
        (&["--reconnect", "x"], "write a whole number from 0 to 4294967295"),
        (&["--reconnect", "-1"], "write a whole number from 0 to 4294967295"),
        (&["--linger", "-1s"], "'-1s' for '--linger <TIME>': a time cannot be negative"),
        (&["--idle-timeout", "-1s"], "'-1s' for '--idle-timeout <TIME>': a time cannot be negative"),
        (&["-CAfile", "ca.pem"], "-CAfile is not a flag of this program: --ca FILE names the certificates"),
        (&["--capath=certificates"], "--ca FILE names one file"),
        (&["--connect", "localhost:9000", "localhost:9001"], "cannot be used with"),
        (&["--list", "curves"], "[possible values: suites, groups, versions]"),
        (&["--completions", "tcsh"], "[possible values: bash, zsh, fish]"),
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
    let folder = TempDir::new();
    let mut help = Launch::client(folder.path()).args(["--help"]).start();
    help.expect_exit(0);
    assert_says(&help.stdout.text(), &["Usage: mio-client", "Exit status:", "[default: localhost:8000]"]);
    let mut version = Launch::client(folder.path()).args(["--version"]).start();
    version.expect_exit(0);
    let text = version.stdout.text();
    assert!(text.starts_with(concat!("mio-client ", env!("CARGO_PKG_VERSION"))), "{text}");
    assert_says(text.lines().nth(1).unwrap(), &["rustls 0.23.", "aws-lc-rs 1."]);
    let mut short = Launch::client(folder.path()).args(["-V"]).start();
    short.expect_exit(0);
    assert_eq!(short.stdout.text(), concat!("mio-client ", env!("CARGO_PKG_VERSION"), "\n"));
}

/// A text is printed even if the other arguments do not go together. A reader may stop after the first line.
#[test]
fn lists_and_completions_are_printed_to_stdout() {
    let folder = TempDir::new();
    for (arguments, begin) in [
        (&["--list", "suites"][..], "TLS_AES_256_GCM_SHA384"),
        (&["--list=groups", "--tls=1.2", "--group=MLKEM768"], "X25519MLKEM768"),
        (&["--list", "versions"], "1.3"),
        (&["--completions", "bash"], "_mio__client() {\n"),
    ] {
        let mut program = Launch::client(folder.path()).args(arguments).start();
        program.expect_exit(0);
        assert!(program.stdout.text().starts_with(begin), "{arguments:?}: {}", program.stdout.text());
        assert_eq!(program.stderr.text(), "");
        assert!(!folder.path().join("certificates").exists());

        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        Launch::client(folder.path()).args(arguments).stdout(writer).start().expect_exit(0);
        let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
        let mut program = Launch::client(folder.path()).args(arguments).stdout(full).start();
        program.expect_exit(1);
        assert_says(&program.stderr.text(), &["mio-client: cannot write to stdout: "]);
    }
}
