//! The lengths of keys.

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
