//! The decryption of a record, with the package `cryptography` of Python.

use decode::schedule::{Derivation, HashAlgorithm, Rule};
use decode::{HEADER, Protection, Record};

use super::program::Program;

/// An AEAD of a cipher suite: its name in Python, and the length of its key.
struct Cipher {
    name: &'static str,
    key: usize,
}

/// Returns the AEAD of a suite. In the suites that the decoder knows, the hash function and the length of the key tell it.
fn cipher(keys: &Derivation) -> Option<Cipher> {
    let key = match &keys.rule {
        Rule::TrafficKeys { key, .. } => *key,
        Rule::Cut { key, .. } => key.len(),
        _ => return None,
    };
    let name = match (keys.algorithm, key) {
        (HashAlgorithm::Sha256, 16) | (HashAlgorithm::Sha384, 32) => "AESGCM",
        (HashAlgorithm::Sha256, 32) => "ChaCha20Poly1305",
        _ => return None,
    };
    Some(Cipher { name, key })
}

/// Returns the command that decrypts a record.
pub(super) fn decrypt(record: &Record, keys: &Derivation) -> Option<String> {
    let (sealing, cipher) = (record.sealing?, cipher(keys)?);
    let (key, iv) = keys.value.as_ref()?.bytes().split_at_checked(cipher.key)?;
    let (header, rest) = whole(record)?.split_at_checked(HEADER)?;
    let (explicit, sealed) = rest.split_at_checked(sealing.explicit_nonce)?;
    if !matches!(record.protection, Protection::Opened { .. }) {
        return None;
    }
    let program = Program::default()
        .line(format_args!("from cryptography.hazmat.primitives.ciphers.aead import {}", cipher.name))
        .line("")
        .bytes("key", key)
        .bytes("iv", iv)
        .line(format_args!("number = {}  # of the record under this key", sealing.sequence))
        .bytes("header", header);
    let program = match explicit {
        [] => program.line("nonce = (int.from_bytes(iv, \"big\") ^ number).to_bytes(12, \"big\")"),
        _ => program.bytes("explicit", explicit).line("nonce = iv + explicit"),
    };
    let is_tls13 = record.is_sealed_by_tls13();
    let (program, additional) = if is_tls13 {
        (program, "header")
    } else {
        let length = sealed.len().checked_sub(sealing.tag)?;
        let program = program.line(format_args!(
            "additional = number.to_bytes(8, \"big\") + header[:3] + ({length}).to_bytes(2, \"big\")"
        ));
        (program, "additional")
    };
    let program = program
        .line("# the ciphertext and its tag")
        .bytes("sealed", sealed)
        .line("# fails if the tag does not match")
        .line(format_args!("plaintext = {}(key).decrypt(nonce, sealed, {additional})", cipher.name));
    let content = if is_tls13 { "plaintext.rstrip(b\"\\0\")[:-1]" } else { "plaintext" };
    let comment = if is_tls13 { "  # without the padding and the type" } else { "" };
    Some(program.line(format_args!("print({content}.hex()){comment}")).command())
}

/// Returns the bytes of a record, if none of them is cut.
fn whole(record: &Record) -> Option<&[u8]> {
    let &[_, _, _, high, low, ..] = record.wire.as_slice() else { return None };
    let length = HEADER + usize::from(u16::from_be_bytes([high, low]));
    (record.wire.len() == length).then_some(&record.wire)
}
