//! Files that cannot be an identity or a trust: their errors.

use std::fs;
use std::path::Path;

use crate::support::{TempDir, assert_says, fixture};
use identity::{Identity, IdentityError, Trust};

/// Checks the error about a file in this role: its beginning, and some words of it.
#[track_caller]
fn assert_refused(role: &str, file: &Path, words: &[&str]) {
    let error: IdentityError = match role {
        "certificate" => Identity::load(file, &fixture("ec-key-sec1.pem")).unwrap_err(),
        "key" => Identity::load(&fixture("ec-certificate.pem"), file).unwrap_err(),
        _ => Trust::load(file).unwrap_err(),
    };
    let sentence = error.to_string();
    assert!(sentence.starts_with(&format!("{role} file {} ", file.display())), "{sentence}");
    assert_says(&sentence, words);
}

#[test]
fn error_names_a_file_that_cannot_be_read_and_its_role() {
    let folder = TempDir::new();
    let (none, link) = (folder.path().join("none.pem"), folder.path().join("link.pem"));
    std::os::unix::fs::symlink("gone.pem", &link).unwrap();
    // A folder can be opened, but not read. Other files would not do, because root can read them all.
    let directory = folder.path().join("directory.pem");
    fs::create_dir(&directory).unwrap();
    let blank = folder.write("blank.pem", " \n\n");
    for (role, file, words) in [
        ("certificate", &*none, ["does not exist", "first start"]),
        ("key", &none, ["does not exist", "first start"]),
        ("trust", &none, ["does not exist", "authority"]),
        ("certificate", &link, ["a symbolic link to gone.pem, which does not exist", "`rm "]),
        ("certificate", &directory, ["cannot be read", "ls -l"]),
        ("trust", Path::new("/dev/zero"), ["is too large", "ls -l"]),
        ("certificate", &blank, ["is empty", "restore it"]),
        ("key", &blank, ["is empty", "restore it"]),
    ] {
        assert_refused(role, file, &words);
    }
}

#[test]
fn error_names_the_wrong_content_of_a_file_and_the_remedy() {
    let folder = TempDir::new();
    let der = folder.write("it's.der", [0x30, 0x82, 0x01, 0x02, 0xff]);
    let crl = folder.write("crl.pem", "-----BEGIN X509 CRL-----\nMAA=\n-----END X509 CRL-----\n");
    let block = |label: &str| format!("-----BEGIN {label}-----\nMAECAw==\n-----END {label}-----\n");
    let good = fs::read_to_string(fixture("ec-certificate.pem")).unwrap();
    let second_is_bad = folder.write("bad.pem", good + &block("CERTIFICATE"));
    let bad_key = folder.write("key.pem", block("PRIVATE KEY"));
    for (role, file, words) in [
        ("certificate", &der, ["is DER, not PEM", r"openssl x509 -inform DER -in '", r"it'\''s.der'"]),
        ("key", &der, ["not PEM", "openssl pkey -inform DER", r"it'\''s.der'"]),
        ("certificate", &crl, ["holds no certificate", "needs a block", "BEGIN CERTIFICATE"]),
        ("key", &crl, ["holds no private key", "needs a block", "BEGIN PRIVATE KEY"]),
        ("certificate", &second_is_bad, ["damaged certificate", "number 2 in line", "openssl x509"]),
        ("trust", &second_is_bad, ["damaged certificate", "number 2 in line", "openssl x509"]),
        ("key", &bad_key, ["cannot be used", "openssl pkey", "-check"]),
    ] {
        assert_refused(role, file, &words);
    }
    for (role, name, words) in [
        ("certificate", "ec-key-sec1.pem", ["holds a private key and no certificate", "swapped"]),
        ("key", "ec-certificate.pem", ["holds a certificate and no private key", "swapped"]),
        ("trust", "ec-key-encrypted.pem", ["holds a private key and no certificate", "swapped"]),
        ("key", "ec-key-encrypted.pem", ["passphrase", "`openssl pkey -in "]),
        ("key", "ec-key-encrypted-legacy.pem", ["passphrase", ".pem -out key-plain.pem`"]),
        ("key", "classic-key.pem", ["does not belong", "ec-certificate.pem -noout -pubkey`"]),
        ("certificate", "ec-certificate-v1.pem", ["X.509 v3", "openssl req -x509 -new -key "]),
    ] {
        assert_refused(role, &fixture(name), &words);
    }
}
