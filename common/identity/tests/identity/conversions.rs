//! The commands in the messages repair files.

use std::fs;
use std::process::Command;

use crate::support::{TempDir, assert_says, fixture};
use identity::Identity;

/// Runs a shell command in a folder.
fn run(folder: &TempDir, command: &str) {
    let done = Command::new("sh").args(["-c", command]).current_dir(folder.path()).output().unwrap();
    assert!(done.status.success(), "{command}: {}", String::from_utf8_lossy(&done.stderr));
}

/// The command in a message, between its last two backticks.
fn command(message: &str) -> &str {
    message.rsplit('`').nth(1).unwrap_or_else(|| panic!("no command in: {message}"))
}

/// Damages a file with the command `damage`, and repairs it with the command in the message.
fn repair(file: &str, damage: &str) {
    let folder = TempDir::new();
    for name in ["ec-certificate.pem", "ec-key-sec1.pem"] {
        fs::copy(fixture(name), folder.path().join(name)).unwrap();
    }
    fs::rename(folder.path().join(file), folder.path().join("file.pem")).unwrap();
    run(&folder, damage);
    let load = |changed: &str| {
        let named = |name: &str| folder.path().join(if name == file { changed } else { name });
        Identity::load(&named("ec-certificate.pem"), &named("ec-key-sec1.pem"))
    };
    let message = load("bad").unwrap_err().to_string();
    run(&folder, command(&message));
    let new = if message.contains("repaired.pem") { "repaired.pem" } else { "converted.pem" };
    load(new).unwrap_or_else(|error| panic!("{damage}: {message}: {error}"));
}

#[test]
#[ignore = "needs openssl, iconv, base64 and GNU sed"]
fn suggested_commands_repair_the_file() {
    for damage in [
        r"tr -d '\n' < file.pem > bad",
        r"tr '\n' ' ' < file.pem > bad",
        r#"awk '{printf "%s\\n",$0}' file.pem > bad"#,
        r#"awk 'NR==1{printf "%s",$0;next}1' file.pem > bad"#,
        "sed 's/^/  /' file.pem > bad",
        "iconv -t UTF-16 file.pem > bad",
        "iconv -t UTF-16BE file.pem > bad",
        "base64 file.pem > bad",
    ] {
        repair("ec-certificate.pem", damage);
        repair("ec-key-sec1.pem", damage);
    }
    for damage in [
        "grep -v -e ----- file.pem > bad",
        "openssl x509 -in file.pem -outform DER -out bad",
        "openssl x509 -in file.pem -trustout -out bad",
        "openssl crl2pkcs7 -nocrl -certfile file.pem -out bad",
        "openssl crl2pkcs7 -nocrl -certfile file.pem -outform DER -out bad",
        "printf '%s' \"$(cat ec-key-sec1.pem)\" | cat - file.pem > bad",
    ] {
        repair("ec-certificate.pem", damage);
    }
    for damage in [
        "openssl pkey -in file.pem -outform DER -out bad",
        "openssl ec -in file.pem -outform DER -out bad",
        "printf '%s' \"$(cat ec-certificate.pem)\" | cat - file.pem > bad",
    ] {
        repair("ec-key-sec1.pem", damage);
    }
}

#[test]
fn other_formats_are_recognised_and_the_command_is_named() {
    let folder = TempDir::new();
    let store = |version| [0x30, 0x80, 2, 1, version, 0x30, 0x80, 6, 9].to_vec();
    let signed = [&[0x30, 0x82, 2, 3, 6, 9][..], &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 2]].concat();
    for (bytes, words) in [
        (store(3), ["is PKCS#12, not PEM", "openssl pkcs12 -in"]),
        (signed, ["is PKCS#7, not PEM", "openssl pkcs7 -inform DER -in"]),
        (b"\xff\xfe-\0-\0".to_vec(), ["is text in UTF-16, not PEM", "iconv -f UTF-16 -t UTF-8"]),
        (vec![0xfe, 0xed, 0xfe, 0xed], ["is a Java key store, not PEM", "keytool -importkeystore"]),
        (b"trust me".to_vec(), ["no line begins with -----BEGIN", "a block that begins with -----BEGIN"]),
    ] {
        let file = folder.write("file", bytes);
        let error = Identity::load(&file, &fixture("ec-key-sec1.pem")).unwrap_err();
        assert_says(&error.to_string(), &words);
    }
}
