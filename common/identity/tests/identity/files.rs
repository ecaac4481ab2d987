//! Files that cannot be an identity or a trust: their errors.

use std::fs;
use std::path::Path;

use crate::support::{TempDir, fixture};
use identity::{Identity, IdentityError, Problem, Role, Trust};

fn refused(certificate: &Path, key: &Path) -> IdentityError {
    Identity::load(certificate, key).unwrap_err()
}

/// Checks that the error names this file in this role, and that its sentence has these words.
#[track_caller]
fn assert_says(error: &IdentityError, role: Role, file: &Path, words: &[&str]) {
    let sentence = error.to_string();
    assert_eq!((error.role(), error.file()), (role, file), "{sentence}");
    assert!(sentence.contains(&file.display().to_string()), "{sentence}");
    for word in words {
        assert!(sentence.contains(word), "no {word:?} in: {sentence}");
    }
}

#[test]
fn a_missing_file_is_an_error_with_its_role() {
    let folder = TempDir::new();
    let (certificate, key) = (fixture("ec-certificate.pem"), fixture("ec-key-sec1.pem"));
    let none = folder.path().join("none.pem");
    let error = refused(&none, &key);
    assert!(matches!(error.problem(), Problem::Missing));
    assert_says(&error, Role::Certificate, &none, &["does not exist", "first start"]);
    assert_says(&refused(&certificate, &none), Role::Key, &none, &["does not exist", "first start"]);
    assert_says(&Trust::load(&none).unwrap_err(), Role::Trust, &none, &["does not exist", "authority"]);
}

#[test]
fn a_dangling_link_is_named_with_its_target() {
    let folder = TempDir::new();
    let link = folder.path().join("link.pem");
    std::os::unix::fs::symlink("gone.pem", &link).unwrap();
    let error = refused(&link, &fixture("ec-key-sec1.pem"));
    assert_says(&error, Role::Certificate, &link, &["a symbolic link to gone.pem, which does not exist"]);
}

#[test]
fn an_unreadable_file_is_an_error() {
    let folder = TempDir::new();
    // A folder can be opened, but not read. Other files would not do, because root can read them all.
    let directory = folder.path().join("directory.pem");
    fs::create_dir(&directory).unwrap();
    let error = refused(&directory, &fixture("ec-key-sec1.pem"));
    assert!(matches!(error.problem(), Problem::Unreadable(_)));
    assert_says(&error, Role::Certificate, &directory, &["cannot be read", "ls -l"]);
}

#[test]
fn an_endless_file_is_not_read_forever() {
    let zero = Path::new("/dev/zero");
    assert!(matches!(Trust::load(zero).unwrap_err().problem(), Problem::TooLarge));
}

#[test]
fn an_empty_file_is_an_error() {
    let folder = TempDir::new();
    let blank = folder.write("blank.pem", " \n\n");
    let error = refused(&blank, &fixture("ec-key-sec1.pem"));
    assert!(matches!(error.problem(), Problem::Empty));
    assert_says(&error, Role::Certificate, &blank, &["is empty"]);
    assert_says(&refused(&fixture("ec-certificate.pem"), &blank), Role::Key, &blank, &["is empty"]);
}

#[test]
fn a_file_in_der_is_an_error_with_the_command() {
    let folder = TempDir::new();
    let der = folder.write("it's.der", [0x30, 0x82, 0x01, 0x02, 0xff]);
    let error = refused(&der, &fixture("ec-key-sec1.pem"));
    assert!(matches!(error.problem(), Problem::NotPem { .. }));
    assert_says(
        &error,
        Role::Certificate,
        &der,
        &["is DER, not PEM", "openssl x509 -inform DER -in '", r"it'\''s.der'"],
    );
    let error = refused(&fixture("ec-certificate.pem"), &der);
    assert_says(&error, Role::Key, &der, &["not PEM", "openssl pkey -inform DER"]);
}

#[test]
fn damaged_pem_is_an_error() {
    let folder = TempDir::new();
    let whole = fs::read_to_string(fixture("ec-certificate.pem")).unwrap();
    for (name, content) in
        [("cut.pem", whole[..whole.len() / 2].to_owned()), ("noise.pem", whole.replacen("MII", "M!!", 1))]
    {
        let damaged = folder.write(name, content);
        let error = refused(&damaged, &fixture("ec-key-sec1.pem"));
        assert!(matches!(error.problem(), Problem::DamagedPem(_)), "{error}");
        assert_says(&error, Role::Certificate, &damaged, &["damaged PEM block", "copy the whole file again"]);
    }
}

