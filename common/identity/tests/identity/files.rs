//! Files that cannot be an identity or a trust: their errors.

use std::fs;
use std::path::Path;

use crate::support::{TempDir, assert_says, classic, fixture};
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
    let (remove, list) = (format!("`rm {}`", link.display()), format!("`ls -l {}`", directory.display()));
    for (role, file, words) in [
        ("certificate", &*none, ["does not exist", "first start"]),
        ("key", &none, ["does not exist", "first start"]),
        ("trust", &none, ["does not exist", "authority"]),
        ("certificate", &link, ["a symbolic link to gone.pem, which does not exist", &remove]),
        ("certificate", &directory, ["cannot be read", &list]),
        ("trust", Path::new("/dev/zero"), ["is too large", "`ls -l /dev/zero`"]),
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
    let mut authority = classic("My CA").der.to_vec();
    let version = authority.windows(5).position(|bytes| bytes == [0xa0, 3, 2, 1, 2]).unwrap();
    authority[version + 4] = 1; // the number of version 2
    let old_authority = folder.write("v2.pem", pem::encode(&pem::Pem::new("CERTIFICATE", authority)));
    let der_out = r"/it'\''s.der' -out converted.pem`";
    let check_bad = format!("`openssl x509 -in {} -noout -text`", second_is_bad.display());
    let check_key = format!("`openssl pkey -in {} -noout -check`", bad_key.display());
    for (role, file, words) in [
        ("certificate", &der, ["is DER, not PEM", "`openssl x509 -inform DER -in '", der_out]),
        ("key", &der, ["is DER, not PEM", "`openssl pkey -inform DER -in '", der_out]),
        ("certificate", &crl, ["holds no certificate", "needs a block", "BEGIN CERTIFICATE"]),
        ("key", &crl, ["holds no private key", "needs a block", "BEGIN PRIVATE KEY"]),
        ("certificate", &second_is_bad, ["damaged certificate", "number 2 in line", &check_bad]),
        ("trust", &second_is_bad, ["damaged certificate", "number 2 in line", &check_bad]),
        (
            "trust",
            &old_authority,
            ["X.509 v3", "`openssl req -x509 -new -key key.pem -days 365 -out ", "v3.pem`"],
        ),
        ("key", &bad_key, ["holds a key", "cannot be used", &check_key]),
    ] {
        assert_refused(role, file, &words);
    }
    let path = |name: &str| fixture(name).display().to_string();
    let decrypt = |name: &str| format!("`openssl pkey -in {} -out key-plain.pem`", path(name));
    let make_v3 = format!("`openssl req -x509 -new -key {} -days 365 -out ", path("ec-key-sec1.pem"));
    for (role, name, words) in [
        ("certificate", "ec-key-sec1.pem", ["holds a private key and no certificate", "swapped"]),
        ("key", "ec-certificate.pem", ["holds a certificate and no private key", "swapped"]),
        ("trust", "ec-key-encrypted.pem", ["holds a private key and no certificate", "swapped"]),
        ("key", "ec-key-encrypted.pem", ["passphrase", &decrypt("ec-key-encrypted.pem")]),
        ("key", "ec-key-encrypted-legacy.pem", ["passphrase", &decrypt("ec-key-encrypted-legacy.pem")]),
        ("key", "classic-key.pem", ["does not belong", "ec-certificate.pem -noout -pubkey`"]),
        ("certificate", "ec-certificate-v1.pem", ["X.509 v3", &make_v3]),
    ] {
        assert_refused(role, &fixture(name), &words);
    }
}
