//! The properties of cipher suites.

use std::ops::Range;

use aws_lc_rs::aead;
use rustls::{CipherSuite, Side};

/// The AEAD of a suite.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Aead {
    /// The length of the key in bytes.
    pub(crate) key: usize,
    /// The length of the IV in the key block of TLS 1.2 in bytes (RFC 5288, 3; RFC 7905, 2). In TLS 1.3 it is that of the
    /// nonce.
    pub(crate) fixed_iv: usize,
    /// `None`: the library does not have it.
    pub(crate) algorithm: Option<&'static aead::Algorithm>,
}

impl Aead {
    /// Returns the AEAD of a suite. `None`: the suite is unknown, or its records are not protected by an AEAD.
    pub(crate) fn of(suite: CipherSuite) -> Option<Self> {
        let name = suite.as_str()?;
        let has = |part| name.contains(part);
        let (key, fixed_iv, algorithm) = match () {
            () if has("CHACHA20_POLY1305") => (32, 12, Some(&aead::CHACHA20_POLY1305)),
            () if has("AES_128_GCM") => (16, 4, Some(&aead::AES_128_GCM)),
            () if has("AES_256_GCM") => (32, 4, Some(&aead::AES_256_GCM)),
            () if has("AES_128_CCM") => (16, 4, None),
            () if has("AES_256_CCM") => (32, 4, None),
            () => return None,
        };
        Some(Self { key, fixed_iv, algorithm })
    }

    /// Returns the length of the key block in bytes (RFC 5246, 6.3). An AEAD needs no MAC keys.
    pub(crate) fn key_block(&self) -> usize {
        2 * (self.key + self.fixed_iv)
    }

    /// Returns the places of the key and of the IV of an end in the key block (RFC 5246, 6.3).
    pub(crate) fn cut(&self, side: Side) -> (Range<usize>, Range<usize>) {
        let nth = usize::from(side == Side::Server);
        let place = |start: usize, length: usize| start + nth * length..start + (nth + 1) * length;
        (place(0, self.key), place(2 * self.key, self.fixed_iv))
    }
}

/// The key exchange of a suite of TLS 1.2, which decides the form of ServerKeyExchange and ClientKeyExchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyExchange {
    /// ECDHE. The server signs a named group and a public key (RFC 8422, 5.4).
    Ecdhe,
    /// DHE. The server signs a prime, a generator and a public key (RFC 5246, 7.4.3).
    Dhe,
    /// The client encrypts the secret with the key of the certificate (RFC 5246, 7.4.7.1).
    Rsa,
    /// Another one: for example with a PSK, or without a signature.
    Other,
}

impl KeyExchange {
    /// Returns the key exchange of a suite.
    pub(crate) fn of(suite: CipherSuite) -> Self {
        let name = suite.as_str().unwrap_or_default();
        let is_one_of = |beginnings: &[&str]| beginnings.iter().any(|beginning| name.starts_with(beginning));
        match () {
            () if is_one_of(&["TLS_ECDHE_RSA_", "TLS_ECDHE_ECDSA_"]) => Self::Ecdhe,
            () if is_one_of(&["TLS_DHE_RSA_", "TLS_DHE_DSS_"]) => Self::Dhe,
            () if is_one_of(&["TLS_RSA_WITH_"]) => Self::Rsa,
            () => Self::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use rustls::SupportedCipherSuite;
    use rustls::crypto::aws_lc_rs::ALL_CIPHER_SUITES;

    use super::*;

    #[test]
    fn every_suite_of_rustls_has_an_aead_of_the_right_lengths() {
        assert_eq!(ALL_CIPHER_SUITES.len(), 9);
        for suite in ALL_CIPHER_SUITES {
            let aead = Aead::of(suite.suite()).unwrap();
            assert_eq!(aead.algorithm.map(aead::Algorithm::key_len), Some(aead.key), "{suite:?}");
            if let SupportedCipherSuite::Tls12(suite) = suite {
                let shape = suite.aead_alg.key_block_shape();
                assert_eq!((aead.key, aead.fixed_iv), (shape.enc_key_len, shape.fixed_iv_len), "{suite:?}");
            }
        }
    }
}
