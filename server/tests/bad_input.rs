//! A wrong command line or file causes one line on stderr and the right exit status.
#![allow(clippy::unwrap_used, clippy::panic)]

use testing::certificates::{Identity, der};
use testing::echo_server::EchoServer;
use testing::folder::TempDir;
use testing::program::Launch;

/// A P-256 key made for this test, in PKCS#8 under the passphrase `test`: `openssl genpkey -aes256`.
const ENCRYPTED_KEY: &str = include_str!("fixtures/encrypted_key.pem");
/// The same key in OpenSSL's older form: `openssl ec -aes256`.
const LEGACY_ENCRYPTED_KEY: &str = include_str!("fixtures/legacy_encrypted_key.pem");

/// Starts a server with these files, and asserts that it refuses them with status 1. Returns its error line.
fn refusal(certificate: Option<&str>, key: Option<&str>) -> String {
    let folder = TempDir::new();
    if let Some(certificate) = certificate {
        folder.write("chain.pem", certificate);
    }
    if let Some(key) = key {
        folder.write("private.pem", key);
    }
    let launch = Launch::server(folder.path()).args(["--cert", "chain.pem", "--key", "private.pem"]);
    refused(launch, 1)
}

/// Asserts that a server does not start. Returns its only error line.
fn refused(launch: Launch, status: i32) -> String {
    let mut server = launch.start();
    server.expect_exit(status);
    assert_eq!(server.stdout.text(), "");
    let lines = server.stderr.lines("mio-server: ");
    assert_eq!(lines.len(), 1, "{}", server.stderr.text());
    assert!(!server.stderr.text().contains("panicked"));
    lines[0].clone()
}

fn assert_says(line: &str, parts: &[&str]) {
    for part in parts {
        assert!(line.contains(part), "'{part}' is not in: {line}");
    }
}

#[test]
fn a_missing_file_is_named() {
    let Identity { certificate, key } = Identity::localhost();
    assert_says(&refusal(None, Some(&key)), &["chain.pem", "does not exist"]);
    assert_says(&refusal(Some(&certificate), None), &["private.pem", "does not exist"]);
}

#[test]
fn an_empty_file_is_named() {
    let Identity { certificate, key } = Identity::localhost();
    assert_says(&refusal(Some(""), Some(&key)), &["chain.pem", "is empty"]);
    assert_says(&refusal(Some(&certificate), Some("\n")), &["private.pem", "is empty"]);
}

#[test]
fn a_file_in_der_gets_the_command_that_converts_it() {
    let folder = TempDir::new();
    let identity = Identity::localhost();
    folder.write("chain.der", der(&identity.certificate));
    folder.write("private.der", identity.private_key().secret_der());
    let files = |certificate, key| {
        refused(Launch::server(folder.path()).args(["--cert", certificate, "--key", key]), 1)
    };
    let line = files("chain.der", "private.der");
    assert_says(&line, &["chain.der is a certificate in DER, not PEM", "`openssl x509 -inform DER"]);
    folder.write("chain.pem", &identity.certificate);
    let line = files("chain.pem", "private.der");
    assert_says(&line, &["private.der is a private key in DER, not PEM", "`openssl pkey -inform DER"]);
    let line = refusal(Some("certificate"), Some(&identity.key));
    assert_says(&line, &["chain.pem is not PEM", "begins with -----BEGIN CERTIFICATE-----"]);
}

#[test]
fn swapped_files_are_recognised() {
    let Identity { certificate, key } = Identity::localhost();
    assert_says(&refusal(Some(&key), Some(&certificate)), &["chain.pem", "swapped"]);
}

#[test]
fn a_damaged_file_is_named() {
    let Identity { certificate, key } = Identity::localhost();
    let half = &certificate[..certificate.len() / 2];
    assert_says(&refusal(Some(half), Some(&key)), &["chain.pem has a damaged PEM block"]);
    let nonsense = "-----BEGIN CERTIFICATE-----\nTm90IERFUg==\n-----END CERTIFICATE-----\n";
    assert_says(&refusal(Some(nonsense), Some(&key)), &["chain.pem has a damaged certificate"]);
}

#[test]
fn a_key_of_another_certificate_is_recognised() {
    let line = refusal(Some(&Identity::localhost().certificate), Some(&Identity::localhost().key));
    assert_says(&line, &["private.pem does not belong to", "chain.pem", "openssl pkey"]);
}

#[test]
fn an_encrypted_key_gets_the_command_that_decrypts_it() {
    let certificate = Identity::localhost().certificate;
    for key in [ENCRYPTED_KEY, LEGACY_ENCRYPTED_KEY] {
        let line = refusal(Some(&certificate), Some(key));
        assert_says(&line, &["private.pem is protected by a passphrase", "openssl pkey -in private.pem"]);
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
fn an_address_of_another_machine_cannot_be_listened_on() {
    let folder = TempDir::new();
    // No machine has an address of TEST-NET-1 (RFC 5737).
    let line = refused(Launch::server_at("192.0.2.1:0", folder.path()), 1);
    assert_says(&line, &["cannot listen on 192.0.2.1:0", "no interface"]);
}

#[test]
fn a_name_that_has_no_address_cannot_be_listened_on() {
    let folder = TempDir::new();
    // RFC 6761: this name never exists.
    let line = refused(Launch::server_at("nonexistent.invalid:0", folder.path()), 1);
    assert_says(&line, &["cannot listen on nonexistent.invalid:0", "is the name right?", "every address"]);
}

#[test]
fn a_wrong_command_line_is_a_usage_error_and_makes_no_files() {
    for (arguments, part) in [
        (&["--lisen", "127.0.0.1:0"][..], "--listen"),
        (&["--cert", "chain.pem"], "--key <FILE>"),
        (&["--waiting", "0"], "write a whole number from 1 to 65535"),
        (&["--slots", "x"], "write a whole number from 1 to 1000000"),
        (&["--sessions", "-1"], "'-1' for '--sessions <N>': write a whole number from 1"),
        (&["127.0.0.1:9000"], "unexpected argument 127.0.0.1:9000: write --listen 127.0.0.1:9000"),
        (&["9000"], "--listen 127.0.0.1:9000"),
        (&["-p", "9000"], "--listen 127.0.0.1:9000"),
        (&["--port=9000"], "--listen 127.0.0.1:9000"),
        (&["--bind", "127.0.0.1"], "--listen ADDR:PORT"),
        (&["-CAfile", "ca.pem"], "--client-ca FILE"),
        (&["--trace", "json"], "write --trace=json"),
        (&["--idle-timeout", "10"], "`10s`"),
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
    let folder = TempDir::new();
    let mut help = Launch::server(folder.path()).args(["--help"]).start();
    help.expect_exit(0);
    let text = help.stdout.text();
    assert_says(&text, &["Usage: mio-server", "Exit status:", "Examples:", "[default: 127.0.0.1:8000]"]);
    let mut version = Launch::server(folder.path()).args(["--version"]).start();
    version.expect_exit(0);
    assert!(version.stdout.text().starts_with("mio-server "));
}