#[test]
fn swapped_files_are_recognised() {
    let (certificate, key) = (fixture("ec-certificate.pem"), fixture("ec-key-sec1.pem"));
    let error = refused(&key, &certificate);
    assert!(matches!(error.problem(), Problem::NoCertificate { has_key: true }));
    assert_says(&error, Role::Certificate, &key, &["holds a private key and no certificate", "swapped"]);
    let error = refused(&certificate, &certificate);
    assert!(matches!(error.problem(), Problem::NoKey { has_certificate: true }));
    assert_says(&error, Role::Key, &certificate, &["holds a certificate and no private key", "swapped"]);
    let error = Trust::load(&fixture("ec-key-encrypted.pem")).unwrap_err();
    assert!(matches!(error.problem(), Problem::NoCertificate { has_key: true }));
}

#[test]
fn pem_without_a_certificate_or_a_key_is_an_error() {
    let folder = TempDir::new();
    let other = folder.write("other.pem", "-----BEGIN X509 CRL-----\nMAA=\n-----END X509 CRL-----\n");
    let error = refused(&other, &fixture("ec-key-sec1.pem"));
    assert_says(&error, Role::Certificate, &other, &["holds no certificate", "BEGIN CERTIFICATE"]);
    let error = refused(&fixture("ec-certificate.pem"), &other);
    assert_says(&error, Role::Key, &other, &["holds no private key", "BEGIN PRIVATE KEY"]);
}

#[test]
fn an_encrypted_key_is_an_error_with_the_command() {
    for name in ["ec-key-encrypted.pem", "ec-key-encrypted-legacy.pem"] {
        let key = fixture(name);
        let error = refused(&fixture("ec-certificate.pem"), &key);
        assert!(matches!(error.problem(), Problem::EncryptedKey), "{error}");
        let command = format!("`openssl pkey -in {} -out key-plain.pem`", key.display());
        assert_says(&error, Role::Key, &key, &["passphrase", &command]);
    }
}

#[test]
fn damaged_der_is_an_error() {
    let folder = TempDir::new();
    let block = |label: &str| format!("-----BEGIN {label}-----\nMAECAw==\n-----END {label}-----\n");
    let good = fs::read_to_string(fixture("ec-certificate.pem")).unwrap();
    let bad = folder.write("bad.pem", good.clone() + &block("CERTIFICATE"));
    for error in [refused(&bad, &fixture("ec-key-sec1.pem")), Trust::load(&bad).unwrap_err()] {
        assert!(matches!(error.problem(), Problem::DamagedCertificate { number: 2, .. }), "{error}");
        assert_says(&error, error.role(), &bad, &["damaged certificate, number 2", "openssl x509"]);
    }
    let key = folder.write("key.pem", block("PRIVATE KEY"));
    let error = refused(&fixture("ec-certificate.pem"), &key);
    assert!(matches!(error.problem(), Problem::DamagedKey), "{error}");
    assert_says(&error, Role::Key, &key, &["cannot be used", "openssl pkey"]);
}

#[test]
fn a_key_of_another_certificate_is_an_error() {
    let (certificate, key) = (fixture("ec-certificate.pem"), fixture("classic-key.pem"));
    let error = refused(&certificate, &key);
    assert!(matches!(error.problem(), Problem::Mismatch { .. }), "{error}");
    assert_says(&error, Role::Key, &key, &["does not belong", "ec-certificate.pem", "-noout -pubkey"]);
}

#[test]
fn a_certificate_of_version_1_is_an_error() {
    let certificate = fixture("ec-certificate-v1.pem");
    let error = refused(&certificate, &fixture("ec-key-sec1.pem"));
    assert!(matches!(error.problem(), Problem::NotVersion3 { .. }), "{error}");
    assert_says(
        &error,
        Role::Certificate,
        &certificate,
        &["X.509 v3", "openssl req -x509 -new -key", "ec-key-sec1.pem"],
    );
}
