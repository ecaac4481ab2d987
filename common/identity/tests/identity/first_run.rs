//! The development certificate: its contents, and the handling of existing files.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Barrier;

use crate::support::{NOW, TempDir, assert_says, at, now};
use identity::{FirstRun, Identity, IdentityError, Peer, Trust, authorize, development_certificate};
use rustls::pki_types::{ServerName, UnixTime};
use x509_parser::prelude::{FromDer, X509Certificate};

/// Makes the certificate `c.pem` and the key `k.pem` in this folder.
fn make(folder: &TempDir, now: UnixTime) -> Result<FirstRun, IdentityError> {
    development_certificate(&folder.path().join("c.pem"), &folder.path().join("k.pem"), now)
}

fn load(folder: &TempDir) -> Identity {
    Identity::load(&folder.path().join("c.pem"), &folder.path().join("k.pem")).unwrap()
}

#[test]
fn the_first_start_makes_usable_files_for_the_owner() {
    let folder = TempDir::new();
    let (certificate, key) = (folder.path().join("a/b/certificate.pem"), folder.path().join("a/b/key.pem"));
    let made = development_certificate(&certificate, &key, now()).unwrap();
    assert_eq!(made, FirstRun::Created);
    for (file, mode) in [(&key, 0o600), (&folder.path().join("a/b"), 0o700)] {
        assert_eq!(fs::metadata(file).unwrap().permissions().mode() & 0o777, mode);
    }

    let identity = Identity::load(&certificate, &key).unwrap();
    assert_eq!(identity.warnings(now()), [""; 0]);
    let trust = Trust::load(&certificate).unwrap();
    assert!(trust.anchors().is_empty());
    for name in ["localhost", "localhost.", "127.0.0.1", "::1"] {
        let name = ServerName::try_from(name).unwrap();
        authorize(&identity.chain, &trust, Peer::Server(&name), now()).unwrap();
    }
    authorize(&identity.chain, &trust, Peer::Client, now()).unwrap();
}

#[test]
fn the_certificate_has_the_documented_contents() {
    let folder = TempDir::new();
    make(&folder, now()).unwrap();
    let identity = load(&folder);
    let (_, x509) = X509Certificate::from_der(&identity.chain[0]).unwrap();

    assert_eq!(x509.subject().to_string(), "CN=localhost");
    let constraints = x509.basic_constraints().unwrap().expect("explicit basic constraints");
    assert!(!constraints.value.ca);
    let start = NOW as i64;
    assert_eq!(x509.validity().not_before.timestamp(), start);
    assert_eq!(x509.validity().not_after.timestamp(), start + 365 * 86_400);
    assert!(x509.key_usage().unwrap().unwrap().value.digital_signature());
    let extended = x509.extended_key_usage().unwrap().unwrap().value;
    assert!(extended.server_auth && extended.client_auth);
    let names = x509.subject_alternative_name().unwrap().unwrap();
    assert_eq!(names.value.general_names.len(), 3);
    assert_eq!(x509.public_key().algorithm.algorithm.to_id_string(), "1.2.840.10045.2.1");
}

#[test]
fn existing_files_stay_unchanged() {
    let folder = TempDir::new();
    let (certificate, key) = (folder.write("c.pem", "mine"), folder.write("k.pem", "mine too"));
    assert_eq!(make(&folder, now()).unwrap(), FirstRun::Present);
    assert_eq!(fs::read_to_string(&certificate).unwrap(), "mine");
    assert_eq!(fs::read_to_string(&key).unwrap(), "mine too");
}

#[test]
fn one_file_without_the_other_is_an_error_and_no_file_is_made() {
    for (there, missing, role) in [("k.pem", "c.pem", "key"), ("c.pem", "k.pem", "certificate")] {
        let folder = TempDir::new();
        let file = folder.write(there, "mine");
        let error = make(&folder, now()).unwrap_err();
        let begin = format!("{role} file {} exists and ", file.display());
        assert_says(&error.to_string(), &[&begin, &format!("{missing} does not: restore "), "`mv "]);
        assert_eq!(folder.names(), [there]);
        assert_eq!(fs::read_to_string(&file).unwrap(), "mine");
    }
}

#[test]
fn the_key_is_removed_if_the_certificate_cannot_be_created() {
    let folder = TempDir::new();
    // Both files have the same name, so creating the certificate fails after the key has been created.
    let both = folder.path().join("both.pem");
    let error = development_certificate(&both, &both, now()).unwrap_err();
    assert_says(&error.to_string(), &["was created by another process at the same time"]);
    assert!(folder.names().is_empty());
}

#[test]
fn a_dangling_link_is_an_error() {
    for link in ["c.pem", "k.pem"] {
        let folder = TempDir::new();
        std::os::unix::fs::symlink("nowhere.pem", folder.path().join(link)).unwrap();
        let error = make(&folder, now()).unwrap_err();
        let words = [link, " is a symbolic link to nowhere.pem, which does not exist", "`rm "];
        assert_says(&error.to_string(), &words);
        assert_eq!(folder.names(), [link]);
    }
    let folder = TempDir::new();
    let link = folder.path().join("certificates");
    std::os::unix::fs::symlink("nowhere", &link).unwrap();
    let error = development_certificate(&link.join("c.pem"), &link.join("k.pem"), now()).unwrap_err();
    assert_says(&error.to_string(), &["folder ", "/certificates is a symbolic link to nowhere, which"]);
}

#[test]
fn error_names_a_folder_that_cannot_be_created() {
    let folder = Path::new("/proc/nowhere");
    let error = development_certificate(&folder.join("c.pem"), &folder.join("k.pem"), now()).unwrap_err();
    assert_says(&error.to_string(), &["folder /proc/nowhere cannot be created (", "`ls -ld /proc`"]);
}

#[test]
fn a_time_without_a_date_is_an_error() {
    let folder = TempDir::new();
    let error = make(&folder, at(u64::MAX)).unwrap_err();
    assert_says(&error.to_string(), &["cannot be generated"]);
    assert!(folder.names().is_empty());
}

#[test]
fn servers_that_start_together_make_one_pair_of_files() {
    const SERVERS: usize = 8;
    for _ in 0..10 {
        let folder = TempDir::new();
        let together = Barrier::new(SERVERS);
        let start = || {
            together.wait();
            make(&folder, now())
        };
        let results: Vec<Result<FirstRun, IdentityError>> = std::thread::scope(|scope| {
            let servers: Vec<_> = (0..SERVERS).map(|_| scope.spawn(start)).collect();
            servers.into_iter().map(|server| server.join().unwrap()).collect()
        });
        let created = results.iter().filter(|result| matches!(result, Ok(FirstRun::Created)));
        assert_eq!(created.count(), 1, "{results:?}");
        for error in results.iter().filter_map(|result| result.as_ref().err()) {
            assert!(error.to_string().contains("start again"), "{error}");
        }
        load(&folder);
        assert_eq!(folder.names(), ["c.pem", "k.pem"]);
    }
}
