//! How the two ends get the same secret.

use rustls::NamedGroup;

/// The kind of a key exchange.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Exchange {
    /// Each end combines its own private key with the public key of the other end.
    PublicKeys,
    /// The server encapsulates a secret with the client's key.
    Encapsulation,
    /// Both, one secret after the other.
    Hybrid {
        /// The curve of the public keys.
        curve: &'static str,
        /// The order of the secrets. With the NIST curves the secret of the curve comes first.
        is_curve_first: bool,
    },
    /// TLS 1.2 without a named group.
    Unknown,
}

/// Returns the kind of a group (draft-ietf-tls-ecdhe-mlkem, 4; draft-ietf-tls-mlkem, 4).
pub(super) fn exchange(group: Option<NamedGroup>) -> Exchange {
    match group.map(u16::from) {
        None => Exchange::Unknown,
        Some(0x0200..=0x0202) => Exchange::Encapsulation,
        Some(0x11eb) => Exchange::Hybrid { curve: "secp256r1", is_curve_first: true },
        Some(0x11ec) => Exchange::Hybrid { curve: "X25519", is_curve_first: false },
        Some(0x11ed) => Exchange::Hybrid { curve: "secp384r1", is_curve_first: true },
        Some(_) => Exchange::PublicKeys,
    }
}

impl Exchange {
    /// Says how both ends get the secret.
    pub(super) fn says(self) -> &'static str {
        match self {
            Self::PublicKeys => {
                "Each end combines its own private key with the public key of the other end. Both get the same number. It \
                 never crosses the wire, so an attacker that records the session cannot compute any key of it."
            }
            Self::Encapsulation => {
                "The client sends a public key of ML-KEM. The server makes a secret and encrypts it with this key \
                 (encapsulation). Only the client can decrypt it. An attacker that records the session cannot compute any key \
                 of it."
            }
            Self::Hybrid { .. } => {
                "Two secrets, one after the other. Curve: each end combines its own private key with the public key of the other \
                 end. ML-KEM: the server makes a secret and encrypts it with the client’s ML-KEM key (encapsulation), and only \
                 the client can decrypt it. An attacker that records the session has to break both."
            }
            Self::Unknown => {
                "The suite decides how both ends get the same secret. With RSA the client makes it, and encrypts it with the \
                 key of the server’s certificate. With Diffie-Hellman each end combines its own private key with the public \
                 key of the other end."
            }
        }
    }

    /// Names the inputs of the calculation.
    pub(super) fn inputs(self) -> Vec<String> {
        match self {
            Self::PublicKeys => vec!["own private key".to_owned(), "public key of the other end".to_owned()],
            Self::Encapsulation => vec![ML_KEM.to_owned()],
            Self::Hybrid { curve, is_curve_first } => {
                in_order([format!("{curve} secret"), ML_KEM.to_owned()], is_curve_first).into()
            }
            Self::Unknown => Vec::new(),
        }
    }

    /// Returns the calculation with this group.
    pub(super) fn formula(self, group: &str) -> String {
        let combined = |curve: &str| format!("{curve}(own private key, public key of the other end)");
        match self {
            Self::PublicKeys => combined(group),
            Self::Encapsulation => ML_KEM.to_owned(),
            Self::Hybrid { curve, is_curve_first } => {
                in_order([combined(curve), ML_KEM.to_owned()], is_curve_first).join(" + ")
            }
            Self::Unknown => "the key exchange of the suite".to_owned(),
        }
    }

    /// Says what each end sends: the client, and the server.
    pub(super) fn shares(self) -> [&'static str; 2] {
        match self {
            Self::Hybrid { .. } => [
                "The client’s two public keys are in ",
                "the server’s public key and its ML-KEM ciphertext are in ",
            ],
            Self::Encapsulation => ["The client’s public key is in ", "the server’s ciphertext is in "],
            Self::PublicKeys | Self::Unknown => ["The client’s public key is in ", "the server’s is in "],
        }
    }
}

const ML_KEM: &str = "ML-KEM secret";

/// Orders the secret of the curve and that of ML-KEM.
fn in_order([curve, kem]: [String; 2], is_curve_first: bool) -> [String; 2] {
    if is_curve_first { [curve, kem] } else { [kem, curve] }
}
