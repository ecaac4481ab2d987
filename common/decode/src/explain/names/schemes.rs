//! The names of signature schemes.

use super::{Table, find, pair};
use crate::explain::field_reader::Meaning;

const SCHEMES: Table<u16> = &[
    (0x0201, "rsa_pkcs1_sha1"),
    (0x0203, "ecdsa_sha1"),
    (0x0401, "rsa_pkcs1_sha256"),
    (0x0403, "ecdsa_secp256r1_sha256"),
    (0x0420, "rsa_pkcs1_sha256_legacy"),
    (0x0501, "rsa_pkcs1_sha384"),
    (0x0503, "ecdsa_secp384r1_sha384"),
    (0x0520, "rsa_pkcs1_sha384_legacy"),
    (0x0601, "rsa_pkcs1_sha512"),
    (0x0603, "ecdsa_secp521r1_sha512"),
    (0x0620, "rsa_pkcs1_sha512_legacy"),
    (0x0704, "eccsi_sha256"),
    (0x0705, "iso_ibs1"),
    (0x0706, "iso_ibs2"),
    (0x0707, "iso_chinese_ibs"),
    (0x0708, "sm2sig_sm3"),
    (0x0709, "gostr34102012_256a"),
    (0x070a, "gostr34102012_256b"),
    (0x070b, "gostr34102012_256c"),
    (0x070c, "gostr34102012_256d"),
    (0x070d, "gostr34102012_512a"),
    (0x070e, "gostr34102012_512b"),
    (0x070f, "gostr34102012_512c"),
    (0x0804, "rsa_pss_rsae_sha256"),
    (0x0805, "rsa_pss_rsae_sha384"),
    (0x0806, "rsa_pss_rsae_sha512"),
    (0x0807, "ed25519"),
    (0x0808, "ed448"),
    (0x0809, "rsa_pss_pss_sha256"),
    (0x080a, "rsa_pss_pss_sha384"),
    (0x080b, "rsa_pss_pss_sha512"),
    (0x081a, "ecdsa_brainpoolP256r1tls13_sha256"),
    (0x081b, "ecdsa_brainpoolP384r1tls13_sha384"),
    (0x081c, "ecdsa_brainpoolP512r1tls13_sha512"),
    (0x0904, "mldsa44"),
    (0x0905, "mldsa65"),
    (0x0906, "mldsa87"),
];

/// In TLS 1.2 a scheme is a hash and a signature, one byte each (RFC 5246, 7.4.1.4.1).
const HASHES: Table<u8> =
    &[(1, "md5"), (2, "sha1"), (3, "sha224"), (4, "sha256"), (5, "sha384"), (6, "sha512")];
const SIGNATURES: Table<u8> = &[(1, "rsa"), (2, "dsa"), (3, "ecdsa")];

/// Returns the name that IANA gives to a signature scheme.
pub fn scheme_name(number: u16) -> Option<&'static str> {
    find(SCHEMES, number)
}

/// Explains a signature scheme.
pub(in crate::explain) fn scheme(number: u16) -> Meaning {
    let [hash, signature] = number.to_be_bytes();
    match (scheme_name(number), find(HASHES, hash), find(SIGNATURES, signature)) {
        (None, Some(hash), Some(signature)) => Meaning {
            value: format!("{signature} with {hash} (0x{number:04x})"),
            says: "A hash and a signature, as TLS 1.2 combines them. TLS 1.3 does not use this pair.".into(),
            rfc: "RFC 5246, 7.4.1.4.1",
        },
        (name, ..) => pair(name, number),
    }
}

#[cfg(test)]
mod tests {
    use rustls::SignatureScheme;

    use super::*;
    use crate::explain::names::tests::has_no_duplicates;

    #[test]
    fn the_schemes_of_rustls_are_known() {
        has_no_duplicates(SCHEMES);
        has_no_duplicates(HASHES);
        has_no_duplicates(SIGNATURES);
        for number in 0..=u16::MAX {
            let Some(known) = SignatureScheme::from(number).as_str() else { continue };
            let ours = find(SCHEMES, number).unwrap();
            let family = known.split('_').next().unwrap().to_lowercase().replace("ml", "mldsa");
            assert!(ours.starts_with(&family), "{known}: {ours}");
            assert_eq!(known.contains("PSS"), ours.contains("pss"), "{known}: {ours}");
            let hash = known.split('_').find(|part| part.starts_with("SHA"));
            assert!(hash.is_none_or(|hash| ours.ends_with(&hash.to_lowercase())), "{known}: {ours}");
        }
    }

    #[test]
    fn pairs_of_tls_1_2_have_names() {
        assert_eq!(scheme(0x0402).value, "dsa with sha256 (0x0402)");
        assert_eq!(scheme(0x0403).value, "ecdsa_secp256r1_sha256 (0x0403)");
        assert_eq!(scheme(0x0909).value, "unknown (0x0909)");
        assert_eq!(scheme(0x1a1a).value, "GREASE (0x1a1a)");
    }
}
