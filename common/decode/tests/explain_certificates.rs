//! Explanations of certificates.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

mod support {
    pub mod tree;
}

use check::wire::hello::handshake;
use decode::explain::{self, Field};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose,
    SanType, SerialNumber, SignatureAlgorithm,
};
use rustls::ProtocolVersion;
use support::tree::{are_nested, are_readable, cover, message, visit, with_length, wrong};

/// Explains a Certificate message of TLS 1.2 with this certificate.
fn explained(der: &[u8]) -> Vec<Field> {
    let bytes = handshake(11, &with_length(3, &with_length(3, der))).unwrap();
    let fields = explain::message(&message(bytes.clone(), ProtocolVersion::TLSv1_2));
    are_nested(&fields, &(0..bytes.len()));
    cover(&fields, bytes.len());
    are_readable(&fields);
    fields
}

fn made(algorithm: &'static SignatureAlgorithm, change: impl FnOnce(&mut CertificateParams)) -> Vec<u8> {
    let mut params = CertificateParams::new(vec!["one.example".to_owned()]).unwrap();
    change(&mut params);
    params.self_signed(&KeyPair::generate_for(algorithm).unwrap()).unwrap().der().to_vec()
}

fn value(fields: &[Field], name: &str) -> String {
    let mut found = None;
    visit(fields, 0, &mut |_, field| {
        if field.name == name {
            found = Some(field.value.clone());
        }
    });
    found.unwrap_or_else(|| panic!("no {name}"))
}

#[test]
fn the_contents_of_a_certificate_are_explained() {
    let der = made(&rcgen::PKCS_ECDSA_P256_SHA256, |params| {
        params.serial_number = Some(SerialNumber::from(vec![0x12, 0x34]));
        params.distinguished_name.push(DnType::CommonName, "An authority\u{1b}[2J");
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(1));
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyCertSign];
        params.extended_key_usages =
            vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        params.subject_alt_names.push(SanType::IpAddress("192.0.2.1".parse().unwrap()));
        params.subject_alt_names.push(SanType::IpAddress("2001:db8::1".parse().unwrap()));
        params.subject_alt_names.push(SanType::URI("https://example.org".try_into().unwrap()));
    });
    let fields = explained(&der);
    assert_eq!(wrong(&fields), [""; 0]);
    for (name, expected) in [
        ("version", "V3"),
        ("serialNumber", "1234"),
        ("signature", "ecdsa-with-SHA256"),
        ("signatureAlgorithm", "ecdsa-with-SHA256"),
        ("issuer", r"CN=An authority\x1b[2J"),
        ("validity", "1975-01-01 00:00:00 UTC to 4096-01-01 00:00:00 UTC"),
        ("subjectPublicKeyInfo", "ECDSA on P-256"),
        ("subjectAltName", "one.example, 192.0.2.1, 2001:db8::1, URI https://example.org"),
        (
            "basicConstraints",
            "an authority, with at most 1 level of authorities below it (critical: a program that does not know it refuses the certificate)",
        ),
        (
            "keyUsage",
            "Digital Signature, Key Cert Sign (critical: a program that does not know it refuses the certificate)",
        ),
        ("extendedKeyUsage", "serverAuth, clientAuth"),
    ] {
        assert_eq!(value(&fields, name), expected);
    }
    assert_eq!(value(&fields, "subjectKeyIdentifier").len(), 40);
}

#[test]
fn keys_have_their_size_or_curve() {
    for (algorithm, key) in [
        (&rcgen::PKCS_ED25519, "Ed25519"),
        (&rcgen::PKCS_ECDSA_P384_SHA384, "ECDSA on P-384"),
        (&rcgen::PKCS_RSA_SHA256, "RSA, 2048 bits"),
    ] {
        assert_eq!(value(&explained(&made(algorithm, |_| ())), "subjectPublicKeyInfo"), key);
    }
}

#[test]
fn thousands_of_names_are_shortened() {
    let der = made(&rcgen::PKCS_ED25519, |params| {
        params.subject_alt_names =
            (0..2000).map(|n| SanType::DnsName(format!("{n}.example").try_into().unwrap())).collect();
    });
    let names = value(&explained(&der), "subjectAltName");
    assert!(names.starts_with("0.example, 1.example, "), "{names}");
    assert!(names.ends_with(" more") && names.len() < 300, "{names}");
}

#[test]
fn bytes_that_are_not_a_certificate_are_malformed() {
    let fields = explained(b"not a certificate");
    let [says] = wrong(&fields)[..] else { panic!("{fields:?}") };
    assert!(says.starts_with("This cannot be read as an X.509 certificate: "), "{says}");

    let mut longer = made(&rcgen::PKCS_ED25519, |_| ());
    longer.push(0);
    assert_eq!(wrong(&explained(&longer)), ["1 byte too many at the end."]);
}

/// Changes each byte of a certificate, one at a time. Nothing panics, and each byte has a field.
#[test]
fn damaged_certificates_are_explained() {
    let der = made(&rcgen::PKCS_ED25519, |params| {
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    });
    for at in 0..der.len() {
        for change in [1, 0x80, 0xff] {
            let mut der = der.clone();
            der[at] ^= change;
            explained(&der);
        }
    }
}
