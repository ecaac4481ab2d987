//! Explanations of extensions that rustls does not send, from handmade bytes.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

mod support {
    pub mod tree;
}

use decode::explain::{self, Field};
use rustls::ProtocolVersion;
use support::tree::{are_readable, cover, message, wrong};

/// A message that can have extensions.
#[derive(Clone, Copy)]
enum In {
    ClientHello,
    ServerHello,
    HelloRetryRequest,
    EncryptedExtensions,
    Certificate,
    CertificateRequest,
}

const RETRY: &str = "cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c";

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex.bytes().filter(|byte| *byte != b' ').collect();
    digits.chunks(2).map(|two| u8::from_str_radix(std::str::from_utf8(two).unwrap(), 16).unwrap()).collect()
}

fn with_length(width: usize, bytes: &[u8]) -> Vec<u8> {
    let length = u32::try_from(bytes.len()).unwrap().to_be_bytes();
    [&length[4 - width..], bytes].concat()
}

impl In {
    fn message(self, number: u16, data: &str) -> Vec<u8> {
        let extension = [&number.to_be_bytes()[..], &with_length(2, &bytes(data))].concat();
        let extensions = with_length(2, &extension);
        let (kind, before) = match self {
            Self::ClientHello => (1, format!("0303 {} 00 0002 1301 01 00", "07".repeat(32))),
            Self::ServerHello => (2, format!("0303 {} 00 1301 00", "07".repeat(32))),
            Self::HelloRetryRequest => (2, format!("0303 {RETRY} 00 1301 00")),
            Self::EncryptedExtensions => (8, String::new()),
            Self::CertificateRequest => (13, "00".to_owned()),
            Self::Certificate => {
                let entry = [&[0, 0, 0][..], &extensions].concat();
                let body = [&[0][..], &with_length(3, &entry)].concat();
                return [&[11][..], &with_length(3, &body)].concat();
            }
        };
        [&[kind][..], &with_length(3, &[bytes(&before), extensions].concat())].concat()
    }
}

/// Returns the names and values of the fields of an extension, without its type and lengths.
fn values(place: In, number: u16, data: &str) -> Vec<String> {
    let bytes = place.message(number, data);
    let fields = explain::message(&message(bytes.clone(), ProtocolVersion::TLSv1_3));
    cover(&fields, bytes.len());
    are_readable(&fields);
    let mut values = Vec::new();
    collect(&extension(&fields).unwrap().fields, &mut values);
    // The Certificate message has an empty certificate.
    let wrong: Vec<&str> = wrong(&fields).into_iter().filter(|says| !says.contains("X.509")).collect();
    assert_eq!(wrong, [""; 0], "{values:?}");
    values
}

fn extension(fields: &[Field]) -> Option<&Field> {
    let is_extension =
        |field: &Field| field.fields.first().is_some_and(|first| first.name == "extension_type");
    fields.iter().find_map(|field| if is_extension(field) { Some(field) } else { extension(&field.fields) })
}

fn collect(fields: &[Field], values: &mut Vec<String>) {
    for field in fields {
        if !field.value.is_empty() && field.name != "extension_type" && field.name != "length" {
            values.push(format!("{} = {}", field.name, field.value));
        }
        collect(&field.fields, values);
    }
}

#[test]
fn sizes_and_flags() {
    for (place, number, data, expected) in [
        (In::ClientHello, 1, "02", "max_fragment_length = 1024 bytes (2)"),
        (In::ClientHello, 15, "01", "mode = peer_allowed_to_send (1)"),
        (In::ClientHello, 21, "0000 01", "padding = 3 bytes, not all of them zero"),
        (In::EncryptedExtensions, 28, "4001", "record_size_limit = 16385 bytes"),
        (In::ServerHello, 65281, "04 01020304", "renegotiated_connection = 01020304"),
        (In::HelloRetryRequest, 44, "0002 abcd", "cookie = abcd"),
        (In::EncryptedExtensions, 58, "02", "expected_count = 2"),
        (In::EncryptedExtensions, 16, "0003 02 6832", "protocol_name = h2"),
        (In::ServerHello, 13172, "02 6832", "protocol_name = h2"),
        (In::ClientHello, 17513, "0003 02 6832", "protocol_name = h2"),
        (In::ClientHello, 35, "abcd", "ticket = abcd"),
        (In::ClientHello, 14, "0102", "extension_data = 0102"),
    ] {
        assert_eq!(values(place, number, data), [expected]);
    }
    for empty in [4, 22, 23, 49, 18, 35, 42, 21] {
        assert_eq!(values(In::ClientHello, empty, ""), [""; 0]);
    }
    assert_eq!(values(In::ClientHello, 58, "01 02"), ["new_session_count = 1", "resumption_count = 2"]);
    assert_eq!(values(In::ClientHello, 45, "02 00 01"), ["mode = psk_ke (0)", "mode = psk_dhe_ke (1)"]);
}

