//! Keys and certificates that are valid, but of a kind that is not supported.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use crate::support::*;
use identity::{
    Identity, Peer, Policy, ServerVerifier, Trust, Unauthorized, UnsupportedKey, authorize, subject,
};
use rcgen::string::UniversalString;
use rcgen::{CertificateParams, CustomExtension, DistinguishedName, DnType, DnValue};
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{DigitallySignedStruct, SignatureScheme};

const SUPPORTED: &str = "(supported: RSA of 2048 to 8192 bits";

/// A file with a private key and its certificate.
fn kind(name: &str) -> PathBuf {
    fixture(&format!("kinds/{name}.pem"))
}

fn certificate(name: &str) -> CertificateDer<'static> {
    CertificateDer::from_pem_file(kind(name)).unwrap()
}

#[test]
fn an_unsupported_kind_is_named_when_it_is_loaded() {
    for (name, role, words, remedy) in [
        ("short-rsa", "certificate file ", "RSA of 1024 bits", "openssl genpkey"),
        ("three-primes", "key file ", "RSA with more than two primes", "openssl genpkey"),
        ("three-primes-pkcs1", "key file ", "RSA with more than two primes", "openssl genpkey"),
        ("rsa-pss", "certificate file ", "RSA-PSS", "openssl genpkey"),
        ("secp256k1", "certificate file ", "ECDSA on secp256k1", "openssl genpkey"),
        ("brainpool", "certificate file ", "ECDSA on brainpoolP256r1", "openssl genpkey"),
        ("ed448", "certificate file ", "Ed448", "openssl genpkey"),
        ("dsa", "certificate file ", "DSA", "openssl genpkey"),
        ("explicit-curve", "certificate file ", "explicit parameters", "-param_enc named_curve"),
        ("compressed-point", "certificate file ", "a compressed point", "-conv_form uncompressed"),
    ] {
        let error = Identity::load(&kind(name), &kind(name)).unwrap_err();
        assert_says(&error.to_string(), &[role, "a kind that is not supported: ", words, remedy, SUPPORTED]);
    }
}

#[test]
fn an_unsupported_private_key_is_named_with_any_certificate() {
    let good = fixture("ec-certificate.pem");
    for (name, words) in [
        ("short-rsa", "RSA of 1024 bits"),
        ("rsa-pss", "RSA-PSS"),
        ("secp256k1", "secp256k1"),
        ("secp256k1-sec1", "secp256k1"),
        ("ed448", "Ed448"),
    ] {
        let error = Identity::load(&good, &kind(name)).unwrap_err();
        assert_says(&error.to_string(), &["key file ", &format!("kinds/{name}.pem holds a key"), words]);
    }
}

#[test]
fn an_unsupported_kind_is_named_when_a_peer_presents_it() {
    let trust = trusting(&[&classic("another").pem]);
    let server = ServerName::try_from("localhost").unwrap();
    for (name, words) in [
        ("short-rsa", "RSA of 1024 bits"),
        ("rsa-pss", "RSA-PSS"),
        ("secp256k1", "ECDSA on secp256k1"),
        ("ed448", "Ed448"),
        ("dsa", "DSA"),
        ("explicit-curve", "ECDSA on a curve with explicit parameters"),
    ] {
        for peer in [Peer::Server(&server), Peer::Client] {
            let refused = authorize(&[certificate(name)], &trust, peer, now()).unwrap_err();
            assert!(matches!(refused, Unauthorized::UnsupportedKey(_)), "{refused}");
            assert_says(&refused.to_string(), &[words, SUPPORTED]);
        }
    }
}

#[test]
fn a_peer_with_a_compressed_point_is_accepted() {
    let trust = Trust::load(&kind("compressed-point")).unwrap();
    let later = at(NOW + 30 * 86_400);
    authorize(&[certificate("compressed-point")], &trust, Peer::Client, later).unwrap();
}

#[test]
fn error_names_an_unsupported_kind_of_issuer_key_or_signature() {
    for (name, words, supported) in [
        (
            "short-rsa",
            "the key of its issuer CN=Root is of a kind that is not supported, RSA of 1024 bits",
            SUPPORTED,
        ),
        ("secp256k1", "is of a kind that is not supported, ECDSA on secp256k1", SUPPORTED),
        (
            "sha-1",
            "a signature of a kind that is not supported: RSA with SHA-1",
            "(supported: RSA or ECDSA with SHA-256",
        ),
    ] {
        // The certificate of a server, then that of its authority.
        let pem = fs::read_to_string(kind(&format!("issued-with-{name}"))).unwrap();
        let chain: Vec<_> = CertificateDer::pem_slice_iter(pem.as_bytes()).map(Result::unwrap).collect();
        let authority = &pem[pem.rfind("-----BEGIN").unwrap()..];
        let trust = trusting(&[authority]);
        let refused = authorize(&chain[..1], &trust, Peer::Client, at(NOW + 30 * 86_400)).unwrap_err();
        assert_says(&refused.to_string(), &[words, supported]);
    }
}

