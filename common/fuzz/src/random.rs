//! Randomness that is the same in every run, so that an input always does the same.

use std::cell::Cell;

use rustls::crypto::{GetRandomFailed, SecureRandom};

/// What the client's connections draw from.
pub static CLIENT: Seeded = Seeded::Client;
/// What the server's connections draw from. It is another one, so that what a client says to a server in one run is
/// right in every run.
pub static SERVER: Seeded = Seeded::Server;

thread_local! {
    /// Where the two have come to, in this thread: tests run side by side.
    static STATES: [Cell<u64>; 2] = const { [Cell::new(0), Cell::new(0)] };
}

/// Numbers that look random (SplitMix64).
#[derive(Clone, Copy, Debug)]
pub enum Seeded {
    /// Those of the client.
    Client,
    /// Those of the server.
    Server,
}

impl Seeded {
    /// Begins again.
    pub fn restart(self) {
        STATES.with(|states| states[self as usize].set(1 + self as u64));
    }

    fn next(self) -> u64 {
        let mut mixed = STATES.with(|states| {
            let state = &states[self as usize];
            state.set(state.get().wrapping_add(0x9e37_79b9_7f4a_7c15));
            state.get()
        });
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// So many bytes.
    pub fn draw<const LENGTH: usize>(self) -> [u8; LENGTH] {
        let mut bytes = [0; LENGTH];
        self.spread(&mut bytes);
        bytes
    }

    fn spread(self, buffer: &mut [u8]) {
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
