//! Encrypted ClientHello (ECH) as GREASE: random bytes that look like an encrypted ClientHello.
//!
//! RFC 9849, 6.2: a client without a key of the server sends such bytes, so that no observer on the path can tell which
//! clients use ECH, and so that servers and networks stay able to ignore the extension.

use rustls::Error;
use rustls::client::{EchGreaseConfig, EchMode};
use rustls::crypto::aws_lc_rs::hpke::DH_KEM_X25519_HKDF_SHA256_AES_128;
use rustls::crypto::hpke::Hpke as _;

/// Returns the mode for [`ClientConfig`](rustls::ClientConfig). It holds a new public key, whose private key is
/// dropped: no program can decrypt what rustls encrypts for it.
///
/// # Errors
/// The cryptographic library cannot make a key.
pub fn grease() -> Result<EchMode, Error> {
    let (placeholder, _) = DH_KEM_X25519_HKDF_SHA256_AES_128.generate_key_pair()?;
    Ok(EchGreaseConfig::new(DH_KEM_X25519_HKDF_SHA256_AES_128, placeholder).into())
}
