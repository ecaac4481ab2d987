//! Files that can be loaded, and the warnings about them.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::support::{NOW, TempDir, at, authority, fixture, now, params, self_signed, trusting};
use identity::{Identity, Trust, Warning};
use rustls::pki_types::PrivateKeyDer;

#[test]
fn all_three_encodings_of_a_key_load() {
    let load = |certificate, key| Identity::load(&fixture(certificate), &fixture(key)).unwrap();
    let pkcs8 = load("classic-certificate.pem", "classic-key.pem");
    assert!(matches!(pkcs8.key, PrivateKeyDer::Pkcs8(_)));
    let pkcs1 = load("classic-certificate.pem", "classic-key-pkcs1.pem");
    assert!(matches!(pkcs1.key, PrivateKeyDer::Pkcs1(_)));
    let sec1 = load("ec-certificate.pem", "ec-key-sec1.pem");
    assert!(matches!(sec1.key, PrivateKeyDer::Sec1(_)));
}

#[test]
fn rustls_accepts_an_identity_and_its_debug_hides_the_key() {
    let identity = Identity::load(&fixture("classic-certificate.pem"), &fixture("classic-key.pem")).unwrap();
    assert!(format!("{identity:?}").contains("elided"));
    rustls::ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(identity.chain, identity.key)
        .unwrap();
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

#[test]
fn a_key_that_others_can_read_is_a_warning() {
    let folder = TempDir::new();
    let key = folder.path().join("key.pem");
    fs::copy(fixture("ec-key-sec1.pem"), &key).unwrap();
    let warnings = |mode| {
        fs::set_permissions(&key, fs::Permissions::from_mode(mode)).unwrap();
        let identity = Identity::load(&fixture("ec-certificate.pem"), &key).unwrap();
        identity.warnings(now())
    };
    assert_eq!(warnings(0o600), []);
    assert_eq!(warnings(0o400), []);
    for mode in [0o644, 0o640, 0o604] {
        let warnings = warnings(mode);
        assert_eq!(warnings, [Warning::ExposedKey { file: key.clone(), mode }]);
        let sentence = warnings[0].to_string();
        assert!(sentence.contains(&format!("mode {mode:04o}")), "{sentence}");
        assert!(sentence.contains(&format!("`chmod 600 {}`", key.display())), "{sentence}");
    }
}

#[test]
fn an_expired_or_early_certificate_is_a_warning_with_the_date() {
    let folder = TempDir::new();
    let key = folder.path().join("key.pem");
    fs::copy(fixture("ec-key-sec1.pem"), &key).unwrap();
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    let identity = Identity::load(&fixture("ec-certificate.pem"), &key).unwrap();
    let year = 365 * 86_400;
    let warning = |time| match identity.warnings(at(time)).as_slice() {
        [] => None,
        [one] => Some(one.to_string()),
        more => panic!("{more:?}"),
    };
    let (first, last) = (1_795_414_517, 1_795_414_517 + year);
    assert_eq!(warning(first), None);
    assert_eq!(warning(last), None);
    assert!(warning(first - 1).unwrap().contains("not valid before 2026-11-23 06:15:17 UTC"));
    assert!(warning(last + 1).unwrap().contains("expired on 2027-11-23 06:15:17 UTC"));
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
    let warnings: Vec<String> = trust.warnings(now()).iter().map(ToString::to_string).collect();
    let [expired, not_yet] = &warnings[..] else { panic!("{warnings:?}") };
    for word in
        ["the authority CN=My CA in ", "trust.pem expired on 2021-01-01 00:00:00 UTC", "still accepted"]
    {
        assert!(expired.contains(word), "no {word:?} in: {expired}");
    }
    assert!(not_yet.contains("trust.pem is not valid before 2900-01-01"), "{not_yet}");
    assert_eq!(Trust::system().map(|system| system.warnings(now())).unwrap_or_default(), []);
}

#[test]
fn an_authority_whose_key_cannot_verify_is_a_warning() {
    // The certificate in it is CA:TRUE.
    let trust = Trust::load(&fixture("kinds/dsa.pem")).unwrap();
    let warnings = trust.warnings(at(NOW + 30 * 86_400));
    let [warning] = &warnings[..] else { panic!("{warnings:?}") };
    let sentence = warning.to_string();
    for word in ["the authority CN=localhost in ", "not supported, DSA", "cannot be verified"] {
        assert!(sentence.contains(word), "no {word:?} in: {sentence}");
    }
}

#[test]
fn a_key_in_a_folder_that_others_can_write_to_is_a_warning() {
    let folder = TempDir::new();
    let key = folder.path().join("key.pem");
    fs::copy(fixture("ec-key-sec1.pem"), &key).unwrap();
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    let warnings = |mode, key: &Path| {
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(mode)).unwrap();
        Identity::load(&fixture("ec-certificate.pem"), key).unwrap().warnings(now())
    };
    assert_eq!(warnings(0o755, &key), []);
    assert_eq!(warnings(0o1777, &key), []);
    let open = warnings(0o777, &key);
    assert!(matches!(&open[..], [Warning::OpenFolder { mode: 0o777, .. }]), "{open:?}");
    let sentence = open[0].to_string();
    assert!(sentence.contains("`chmod go-w "), "{sentence}");

    // The key is a symbolic link. Its own folder is closed, and the folder of the real file is open.
    let other = TempDir::new();
    let link = other.path().join("link.pem");
    std::os::unix::fs::symlink(&key, &link).unwrap();
    assert_eq!(warnings(0o777, &link).len(), 1);
}
