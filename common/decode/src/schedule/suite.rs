//! The properties of cipher suites.

use rustls::CipherSuite;

/// Returns the length of the key of a suite, and that of the IV in TLS 1.2, in bytes (RFC 5116; RFC 5288, 3; RFC 7905, 2).
/// `None`: the suite is unknown, or its records are not protected by an AEAD.
pub(super) fn lengths(suite: CipherSuite) -> Option<(usize, usize)> {
    let name = suite.as_str()?;
    let has = |part| name.contains(part);
    match () {
        () if has("CHACHA20_POLY1305") => Some((32, 12)),
        () if has("AES_128_GCM") || has("AES_128_CCM") => Some((16, 4)),
        () if has("AES_256_GCM") || has("AES_256_CCM") => Some((32, 4)),
        () => None,
    }
}

/// Returns whether ServerKeyExchange of a suite has a named group and a signature (RFC 8422, 5.4). DHE begins with a prime
/// instead (RFC 5246, 7.4.3), and a PSK with an identity hint (RFC 5489, 2).
pub(super) fn signs_named_group(suite: CipherSuite) -> bool {
    suite.as_str().is_some_and(|name| name.contains("_ECDHE_RSA_") || name.contains("_ECDHE_ECDSA_"))
}
