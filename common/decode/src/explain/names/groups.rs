//! The names of key exchange groups.

use super::{Table, find, pair};
use crate::explain::field_reader::Meaning;

const GROUPS: Table<u16> = &[
    (1, "sect163k1"),
    (2, "sect163r1"),
    (3, "sect163r2"),
    (4, "sect193r1"),
    (5, "sect193r2"),
    (6, "sect233k1"),
    (7, "sect233r1"),
    (8, "sect239k1"),
    (9, "sect283k1"),
    (10, "sect283r1"),
    (11, "sect409k1"),
    (12, "sect409r1"),
    (13, "sect571k1"),
    (14, "sect571r1"),
    (15, "secp160k1"),
    (16, "secp160r1"),
    (17, "secp160r2"),
    (18, "secp192k1"),
    (19, "secp192r1"),
    (20, "secp224k1"),
    (21, "secp224r1"),
    (22, "secp256k1"),
    (23, "secp256r1"),
    (24, "secp384r1"),
    (25, "secp521r1"),
    (26, "brainpoolP256r1"),
    (27, "brainpoolP384r1"),
    (28, "brainpoolP512r1"),
    (29, "x25519"),
    (30, "x448"),
    (31, "brainpoolP256r1tls13"),
    (32, "brainpoolP384r1tls13"),
    (33, "brainpoolP512r1tls13"),
    (34, "GC256A"),
    (35, "GC256B"),
    (36, "GC256C"),
    (37, "GC256D"),
    (38, "GC512A"),
    (39, "GC512B"),
    (40, "GC512C"),
    (41, "curveSM2"),
    (256, "ffdhe2048"),
    (257, "ffdhe3072"),
    (258, "ffdhe4096"),
    (259, "ffdhe6144"),
    (260, "ffdhe8192"),
    (0x0200, "MLKEM512"),
    (0x0201, "MLKEM768"),
    (0x0202, "MLKEM1024"),
    (0x11eb, "SecP256r1MLKEM768"),
    (0x11ec, "X25519MLKEM768"),
    (0x11ed, "SecP384r1MLKEM1024"),
    (0x11ee, "curveSM2MLKEM768"),
    (0x6399, "X25519Kyber768Draft00"),
    (0x639a, "SecP256r1Kyber768Draft00"),
    (0xff01, "arbitrary_explicit_prime_curves"),
    (0xff02, "arbitrary_explicit_char2_curves"),
];

/// Explains a group. Groups in use today have a sentence.
pub(in crate::explain) fn group(number: u16) -> Meaning {
    let says = match number {
        23 => "P-256, a NIST curve. Every implementation of TLS 1.3 must support it.",
        24..=25 => "A NIST curve, larger than P-256.",
        29 => "Curve25519, which is fast and easy to implement safely. Most sessions used it before hybrids.",
        30 => "Curve448, a larger curve of the kind of Curve25519.",
        256..=260 => "Diffie-Hellman in a finite field, with a well-known safe prime.",
        0x0200..=0x0202 => "ML-KEM alone. Probably no quantum computer can break it.",
        0x11eb..=0x11ee => {
            "A hybrid of an elliptic curve and ML-KEM. An attacker has to break both, so later quantum computers probably \
             cannot decrypt sessions that are recorded today."
        }
        _ => "",
    };
    let meaning = pair(find(GROUPS, number), number);
    if says.is_empty() { meaning } else { Meaning { says: says.into(), ..meaning } }
}

#[cfg(test)]
mod tests {
    use rustls::NamedGroup;

    use super::*;
    use crate::explain::names::tests::{has_no_duplicates, is_called_like};

    #[test]
    fn the_groups_of_rustls_have_the_same_names() {
        has_no_duplicates(GROUPS);
        for number in 0..=u16::MAX {
            is_called_like(&group(number), NamedGroup::from(number).as_str());
        }
    }
}
