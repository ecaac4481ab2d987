//! Damaged PEM files: errors name the line, and quote nothing.

use std::fs;
use std::path::Path;

use crate::support::{TempDir, assert_says, fixture, now};
use identity::{Identity, IdentityError, Trust, development_certificate};
use testing::certificates::Identity as Fresh;
use testing::damage::damaged;
use testing::secrets::Secrets;

/// All texts of an outcome. A panic would show the `{:?}` form.
fn text_of<T: std::fmt::Debug>(outcome: &Result<T, IdentityError>) -> String {
    match outcome {
        Ok(loaded) => format!("{loaded:?}"),
        Err(error) => format!("{error} {error:?} {error:#?}"),
    }
}

#[test]
fn a_damaged_key_is_never_quoted() {
    let folder = TempDir::new();
    let fresh = Fresh::localhost();
    let mut secrets = Secrets::default();
    secrets.add_key(&fresh.key);
    let certificate = folder.write("certificate.pem", &fresh.certificate);
    let mut texts = String::new();
    for (_, bytes) in damaged(&fresh.key) {
        let file = folder.write("damaged.pem", &bytes);
        let glued = folder.write("glued.pem", [fresh.certificate.trim_end().as_bytes(), &bytes].concat());
        for file in [&file, &glued] {
            texts += &text_of(&Identity::load(&certificate, file));
            texts += &text_of(&Identity::load(file, file));
            texts += &text_of(&Trust::load(file));
            if let Ok(identity) = Identity::load(&certificate, file) {
                texts += &format!("{:?}", identity.warnings(now()));
            }
        }
    }
    assert!(texts.len() > 100_000, "the files should be refused");
    secrets.assert_unsaid(texts.as_bytes());
}

#[test]
fn a_key_in_place_of_its_file_name_is_not_quoted() {
    let fresh = Fresh::localhost();
    let mut secrets = Secrets::default();
    secrets.add_key(&fresh.key);
    let (folder, certificate) = (TempDir::new(), fixture("ec-certificate.pem"));
    let absent = folder.path().join("absent.pem");
    // No folder can be created in /proc.
    let in_proc = Path::new("/proc").join(&fresh.key).join("folder/file.pem");
    for error in [
        Identity::load(&certificate, fresh.key.as_ref()).unwrap_err(),
        development_certificate(&certificate, &in_proc, now()).unwrap_err(),
        development_certificate(&absent, &in_proc, now()).unwrap_err(),
        development_certificate(&in_proc, &absent, now()).unwrap_err(),
    ] {
        assert!(error.to_string().contains("PEM text, where the name of a file belongs"), "{error}");
        secrets.assert_unsaid(format!("{error} {error:?}").as_bytes());
    }
    assert!(folder.names().is_empty());
}

/// The error about a certificate file with this content.
fn sentence(content: impl AsRef<[u8]>) -> String {
    let folder = TempDir::new();
    let file = folder.write("file.pem", content);
    Trust::load(&file).unwrap_err().to_string()
}

#[test]
fn damage_is_named_with_its_line() {
    let pem = fs::read_to_string(fixture("ec-certificate.pem")).unwrap();
    let lines = pem.lines().count();
    let bare = pem.trim_end();
    let with = |from: &str, to: &str| pem.replacen(from, to, 1);
    for (content, words) in [
        ([bare, &pem].concat(), format!("line {lines} lacks a line end")),
        (format!("# a comment\n\n{}", with("-----\n", "-----")), "line 3 lacks a line end".into()),
        (with("\n-----END", "-----END"), format!("line {} lacks a line end", lines - 1)),
        (format!("subject=CN = me{pem}"), "line 1 lacks a line end".into()),
        (pem.replace('\n', r"\n"), r"line 1 has \n instead of line ends".into()),
        (format!("\n  {pem}"), "line 2 is indented".into()),
        (with("-----BEGIN", "----BEGIN"), "line 1 needs exactly five dashes".into()),
        (with("-----\n", "------\n"), "line 1 needs exactly five dashes".into()),
        (format!("{pem}-----BEGIN CERTIFI"), format!("line {} needs exactly five dashes", lines + 1)),
        (with("-----END CERTIFICATE-----\n", ""), "line 1 begins a block that no line ends".into()),
        (
            [&with("-----END CERTIFICATE-----\n", ""), &*pem].concat(),
            format!("line {lines} begins a block before the block of line 1 has ended"),
        ),
        (
            with("END CERTIFICATE", "END X509 CRL"),
            format!("line {lines} ends another kind of block than line 1"),
        ),
        (
            with("-----BEGIN CERTIFICATE-----\n", ""),
            format!("line {} ends a block that no line begins", lines - 1),
        ),
        (format!("{pem}{}", with("\nMII", "\nM,I")), format!("line {} is not base64", lines + 2)),
        (pem.replace("=\n", "\n").replacen("\nMII", "\nMI", 1), "that begins in line 1 is incomplete".into()),
    ] {
        assert_says(&sentence(&content), &["damaged PEM block", &words]);
        // Line numbers are the numbers of an editor for all kinds of line ends.
        assert_says(&sentence(content.replace('\n', "\r\n")), &[&words]);
    }
}

