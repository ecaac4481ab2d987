//! The extension key_share.

use rustls::Side;

use super::In;
use crate::explain::field_reader::{FieldReader, Step, about};
use crate::explain::names;
use crate::explain::shown;

/// Explains key_share: a list of shares, one share, or only a group (RFC 8446, 4.2.8).
pub(super) fn key_share(r: &mut FieldReader<'_>, place: In) -> Step {
    match place {
        In::HelloRetryRequest => r.u16("selected_group", names::group).map(drop),
        In::ClientHello => {
            let says = "A key for each group that the client expects the server to choose. An empty list asks the server to choose first.";
            let chosen = (Side::Server, r.known.choices.group);
            r.offered(2, about("client_shares", says, ""), |r| entry(r, place), chosen)
        }
        _ => entry(r, place).map(drop),
    }
}

/// Explains a key share and returns its group.
fn entry(r: &mut FieldReader<'_>, place: In) -> Step<u16> {
    r.group("KeyShareEntry", |r| {
        let group = r.u16("group", names::group)?;
        match hybrid(group, place) {
            Some(parts) if fits(r, &parts) => both(r, &parts)?,
            _ => {
                let says =
                    "A public key, which should be new in each session. The private key never leaves its owner.";
                r.opaque(2, about("key_exchange", says, ""), shown::hex).map(drop)?;
            }
        }
        Ok(group)
    })
}

/// One half of a hybrid: its name, its length, and its sentence.
type Part = (&'static str, usize, &'static str);

const EPHEMERAL: &str =
    "The public key on the curve. It protects the secret from any attacker without a quantum computer.";
const ENCAPSULATION: &str =
    "A public key of ML-KEM. The server encrypts a secret with it, which only the client can decrypt.";
const CIPHERTEXT: &str =
    "A secret, encrypted with the client's ML-KEM key. Probably no quantum computer can decrypt it.";

/// Returns the two halves of a hybrid key share. ML-KEM is the first half in X25519MLKEM768, and the second half in
/// hybrids with NIST curves (draft-ietf-tls-ecdhe-mlkem, 4).
fn hybrid(group: u16, place: In) -> Option<[Part; 2]> {
    let kem = |key, ciphertext| match place {
        In::ClientHello => ("ML-KEM encapsulation key", key, ENCAPSULATION),
        _ => ("ML-KEM ciphertext", ciphertext, CIPHERTEXT),
    };
    match group {
        0x11eb => Some([("P-256 public key", 65, EPHEMERAL), kem(1184, 1088)]),
        0x11ec => Some([kem(1184, 1088), ("X25519 public key", 32, EPHEMERAL)]),
        0x11ed => Some([("P-384 public key", 97, EPHEMERAL), kem(1568, 1568)]),
        _ => None,
    }
}

/// Returns whether the next vector has the length of both halves.
fn fits(r: &FieldReader<'_>, parts: &[Part; 2]) -> bool {
    let length = r.left().first_chunk().map(|bytes| usize::from(u16::from_be_bytes(*bytes)));
    length == Some(parts.iter().map(|(_, length, _)| length).sum())
}

fn both(r: &mut FieldReader<'_>, parts: &[Part; 2]) -> Step {
    let says = "Two keys, one after the other. The session keys depend on both secrets, so an attacker has to break \
                both.";
    r.vector(2, about("key_exchange", says, "draft-ietf-tls-ecdhe-mlkem, 4"), |r| {
        for (name, length, says) in *parts {
            r.bytes(length, about(name, says, ""), shown::hex)?;
        }
        Ok(())
    })
}
