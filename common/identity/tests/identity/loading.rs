//! Files that can be loaded, and the warnings about them.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::support::*;
use identity::{Identity, Trust};
use rustls::pki_types::PrivateKeyDer;

#[test]
fn all_three_encodings_of_a_key_load() {
    let load = |certificate, key| Identity::load(&fixture(certificate), &fixture(key)).unwrap();
    let pkcs8 = load("classic-certificate.pem", "classic-key.pem");
    assert!(matches!(pkcs8.key, PrivateKeyDer::Pkcs8(_)));
    assert!(format!("{pkcs8:?}").contains("elided"));
    let pkcs1 = load("classic-certificate.pem", "classic-key-pkcs1.pem");
    assert!(matches!(pkcs1.key, PrivateKeyDer::Pkcs1(_)));
    let sec1 = load("ec-certificate.pem", "ec-key-sec1.pem");
    assert!(matches!(sec1.key, PrivateKeyDer::Sec1(_)));
}

#[test]
fn both_parts_may_be_in_one_file() {
    let folder = TempDir::new();
    let read = |name| fs::read_to_string(fixture(name)).unwrap();
    let both = folder.write("both.pem", read("ec-key-sec1.pem") + &read("ec-certificate.pem"));
    assert_eq!(Identity::load(&both, &both).unwrap().chain.len(), 1);
}

#[test]
fn windows_line_ends_load() {
    let folder = TempDir::new();
    let crlf = |name| fs::read_to_string(fixture(name)).unwrap().replace('\n', "\r\n");
    let certificate = folder.write("certificate.pem", crlf("ec-certificate.pem"));
    let key = folder.write("key.pem", crlf("ec-key-sec1.pem"));
    Identity::load(&certificate, &key).unwrap();
}

/// A key file that only its owner can read, in a folder of its own.
fn key() -> (TempDir, PathBuf) {
    let folder = TempDir::new();
    let key = folder.write("key.pem", fs::read(fixture("ec-key-sec1.pem")).unwrap());
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    (folder, key)
}

/// The warnings about this key, after `file` got this mode.
fn warnings(key: &Path, file: &Path, mode: u32) -> Vec<String> {
    fs::set_permissions(file, fs::Permissions::from_mode(mode)).unwrap();
    Identity::load(&fixture("ec-certificate.pem"), key).unwrap().warnings(now())
}

#[test]
fn a_key_that_others_can_read_is_a_warning() {
    let (_folder, key) = key();
    for mode in [0o600, 0o400] {
        assert_eq!(warnings(&key, &key, mode), [""; 0]);
    }
    for mode in [0o644, 0o640, 0o604] {
        let warnings = warnings(&key, &key, mode);
        assert_eq!(warnings.len(), 1, "{warnings:?}");
        let command = format!("`chmod 600 {}`", key.display());
        assert_says(&warnings[0], &["other users have access", &format!("mode {mode:04o}"), &command]);
    }
}

#[test]
fn an_expired_or_early_certificate_is_a_warning_with_the_date() {
    let (_folder, key) = key();
    let identity = Identity::load(&fixture("ec-certificate.pem"), &key).unwrap();
    let (first, last) = (1_795_414_517, 1_795_414_517 + 365 * 86_400);
    for valid in [first, last] {
        assert_eq!(identity.warnings(at(valid)), [""; 0]);
    }
    for (time, words) in [
        (first - 1, "not valid before 2026-11-23 06:15:17 UTC"),
        (last + 1, "expired on 2027-11-23 06:15:17 UTC"),
    ] {
        let warnings = identity.warnings(at(time));
        assert_eq!(warnings.len(), 1, "{warnings:?}");
        assert_says(&warnings[0], &[words]);
    }
}

#[test]
fn an_expired_or_early_authority_is_a_warning_with_its_name_and_the_date() {
    let years = |first, last| {
        self_signed(params("My CA", &[], |params| {
            authority(params);
            params.not_before = rcgen::date_time_ymd(first, 1, 1);
            params.not_after = rcgen::date_time_ymd(last, 1, 1);
        }))
    };
    let leaf =
        self_signed(params("leaf", &["leaf"], |params| params.not_after = rcgen::date_time_ymd(1999, 1, 1)));
    let (good, old, early) = (years(2020, 2100), years(2020, 2021), years(2900, 2901));
    let trust = trusting(&[&good.pem, &old.pem, &leaf.pem, &early.pem]);
    let [expired, not_yet] = &trust.warnings(now())[..] else { panic!("{:?}", trust.warnings(now())) };
    let date = "trust.pem expired on 2021-01-01 00:00:00 UTC";
    assert_says(expired, &["the authority CN=My CA in ", date, "still accepted"]);
    assert_says(not_yet, &["trust.pem is not valid before 2900-01-01"]);
    assert_eq!(Trust::system().map(|system| system.warnings(now())).unwrap_or_default(), [""; 0]);
}

#[test]
fn an_authority_whose_key_cannot_verify_is_a_warning() {
    // The certificate in it is CA:TRUE.
    let trust = Trust::load(&fixture("kinds/dsa.pem")).unwrap();
    let warnings = trust.warnings(at(NOW + 30 * 86_400));
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    let words = ["the authority CN=localhost in ", "not supported, DSA", "cannot be verified"];
    assert_says(&warnings[0], &words);
}

#[test]
fn a_key_in_a_folder_that_others_can_write_to_is_a_warning() {
    let (folder, key) = key();
    for mode in [0o755, 0o1777] {
        assert_eq!(warnings(&key, folder.path(), mode), [""; 0]);
    }
    let open = warnings(&key, folder.path(), 0o777);
    assert_eq!(open.len(), 1, "{open:?}");
    assert_says(&open[0], &["other users can replace the private key", "mode 0777", "`chmod go-w "]);

    // The key is a symbolic link. Its own folder is closed, and the folder of the real file is open.
    let other = TempDir::new();
    let link = other.path().join("link.pem");
    std::os::unix::fs::symlink(&key, &link).unwrap();
    assert_eq!(warnings(&link, folder.path(), 0o777).len(), 1);
}
