//! The buffers that bytes pass through.

/// The buffers of the loop, shared by all its sessions and empty between turns.
///
/// One `recv` brings many records, where rustls alone, which grows its own buffer from 4 KiB, would need five for
/// a single record of 16 KiB. The size was measured: bulk echo per CPU-second is a quarter higher with 32 KiB than with
/// 64 KiB, lower again with 24, and with 48 a client that keeps a small window waits longer (see `cargo bench`).
pub struct Scratch {
    pub(crate) ciphertext: Box<[u8]>,
    pub(crate) plaintext: Box<[u8]>,
}

impl Default for Scratch {
    fn default() -> Self {
        Self { ciphertext: vec![0; 32 * 1024].into(), plaintext: vec![0; 16 * 1024].into() }
    }
}
