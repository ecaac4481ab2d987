//! The functions of the key schedule: HMAC, HKDF and the PRF of TLS 1.2. The results are overwritten when they are dropped.

use aws_lc_rs::{digest, hmac};
use zeroize::Zeroizing;

use crate::schedule::HashAlgorithm;

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

/// Computes HMAC of a message in parts (RFC 2104). HKDF-Extract is HMAC whose key is the salt (RFC 5869, 2.2).
pub(crate) fn mac(algorithm: HashAlgorithm, key: &[u8], message: &[&[u8]]) -> Zeroizing<Vec<u8>> {
    let mut context = hmac::Context::with_key(&hmac::Key::new(algorithm.hmac(), key));
    message.iter().for_each(|part| context.update(part));
    Zeroizing::new(context.sign().as_ref().to_vec())
}

/// Computes the hash of no bytes at all.
pub(crate) fn empty_hash(algorithm: HashAlgorithm) -> Vec<u8> {
    digest::digest(algorithm.digest(), &[]).as_ref().to_vec()
}

/// Computes HKDF-Expand-Label (RFC 8446, 7.1; RFC 5869, 2.3).
pub(crate) fn expand_label(
    algorithm: HashAlgorithm,
    secret: &[u8],
    label: &str,
    context: &[u8],
    length: usize,
) -> Option<Zeroizing<Vec<u8>>> {
    let info = hkdf_label(label, context, length)?;
    let mut output = room(algorithm, length);
    let mut block = Zeroizing::new(Vec::new());
    for number in 1..=u8::MAX {
        if output.len() >= length {
            break;
        }
        block = mac(algorithm, secret, &[&block, &info, &[number]]);
        output.extend_from_slice(&block);
    }
    output.truncate(length);
    (output.len() == length).then_some(output)
}

/// Computes the PRF of TLS 1.2, cut to a length (RFC 5246, 5).
pub(crate) fn prf(
    algorithm: HashAlgorithm,
    secret: &[u8],
    label: &str,
    seed: &[u8],
    length: usize,
) -> Zeroizing<Vec<u8>> {
    let seed = [label.as_bytes(), seed].concat();
    let mut output = room(algorithm, length);
    let mut a = mac(algorithm, secret, &[&seed]);
    while output.len() < length {
        output.extend_from_slice(&mac(algorithm, secret, &[&a, &seed]));
        a = mac(algorithm, secret, &[&a]);
    }
    output.truncate(length);
    output
}

/// Returns an empty vector that does not move while whole blocks are added up to this length. A move would leave a copy.
fn room(algorithm: HashAlgorithm, length: usize) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(Vec::with_capacity(length + algorithm.length()))
}

#[cfg(test)]
mod tests {
    use zeroize::ZeroizeOnDrop;

    use super::*;

    #[test]
    fn results_are_overwritten_and_do_not_move() {
        fn is_overwritten(_: &impl ZeroizeOnDrop) {}
        for algorithm in HashAlgorithm::ALL {
            for length in [0, 1, 32, 48, 100, 255 * 32] {
                let expanded = expand_label(algorithm, b"secret", "label", &[], length).unwrap();
                let derived = prf(algorithm, b"secret", "label", b"seed", length);
                for output in [&expanded, &derived] {
                    is_overwritten(output);
                    assert_eq!((output.len(), output.capacity()), (length, length + algorithm.length()));
                }
            }
            is_overwritten(&mac(algorithm, b"secret", &[b"message"]));
        }
        assert!(expand_label(HashAlgorithm::Sha256, b"secret", "label", &[], 255 * 32 + 1).is_none());
    }
}
