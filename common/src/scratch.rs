//! The buffers that bytes pass through.

/// The buffers of the loop, shared by all its sessions and empty between turns.
///
/// One `recv` brings many records, where rustls alone, which grows its own buffer from 4 KiB, would need five for
/// a single record of 16 KiB.
pub struct Scratch {
    pub(crate) ciphertext: Box<[u8]>,
    pub(crate) plaintext: Box<[u8]>,
}

impl Default for Scratch {
    fn default() -> Self {
        Self { ciphertext: vec![0; 64 * 1024].into(), plaintext: vec![0; 16 * 1024].into() }
    }
}
