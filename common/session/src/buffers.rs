//! The buffers that bytes pass through.

/// What one `recv` may bring, a helping. rustls alone, whose own buffer grows from 4 KiB, would need five for a single
/// record of 16 KiB. The size was measured: with 16 KiB bulk takes a third more CPU; with 48 and 64 KiB a peer that keeps
/// 48 on their way waits 1.6 and 1.8 times as long, because most of what it waits for is one helping then.
const HELPING: usize = 32 * 1024;
/// What it may bring to a session that is alone, and whose peer is far ahead: 5 % less CPU.
const LARGE_HELPING: usize = 64 * 1024;

/// Where plaintext begins in its block of memory: a cache line into it. The server's allocator begins all large blocks
/// at the same places of a page, and rustls copies plaintext to 5 or 13 bytes behind the beginning of one, where the
/// header of the record goes. If the destination of a long copy lies 1 to 15 bytes further into its page than the source,
/// it can take thirty times as long: `rep movsb` on AMD's Zen 3 and Zen 4, by which glibc before 2.39 copies there (see
/// `server/benches`).
const PLAINTEXT_BEGINS: usize = 64;

/// The buffers of the loop, used by all its sessions and empty between turns.
pub struct Scratch {
    ciphertext: Box<[u8]>,
    plaintext: Box<[u8]>,
    /// The most that a helping may be.
    most: usize,
}

impl Scratch {
    /// How many sessions there are, one until this is called. Where there are others, who may have to wait for a turn
    /// to end, no helping is large.
    pub fn share_among(&mut self, sessions: usize) {
        self.most = if sessions > 1 { HELPING } else { LARGE_HELPING };
    }

    /// Where the next helping of a session goes, and its plaintext. A helping grows to half of what has come
    /// `in_a_row`, since the session last found its socket empty: a peer that has kept it full for so long does not
    /// wait for a helping.
    pub(crate) fn lend(&mut self, in_a_row: usize) -> (&mut [u8], &mut [u8]) {
        let length = (in_a_row / 2).clamp(HELPING, self.most);
        (&mut self.ciphertext[..length], &mut self.plaintext[PLAINTEXT_BEGINS..])
    }
}

impl Default for Scratch {
    fn default() -> Self {
        Self {
            ciphertext: vec![0; LARGE_HELPING].into(),
            plaintext: vec![0; PLAINTEXT_BEGINS + 16 * 1024].into(),
            most: LARGE_HELPING,
        }
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