#[test]
fn certificate_types_and_credentials() {
    assert_eq!(
        values(In::ClientHello, 27, "04 0001 0002"),
        ["algorithm = zlib (0x0001)", "algorithm = brotli (0x0002)"]
    );
    assert_eq!(values(In::ClientHello, 20, "02 02 00"), ["type = Raw Public Key (2)", "type = X509 (0)"]);
    assert_eq!(values(In::EncryptedExtensions, 20, "02"), ["type = Raw Public Key (2)"]);
    assert_eq!(values(In::ClientHello, 34, "0002 0807"), ["scheme = ed25519 (0x0807)"]);
    assert_eq!(
        values(In::Certificate, 34, "00093a80 0403 000002 abcd 0804 0001 ee"),
        [
            "valid_time = 604800 s (about 168 h)",
            "dc_cert_verify_algorithm = ecdsa_secp256r1_sha256 (0x0403)",
            "ASN1_subjectPublicKeyInfo = abcd",
            "algorithm = rsa_pss_rsae_sha256 (0x0804)",
            "signature = ee",
        ]
    );
}

#[test]
fn proofs_and_requests_of_certificates() {
    assert_eq!(
        values(In::Certificate, 5, "01 000002 abcd"),
        ["status_type = ocsp (1)", "OCSPResponse = abcd"]
    );
    assert_eq!(
        values(In::ClientHello, 5, "01 0004 0002 abcd 0000"),
        ["status_type = ocsp (1)", "ResponderID = abcd", "request_extensions = empty"]
    );
    assert_eq!(
        values(In::CertificateRequest, 48, "0006 02 551d 0001 aa"),
        ["certificate_extension_oid = 551d", "certificate_extension_values = aa"]
    );
    let name = "300c 310a 3008 0603 550403 0c01 61"; // CN=a
    assert_eq!(
        values(In::CertificateRequest, 47, &format!("0010 000e {name}")),
        ["DistinguishedName = CN=a"]
    );
    assert_eq!(values(In::ClientHello, 47, "0003 0001 61"), ["DistinguishedName = not a name: 61"]);
    let id = "1b".repeat(32);
    assert_eq!(
        values(In::Certificate, 18, &format!("0032 0030 00 {id} 0000018bcfe56800 0000 0403 0001 5a")),
        [
            "sct_version = v1 (0)",
            &format!("id = {id}"),
            "timestamp = 2023-11-14 22:13:20 UTC",
            "extensions = empty",
            "algorithm = ecdsa_secp256r1_sha256 (0x0403)",
            "signature = 5a",
        ]
    );
}

#[test]
fn all_forms_of_encrypted_client_hello() {
    assert_eq!(
        values(In::ClientHello, 65037, "00 0001 0003 2a 0002 abcd 0003 010203"),
        [
            "type = outer (0)",
            "kdf_id = HKDF-SHA256 (0x0001)",
            "aead_id = ChaCha20Poly1305 (0x0003)",
            "config_id = 42",
            "enc = abcd",
            "payload = 010203",
        ]
    );
    assert_eq!(values(In::ClientHello, 65037, "01"), ["type = inner (1)"]);
    assert_eq!(values(In::HelloRetryRequest, 65037, "0102030405060708"), ["confirmation = 0102030405060708"]);
    assert_eq!(
        values(
            In::EncryptedExtensions,
            65037,
            "0017 fe0d 0013 07 0020 0001 aa 0004 0001 0001 40 03 612e62 0000"
        ),
        [
            "version = 0xfe0d",
            "config_id = 7",
            "kem_id = DHKEM(X25519, HKDF-SHA256) (0x0020)",
            "public_key = aa",
            "kdf_id = HKDF-SHA256 (0x0001)",
            "aead_id = AES-128-GCM (0x0001)",
            "maximum_name_length = 64 bytes",
            "public_name = a.b",
        ]
    );
    assert_eq!(
        values(In::ClientHello, 64768, "04 000a 0033"),
        ["outer_extension = supported_groups (0x000a)", "outer_extension = key_share (0x0033)"]
    );
}
