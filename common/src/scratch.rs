//! The buffers that bytes pass through.

use std::ops::{Deref, DerefMut};

/// The buffers of the loop, shared by all its sessions and empty between turns.
///
/// One `recv` brings many records, where rustls alone, which grows its own buffer from 4 KiB, would need five for
/// a single record of 16 KiB. The size was measured (see `cargo bench`): with 16 KiB bulk takes a third more CPU, with 48
/// or 64 hardly less, and a client that keeps a small window waits 1.6 or 1.8 times as long.
pub struct Scratch {
    pub(crate) ciphertext: Box<[u8]>,
    pub(crate) plaintext: PlaintextBuffer,
}

impl Default for Scratch {
    fn default() -> Self {
        Self { ciphertext: vec![0; 32 * 1024].into(), plaintext: PlaintextBuffer::new(16 * 1024) }
    }
}

/// A buffer for plaintext that comes out of rustls or goes into it, and so is copied.
///
/// It begins a cache line into its block of memory. Large blocks tend to begin alike within their pages, and rustls
/// copies plaintext to five bytes behind the beginning of one, where the record's header goes. From the beginning of
/// another, that is the one distance at which a long copy can be thirty times as slow (`rep movsb` on AMD's Zen 3 and
/// Zen 4, which glibc uses there before 2.39; see `server/benches`).
pub struct PlaintextBuffer {
    block: Box<[u8]>,
}

impl PlaintextBuffer {
    const BEGIN: usize = 64;

    /// Room for `length` bytes, zeroed.
    pub fn new(length: usize) -> Self {
        Self { block: vec![0; Self::BEGIN + length].into() }
    }
}

impl Deref for PlaintextBuffer {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.block[Self::BEGIN..]
    }
}

impl DerefMut for PlaintextBuffer {
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.block[Self::BEGIN..]
    }
}
