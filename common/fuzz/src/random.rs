//! Randomness that is the same in every run, so that an input always does the same.

use std::sync::atomic::{AtomicU64, Ordering};

use rustls::crypto::{GetRandomFailed, SecureRandom};

/// What the client's connections draw from.
pub static CLIENT: Seeded = Seeded::new(0x636c_6965_6e74);
/// What the server's connections draw from. It is another one, so that what a client says to a server in one run is
/// right in every run.
pub static SERVER: Seeded = Seeded::new(0x7365_7276_6572);

/// Numbers that look random (SplitMix64).
#[derive(Debug)]
pub struct Seeded {
    seed: u64,
    state: AtomicU64,
}

impl Seeded {
    const fn new(seed: u64) -> Self {
        Self { seed, state: AtomicU64::new(seed) }
    }

    /// Begins again.
    pub fn restart(&self) {
        self.state.store(self.seed, Ordering::Relaxed);
    }

    fn next(&self) -> u64 {
        const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
        let mut mixed = self.state.fetch_add(STEP, Ordering::Relaxed).wrapping_add(STEP);
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// So many bytes.
    pub fn draw<const LENGTH: usize>(&self) -> [u8; LENGTH] {
        let mut bytes = [0; LENGTH];
        self.spread(&mut bytes);
        bytes
    }

    fn spread(&self, buffer: &mut [u8]) {
        for chunk in buffer.chunks_mut(8) {
            chunk.copy_from_slice(&self.next().to_le_bytes()[..chunk.len()]);
        }
    }
}

impl SecureRandom for Seeded {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), GetRandomFailed> {
        self.spread(buffer);
        Ok(())
    }
}
