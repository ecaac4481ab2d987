//! The first start makes a certificate. Later starts use it. No start overwrites a file.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::fs;
use std::os::unix::fs::PermissionsExt;

use testing::certificates::{Identity, der};
use testing::echo_server::EchoServer;
use testing::folder::TempDir;
use testing::program::Launch;
use x509_parser::prelude::{FromDer, GeneralName, X509Certificate};

const MADE: &str = "made a development certificate";

#[test]
fn the_first_start_makes_a_certificate_and_logs_it() {
    let server = EchoServer::start(&[]);
    let line = server.log().wait_for_line(MADE);
    assert!(line.contains("certificates/certificate.pem") && line.contains("certificates/key.pem"), "{line}");
    server.serves_a_client();

    let mode = |name| {
        let path = server.folder.path().join("certificates").join(name);
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    };
    assert_eq!(mode("key.pem"), 0o600);
    assert_eq!(mode("certificate.pem") & 0o444, 0o444, "everybody may read a certificate");
    assert_eq!(server.log().lines("chmod"), [""; 0], "no warning about the mode of a new key");
}

#[test]
fn the_certificate_is_for_this_machine_and_for_a_year() {
    let server = EchoServer::start(&[]);
    let der = der(&server.certificate());
    let (rest, certificate) = X509Certificate::from_der(&der).unwrap();
    assert!(rest.is_empty());

    assert_eq!(certificate.subject().to_string(), "CN=localhost");
    let constraints = certificate.basic_constraints().unwrap().expect("explicit CA:FALSE");
    assert!(!constraints.value.ca);
    let names = &certificate.subject_alternative_name().unwrap().unwrap().value.general_names;
    let ipv6 = std::net::Ipv6Addr::LOCALHOST.octets();
    let expected = [
        GeneralName::DNSName("localhost"),
        GeneralName::IPAddress(&[127, 0, 0, 1]),
        GeneralName::IPAddress(&ipv6),
    ];
    assert_eq!(*names, expected);

    let validity = certificate.validity();
    assert!(validity.is_valid());
    let days = (validity.not_after.timestamp() - validity.not_before.timestamp()) / 86_400;
    assert_eq!(days, 365);
    let algorithm = &certificate.public_key().algorithm;
    assert_eq!(algorithm.algorithm.to_id_string(), "1.2.840.10045.2.1", "id-ecPublicKey");
    let curve = algorithm.parameters.as_ref().unwrap().as_oid().unwrap();
    assert_eq!(curve.to_id_string(), "1.2.840.10045.3.1.7", "prime256v1");
}

#[test]
fn the_second_start_uses_the_files_of_the_first() {
    let mut first = EchoServer::start(&[]);
    let (certificate, key) = (first.certificate(), first.folder.read("certificates/key.pem"));
    first.program.interrupt();
    first.program.expect_exit(0);

    let second = EchoServer::start_in(std::mem::take(&mut first.folder), &[]);
    assert_eq!(second.log().lines(MADE), [""; 0]);
    assert_eq!(second.certificate(), certificate);
    assert_eq!(second.folder.read("certificates/key.pem"), key);
    second.serves_a_client();
}

#[test]
fn named_files_are_used_and_none_are_made() {
    let folder = TempDir::new();
    let identity = Identity::localhost();
    folder.write("a/chain.pem", &identity.certificate);
    folder.write("b/private.pem", &identity.key);
    let server = EchoServer::start_in(folder, &["--cert", "a/chain.pem", "--key", "b/private.pem"]);
    assert!(!server.folder.path().join("certificates").exists());

    let config = testing::peer::client_config(&identity.certificate);
    let mut client = testing::peer::TlsClient::connect(server.address, config);
    assert_eq!(client.receive(9), b"welcome!\n");
    client.close();
}

#[test]
fn one_file_without_the_other_is_an_error_and_stays_unchanged() {
    let (certificate, key) = ("certificates/certificate.pem", "certificates/key.pem");
    for (present, missing) in [(certificate, key), (key, certificate)] {
        let folder = TempDir::new();
        folder.write(present, "mine");
        let mut server = Launch::server(folder.path()).start();
        server.expect_exit(1);
        let line = server.stderr.wait_for_line("mio-server: ");
        assert!(line.contains(&format!("{present} exists and {missing} does not")), "{line}");
        assert!(line.contains(&format!("mv {present} ")), "{line}");
        assert_eq!(folder.read(present), "mine");
        assert!(!folder.path().join(missing).exists());
    }
}

#[test]
fn a_key_that_others_can_read_gets_a_warning_with_the_command_to_fix_it() {
    let folder = TempDir::new();
    let (_, key) = Identity::localhost().write(&folder);
    fs::set_permissions(key, fs::Permissions::from_mode(0o644)).unwrap();
    let server = EchoServer::start_in(folder, &[]);
    let line = server.log().wait_for_line("chmod 600 certificates/key.pem");
    assert!(line.contains("WARN") && line.contains("0644"), "{line}");
    server.serves_a_client();
}
