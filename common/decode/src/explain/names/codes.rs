//! Short tables.

use super::{byte, find, grease, pair};
use crate::explain::field_reader::Meaning;

/// Makes a function for each table, which explains a number. The list of all tables is for the tests.
macro_rules! names {
    ($number:ty, $explain:ident, $all:ident: $($function:ident $table:tt)+) => {
        $(
            pub(in crate::explain) fn $function(number: $number) -> Meaning {
                $explain(find(&$table, number), number)
            }
        )+

        #[cfg(test)]
        const $all: &[super::Table<$number>] = &[$(&$table),+];
    };
}

names! { u8, byte, BYTES:
    content_type [
        (20, "change_cipher_spec"), (21, "alert"), (22, "handshake"), (23, "application_data"),
        (24, "heartbeat"), (25, "tls12_cid"), (26, "ACK"), (27, "return_routability_check")
    ]
    handshake_type [
        (0, "hello_request"), (1, "client_hello"), (2, "server_hello"),
        (3, "hello_verify_request"), (4, "new_session_ticket"), (5, "end_of_early_data"),
        (6, "hello_retry_request"), (8, "encrypted_extensions"), (9, "request_connection_id"),
        (10, "new_connection_id"), (11, "certificate"), (12, "server_key_exchange"),
        (13, "certificate_request"), (14, "server_hello_done"), (15, "certificate_verify"),
        (16, "client_key_exchange"), (17, "client_certificate_request"), (20, "finished"),
        (21, "certificate_url"), (22, "certificate_status"), (23, "supplemental_data"),
        (24, "key_update"), (25, "compressed_certificate"), (26, "ekt_key"), (254, "message_hash")
    ]
    compression [(0, "null"), (1, "DEFLATE"), (64, "LZS")]
    point_format [(0, "uncompressed"), (1, "ansiX962_compressed_prime"), (2, "ansiX962_compressed_char2")]
    curve_type [(1, "explicit_prime"), (2, "explicit_char2"), (3, "named_curve")]
    key_update [(0, "update_not_requested"), (1, "update_requested")]
    status_type [(1, "ocsp"), (2, "ocsp_multi_RESERVED")]
    name_type [(0, "host_name")]
    certificate_type [(0, "X509"), (1, "OpenPGP_RESERVED"), (2, "Raw Public Key"), (3, "1609Dot2")]
    fragment_length [(1, "512 bytes"), (2, "1024 bytes"), (3, "2048 bytes"), (4, "4096 bytes")]
    level [(1, "warning"), (2, "fatal")]
    client_hello_kind [(0, "outer"), (1, "inner")]
    heartbeat_mode [(1, "peer_allowed_to_send"), (2, "peer_not_allowed_to_send")]
    client_certificate_type [
        (1, "rsa_sign"), (2, "dss_sign"), (3, "rsa_fixed_dh"), (4, "dss_fixed_dh"),
        (5, "rsa_ephemeral_dh_RESERVED"), (6, "dss_ephemeral_dh_RESERVED"),
        (20, "fortezza_dms_RESERVED"), (22, "gost_sign256"), (23, "gost_sign512"),
        (64, "ecdsa_sign"), (65, "rsa_fixed_ecdh"), (66, "ecdsa_fixed_ecdh")
    ]
}

names! { u16, pair, PAIRS:
    version [
        (0x0002, "SSL 2"), (0x0300, "SSL 3"), (0x0301, "TLS 1.0"), (0x0302, "TLS 1.1"),
        (0x0303, "TLS 1.2"), (0x0304, "TLS 1.3"), (0xfeff, "DTLS 1.0"), (0xfefd, "DTLS 1.2"),
        (0xfefc, "DTLS 1.3")
    ]
    certificate_compression [(1, "zlib"), (2, "brotli"), (3, "zstd")]
    kem [
        (0x0010, "DHKEM(P-256, HKDF-SHA256)"), (0x0011, "DHKEM(P-384, HKDF-SHA384)"),
        (0x0012, "DHKEM(P-521, HKDF-SHA512)"), (0x0020, "DHKEM(X25519, HKDF-SHA256)"),
        (0x0021, "DHKEM(X448, HKDF-SHA512)")
    ]
    kdf [(1, "HKDF-SHA256"), (2, "HKDF-SHA384"), (3, "HKDF-SHA512")]
    aead [(1, "AES-128-GCM"), (2, "AES-256-GCM"), (3, "ChaCha20Poly1305"), (0xffff, "Export-only")]
}

/// Explains a mode of psk_key_exchange_modes. The GREASE numbers are `0x0b` and every thirty-first after it, up to `0xe4`
/// (RFC 8701, 2).
pub(in crate::explain) fn psk_mode(number: u8) -> Meaning {
    let (name, says) = match number {
        0 => {
            ("psk_ke", "The pre-shared key alone. An attacker that learns it later can decrypt the session.")
        }
        1 => (
            "psk_dhe_ke",
            "The pre-shared key and a new key exchange. An attacker that learns the key later can only decrypt early data.",
        ),
        _ if number % 31 == 11 => return grease(format!("GREASE ({number})")),
        _ => return byte(None, number),
    };
    Meaning { says: says.into(), ..byte(Some(name), number) }
}

#[cfg(test)]
mod tests {
    use rustls::{ContentType, HandshakeType, ProtocolVersion};

    use super::*;
    use crate::explain::names::tests::{has_no_duplicates, is_called_like};

    #[test]
    fn no_table_has_a_number_or_a_name_twice() {
        BYTES.iter().for_each(|table| has_no_duplicates(table));
        PAIRS.iter().for_each(|table| has_no_duplicates(table));
    }

    #[test]
    fn names_of_rustls_are_the_same() {
        for number in 0..=u8::MAX {
            is_called_like(&content_type(number), ContentType::from(number).as_str());
            is_called_like(&handshake_type(number), HandshakeType::from(number).as_str());
        }
        for number in 0..=u16::MAX {
            let ours = version(number).value.replacen(' ', "v", 1).replace('.', "_");
            is_called_like(&ours.into(), ProtocolVersion::from(number).as_str());
        }
    }

    #[test]
    fn grease_modes_are_recognised() {
        let grease: Vec<u8> =
            (0..=u8::MAX).filter(|number| psk_mode(*number).value.starts_with("GREASE")).collect();
        assert_eq!(grease, [0x0b, 0x2a, 0x49, 0x68, 0x87, 0xa6, 0xc5, 0xe4]);
    }
}
