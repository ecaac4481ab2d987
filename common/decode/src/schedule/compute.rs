//! The functions of the key schedule: HMAC, HKDF and the PRF of TLS 1.2.

use aws_lc_rs::{digest, hmac};

use super::HashAlgorithm;

/// Returns the structure HkdfLabel, which is the input `info` of HKDF-Expand in TLS 1.3 (RFC 8446, 7.1). `length` is the
/// length of the result in bytes. `None`: a part is too long for its length field.
pub fn hkdf_label(label: &str, context: &[u8], length: usize) -> Option<Vec<u8>> {
    const PREFIX: &str = "tls13 ";
    let length = u16::try_from(length).ok()?.to_be_bytes();
    let label_length = u8::try_from(PREFIX.len() + label.len()).ok()?;
    let context_length = u8::try_from(context.len()).ok()?;
    let parts =
        [&length, &[label_length][..], PREFIX.as_bytes(), label.as_bytes(), &[context_length], context];
    Some(parts.concat())
}

/// Computes HMAC (RFC 2104). HKDF-Extract is HMAC whose key is the salt (RFC 5869, 2.2).
pub(super) fn mac(algorithm: HashAlgorithm, key: &[u8], message: &[u8]) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(algorithm.hmac(), key), message).as_ref().to_vec()
}

/// Computes the hash of no bytes at all.
pub(super) fn empty_hash(algorithm: HashAlgorithm) -> Vec<u8> {
    digest::digest(algorithm.digest(), &[]).as_ref().to_vec()
}

/// Computes HKDF-Expand-Label (RFC 8446, 7.1; RFC 5869, 2.3).
pub(super) fn expand_label(
    algorithm: HashAlgorithm,
    secret: &[u8],
    label: &str,
    context: &[u8],
    length: usize,
) -> Option<Vec<u8>> {
    let info = hkdf_label(label, context, length)?;
    let mut output = Vec::new();
    let mut block = Vec::new();
    for number in 1..=u8::MAX {
        if output.len() >= length {
            break;
        }
        block = mac(algorithm, secret, &[&block, info.as_slice(), &[number]].concat());
        output.extend_from_slice(&block);
    }
    output.truncate(length);
    (output.len() == length).then_some(output)
}

/// Computes the PRF of TLS 1.2, cut to a length (RFC 5246, 5).
pub(super) fn prf(
    algorithm: HashAlgorithm,
    secret: &[u8],
    label: &str,
    seed: &[u8],
    length: usize,
) -> Vec<u8> {
    let seed = [label.as_bytes(), seed].concat();
    let mut output = Vec::new();
    let mut a = seed.clone();
    while output.len() < length {
        a = mac(algorithm, secret, &a);
        output.extend(mac(algorithm, secret, &[a.as_slice(), &seed].concat()));
    }
    output.truncate(length);
    output
}