/// Parameters with this CN, and the changes that `change` makes.
fn named(cn: DnValue, change: impl FnOnce(&mut CertificateParams)) -> CertificateParams {
    params("", &[], |params| {
        change(params);
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, cn);
    })
}

#[test]
fn error_says_that_the_issuers_name_has_another_string_type() {
    let printable = self_signed(named(DnValue::PrintableString("My CA".try_into().unwrap()), authority));
    let other = self_signed(named(DnValue::Utf8String("My CA".into()), authority));
    let leaf = issued_by(&other, params("x", &["localhost"], plain));
    let (ours, another) = (trusting(&[&printable.pem]), trusting(&[&classic("another").pem]));
    for (sent, trust, words) in [
        (&[&leaf][..], &ours, "names its issuer CN=My CA, but the authority in"),
        (&[&leaf, &printable], &ours, "names its issuer CN=My CA, but "),
        (&[&leaf, &printable], &another, "CN=My CA, but the certificate that it sent encodes"),
    ] {
        let refused = as_server("localhost", sent, trust).unwrap_err();
        assert_says(&refused.to_string(), &[words, " encodes this name differently"]);
    }
}

#[test]
fn a_name_is_readable_in_every_string_type() {
    let wide: Vec<u8> = "M\u{fc}ller".chars().flat_map(|letter| u32::from(letter).to_be_bytes()).collect();
    for (value, shown) in [
        (DnValue::Utf8String("M\u{fc}ller".into()), r"CN=M\xc3\xbcller"),
        (DnValue::UniversalString(UniversalString::from_utf32be(wide).unwrap()), r"CN=M\xc3\xbcller"),
        (DnValue::BmpString("M\u{fc}ller".try_into().unwrap()), r"CN=M\xc3\xbcller"),
        (DnValue::PrintableString("Miller".try_into().unwrap()), "CN=Miller"),
        (DnValue::TeletexString("Miller".try_into().unwrap()), "CN=Miller"),
    ] {
        assert_eq!(subject(&self_signed(named(value, plain)).der), shown);
    }
}

#[test]
fn a_name_in_latin_1_is_readable() {
    let value = DnValue::TeletexString("Miller".try_into().unwrap());
    let mut der = self_signed(named(value, plain)).der.to_vec();
    for at in 0..der.len() - 6 {
        if der[at..].starts_with(b"Miller") {
            der[at + 1] = 0xec;
        }
    }
    assert_eq!(subject(&der.into()), r"CN=M\xc3\xacller");
}

/// Under `Policy::Insecure` a certificate with such a key is not refused. But the signature of the handshake cannot be
/// verified.
#[test]
fn an_unsupported_kind_is_noted_if_its_signature_cannot_be_verified() {
    let trust = Arc::new(trusting(&[&classic("another").pem]));
    let verifier = ServerVerifier::new(trust, Arc::new(aws_lc_rs::default_provider()), Policy::Insecure);
    let signed = |bytes: &[u8]| rustls_signature(SignatureScheme::ECDSA_NISTP256_SHA256, bytes);
    verifier.verify_tls13_signature(b"message", &certificate("secp256k1"), &signed(b"no")).unwrap_err();
    let noted = tls_session::authorize::take_notes().refusal;
    let secp256k1 = UnsupportedKey::Curve("secp256k1".to_owned());
    assert_eq!(noted, Some(Unauthorized::UnsupportedKey(secp256k1).into()));
}

/// Parses the signature from the bytes that a peer sends, because the struct has no constructor.
fn rustls_signature(scheme: SignatureScheme, signature: &[u8]) -> DigitallySignedStruct {
    use rustls::internal::msgs::codec::{Codec, Reader};
    let length = u16::try_from(signature.len()).unwrap().to_be_bytes();
    let bytes = [&u16::from(scheme).to_be_bytes()[..], &length, signature].concat();
    DigitallySignedStruct::read(&mut Reader::init(&bytes)).unwrap()
}

#[test]
fn an_unknown_critical_extension_is_unsupported_and_not_damaged() {
    const WORDS: &str = "it has a critical extension that is not supported: 1.2.3.4";
    let folder = TempDir::new();
    let mut extension = CustomExtension::from_oid_content(&[1, 2, 3, 4], vec![5, 0]);
    extension.set_criticality(true);
    let critical = params("localhost", &["localhost"], |params| params.custom_extensions.push(extension));
    let critical = self_signed(critical);
    let file = folder.write("file.pem", &critical.pem);
    let error = Identity::load(&file, &fixture("ec-key-sec1.pem")).unwrap_err();
    let begin = "has a certificate that is not supported, number 1 in line 1 (";
    assert_says(&error.to_string(), &[begin, WORDS]);

    // It can be a pin, but webpki does not accept it.
    let refused = as_server("localhost", &[&critical], &Trust::load(&file).unwrap()).unwrap_err();
    assert_says(&refused.to_string(), &["its certificate is not supported: ", WORDS]);
}