#[test]
fn the_remedy_for_lost_line_ends_is_a_command() {
    let pem = fs::read_to_string(fixture("ec-certificate.pem")).unwrap();
    assert_says(&sentence([pem.trim_end(), &pem].concat()), &["`sed 's/", "file.pem > repaired.pem`"]);
    let folder = TempDir::new();
    let key =
        folder.write("key.pem", fs::read_to_string(fixture("ec-key-sec1.pem")).unwrap().replace('\n', " "));
    let error = Identity::load(&fixture("ec-certificate.pem"), &key).unwrap_err().to_string();
    assert_says(&error, &["`(umask 077; sed 's/"]);
    let cut = fs::read_to_string(fixture("ec-certificate.pem")).unwrap()[..300].to_owned();
    assert_says(&sentence(cut), &["copy the whole file again"]);
}

#[test]
fn a_block_that_contradicts_its_label_is_named() {
    let folder = TempDir::new();
    let key = fs::read_to_string(fixture("classic-key.pem")).unwrap();
    for (label, words) in
        [("CERTIFICATE", "label CERTIFICATE in line 1"), ("EC PRIVATE KEY", "must be PRIVATE KEY")]
    {
        let file = folder.write("file.pem", key.replace("PRIVATE KEY", label));
        let error = Identity::load(&file, &file).unwrap_err();
        assert_says(&error.to_string(), &[words, " in line 1 that holds a private key in DER"]);
    }
}

#[test]
fn a_certificate_in_a_block_that_we_do_not_read_is_an_error() {
    let folder = TempDir::new();
    let pem = fs::read_to_string(fixture("ec-certificate.pem")).unwrap();
    for (label, command) in [
        ("TRUSTED CERTIFICATE", "openssl x509 -in"),
        ("X509 CERTIFICATE", "openssl x509 -in"),
        ("PKCS7", "openssl pkcs7 -in"),
    ] {
        let file = folder.write("file.pem", format!("{pem}{}", pem.replace("CERTIFICATE", label)));
        let error = Trust::load(&file).unwrap_err();
        let line = pem.lines().count() + 1;
        assert_says(&error.to_string(), &[&format!("has a block {label} in line {line}"), command]);
    }
}

#[test]
fn a_byte_order_mark_makes_no_difference() {
    let folder = TempDir::new();
    let marked = |name: &str| format!("\u{feff}{}", fs::read_to_string(fixture(name)).unwrap());
    let certificate = marked("ec-certificate.pem");
    let file = folder.write("certificate.pem", &certificate);
    let key = folder.write("key.pem", marked("ec-key-sec1.pem"));
    Identity::load(&file, &key).unwrap();
    // `cat` keeps the mark of the second file.
    let both = folder.write("both.pem", [&*certificate, &marked("classic-certificate.pem")].concat());
    assert_eq!(Trust::load(&both).unwrap().subjects().len(), 2);
}

#[test]
fn a_block_in_a_comment_is_ignored() {
    let folder = TempDir::new();
    let pem = fs::read_to_string(fixture("ec-certificate.pem")).unwrap();
    let commented = pem.replace('\n', "\n# ");
    let file = folder.write("file.pem", format!("# {commented}\n{pem}"));
    assert_eq!(Trust::load(&file).unwrap().subjects().len(), 1);
}
