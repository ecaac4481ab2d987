//! The buffers that bytes pass through.

use std::ops::{Deref, DerefMut};

/// What one `recv` may bring, a helping. rustls alone, whose own buffer grows from 4 KiB, would need five for a single
/// record of 16 KiB. With half of it bulk takes a third more CPU; with more, a peer that keeps 48 KiB on their way waits
/// 1.6 times as long, because most of what it waits for is one helping then.
const HELPING: usize = 32 * 1024;
/// What it may bring to a session that is alone, and whose peer is far ahead: 5 % less CPU.
const LARGE_HELPING: usize = 64 * 1024;

/// The buffers of the loop, shared by all its sessions and empty between turns.
pub struct Scratch {
    ciphertext: Box<[u8]>,
    plaintext: PlaintextBuffer,
    shared: bool,
}

impl Scratch {
    /// How many sessions there are. While there are others, who wait for a turn to end, no helping is large.
    pub fn share_among(&mut self, sessions: usize) {
        self.shared = sessions > 1;
    }

    /// Where the next helping of a session goes, and its plaintext. A helping is at most half of what has come
    /// `in_a_row`, since the session last found its socket empty: so much the peer sends without an answer.
    pub(crate) fn lend(&mut self, in_a_row: usize) -> (&mut [u8], &mut [u8]) {
        let most = if self.shared { HELPING } else { LARGE_HELPING };
        let length = (in_a_row / 2).clamp(HELPING, most);
        (&mut self.ciphertext[..length], &mut self.plaintext)
    }
}

impl Default for Scratch {
    fn default() -> Self {
        Self {
            ciphertext: vec![0; LARGE_HELPING].into(),
            plaintext: PlaintextBuffer::new(16 * 1024),
            shared: false,
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_alone_and_has_a_peer_far_ahead_gets_large_helpings() {
        let mut scratch = Scratch::default();
        let mut length = |sessions, in_a_row| {
            scratch.share_among(sessions);
            scratch.lend(in_a_row).0.len()
        };
        assert_eq!([0, 64, 80, 128, 1024].map(|kib| length(1, kib * 1024) / 1024), [32, 32, 40, 64, 64]);
        assert_eq!([0, 64, 80, 128, 1024].map(|kib| length(2, kib * 1024) / 1024), [32; 5]);
    }
}
