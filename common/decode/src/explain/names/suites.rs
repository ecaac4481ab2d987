//! The names of cipher suites.

use rustls::CipherSuite;

use super::{Table, find, pair};
use crate::explain::field_reader::Meaning;

/// Suites in IANA's table that rustls does not know, or knows by another name. Reserved numbers that only drafts used are left
/// out.
const OTHERS: Table<u16> = &[
    (0x001e, "TLS_KRB5_WITH_DES_CBC_SHA"),
    (0x00c6, "TLS_SM4_GCM_SM3"),
    (0x00c7, "TLS_SM4_CCM_SM3"),
    (0x1306, "TLS_AEGIS_256_SHA512"),
    (0x1307, "TLS_AEGIS_128L_SHA256"),
    (0x5600, "TLS_FALLBACK_SCSV"),
    (0xc0b0, "TLS_ECCPWD_WITH_AES_128_GCM_SHA256"),
    (0xc0b1, "TLS_ECCPWD_WITH_AES_256_GCM_SHA384"),
    (0xc0b2, "TLS_ECCPWD_WITH_AES_128_CCM_SHA256"),
    (0xc0b3, "TLS_ECCPWD_WITH_AES_256_CCM_SHA384"),
    (0xc0b4, "TLS_SHA256_SHA256"),
    (0xc0b5, "TLS_SHA384_SHA384"),
    (0xc100, "TLS_GOSTR341112_256_WITH_KUZNYECHIK_CTR_OMAC"),
    (0xc101, "TLS_GOSTR341112_256_WITH_MAGMA_CTR_OMAC"),
    (0xc102, "TLS_GOSTR341112_256_WITH_28147_CNT_IMIT"),
    (0xc103, "TLS_GOSTR341112_256_WITH_KUZNYECHIK_MGM_L"),
    (0xc104, "TLS_GOSTR341112_256_WITH_MAGMA_MGM_L"),
    (0xc105, "TLS_GOSTR341112_256_WITH_KUZNYECHIK_MGM_S"),
    (0xc106, "TLS_GOSTR341112_256_WITH_MAGMA_MGM_S"),
    (0xd001, "TLS_ECDHE_PSK_WITH_AES_128_GCM_SHA256"),
    (0xd002, "TLS_ECDHE_PSK_WITH_AES_256_GCM_SHA384"),
    (0xd003, "TLS_ECDHE_PSK_WITH_AES_128_CCM_8_SHA256"),
    (0xd005, "TLS_ECDHE_PSK_WITH_AES_128_CCM_SHA256"),
];

/// Explains a cipher suite.
pub(in crate::explain) fn suite(number: u16) -> Meaning {
    match number {
        0x00ff => Meaning {
            value: "TLS_EMPTY_RENEGOTIATION_INFO_SCSV (0x00ff)".to_owned(),
            says: "A signal instead of a suite. The client supports secure renegotiation, like with an empty renegotiation_info.".into(),
            rfc: "RFC 5746, 3.3",
        },
        0x5600 => Meaning {
            value: "TLS_FALLBACK_SCSV (0x5600)".to_owned(),
            says:
                "A signal instead of a suite. The client has failed with a newer version before. A server that \
                   supports a newer version has to refuse this handshake."
                    .into(),
            rfc: "RFC 7507, 3",
        },
        _ => pair(name(number).as_deref(), number),
    }
}

/// Returns IANA's name. rustls calls the suites of TLS 1.3 `TLS13_…`.
fn name(number: u16) -> Option<String> {
    if let Some(name) = find(OTHERS, number) {
        return Some(name.to_owned());
    }
    let suite = CipherSuite::from(number);
    let name = suite.as_str().filter(|name| name.starts_with("TLS") && !name.ends_with("_draft"))?;
    Some(name.replacen("TLS13_", "TLS_", 1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::explain::names::tests::has_no_duplicates;

    #[test]
    fn suites_have_the_names_of_iana() {
        for (number, name) in [
            (0x1301, "TLS_AES_128_GCM_SHA256 (0x1301)"),
            (0x1303, "TLS_CHACHA20_POLY1305_SHA256 (0x1303)"),
            (0xc02b, "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 (0xc02b)"),
            (0x002f, "TLS_RSA_WITH_AES_128_CBC_SHA (0x002f)"),
            (0x00ff, "TLS_EMPTY_RENEGOTIATION_INFO_SCSV (0x00ff)"),
            (0x0047, "unknown (0x0047)"),
            (0xfafa, "GREASE (0xfafa)"),
        ] {
            assert_eq!(suite(number).value, name);
        }
    }

    #[test]
    fn every_suite_of_rustls_has_a_name_and_is_not_listed_again() {
        has_no_duplicates(OTHERS);
        let renamed = [0x001c, 0x001d, 0x001e, 0xfefe, 0xfeff]; // of SSL
        for number in 0..=u16::MAX {
            let Some(known) = CipherSuite::from(number).as_str() else { continue };
            if renamed.contains(&number) || known.ends_with("_draft") {
                continue;
            }
            assert_eq!(find(OTHERS, number), None, "{known}");
            assert_eq!(name(number), Some(known.replace("TLS13", "TLS")));
        }
    }
}
