//! The certificates of a session: an authority, and the certificates that it has issued to client and server.

use std::sync::OnceLock;

use rcgen::{
    PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_ED25519, PKCS_RSA_SHA256, SignatureAlgorithm,
};

use crate::certificates::{Authority, Identity};
use crate::folder::TempDir;

/// A kind of key. All keys of a chain are of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// RSA with 2048 bits.
    Rsa2048,
    /// ECDSA on the curve P-256.
    P256,
    /// ECDSA on the curve P-384.
    P384,
    /// Ed25519.
    Ed25519,
}

impl Key {
    /// Its name in the table.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rsa2048 => "RSA-2048",
            Self::P256 => "P-256",
            Self::P384 => "P-384",
            Self::Ed25519 => "Ed25519",
        }
    }

    fn algorithm(self) -> &'static SignatureAlgorithm {
        match self {
            Self::Rsa2048 => &PKCS_RSA_SHA256,
            Self::P256 => &PKCS_ECDSA_P256_SHA256,
            Self::P384 => &PKCS_ECDSA_P384_SHA384,
            Self::Ed25519 => &PKCS_ED25519,
        }
    }

    /// Returns a folder with `ca.pem`, and with `server.pem`, `server-key.pem`, `client.pem` and `client-key.pem` of
    /// this authority.
    pub(super) fn folder(self) -> TempDir {
        static CHAINS: [OnceLock<Chain>; 4] = [const { OnceLock::new() }; 4];
        let chain = CHAINS[self as usize].get_or_init(|| Chain::new(self));
        let folder = TempDir::new();
        folder.write("ca.pem", &chain.authority);
        folder.write("server.pem", &chain.server.certificate);
        folder.write("server-key.pem", &chain.server.key);
        folder.write("client.pem", &chain.client.certificate);
        folder.write("client-key.pem", &chain.client.key);
        folder
    }
}

struct Chain {
    authority: String,
    server: Identity,
    client: Identity,
}

impl Chain {
    fn new(key: Key) -> Self {
        let authority = Authority::with_keys("Authority of the tests", key.algorithm());
        let (server, client) = (authority.issue(), authority.issue_to(&["client.test"]));
        Self { authority: authority.certificate, server, client }
    }
}
