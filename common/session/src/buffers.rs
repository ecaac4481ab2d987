//! The buffers that bytes pass through.

/// How many bytes one `recv` may bring. The buffer of rustls grows from 4 KiB and would need five calls for one record of
/// 16 KiB. The size was measured. With 16 KiB bulk takes a third more CPU. With 48 and 64 KiB a peer that keeps 48 KiB in
/// flight waits 1.6 and 1.8 times as long, because most of what it waits for is one read then.
pub(crate) const READ_SIZE: usize = 32 * 1024;

/// How many bytes one `recv` may bring to a session that is alone and whose peer is far ahead: 5 % less CPU.
pub(crate) const MAX_READ_SIZE: usize = 64 * 1024;

/// Where plaintext begins in its block of memory: one cache line behind its beginning. The server's allocator begins all
/// large blocks at the same offset in a page, and rustls copies plaintext to an address 5 or 13 bytes behind the beginning
/// of a block, where the header of the record goes. If the destination of a long copy lies 1 to 15 bytes further into its
/// page than the source, the copy can take thirty times as long: `rep movsb` on AMD's Zen 3 and Zen 4, which glibc before
/// 2.39 uses there (see `server/benches`).
const PLAINTEXT_OFFSET: usize = 64;

/// The buffers of a loop. All its sessions use them, and they are empty between two turns.
pub struct Buffers {
    ciphertext: Box<[u8]>,
    plaintext: Box<[u8]>,
}

impl Buffers {
    /// Takes the buffers out for a read. Until they are put back, empty ones are in their place.
    pub(crate) fn take(&mut self) -> Self {
        std::mem::replace(self, Self { ciphertext: Box::default(), plaintext: Box::default() })
    }

    /// The buffer for one read of this size, and the buffer for its plaintext.
    pub(crate) fn split(&mut self, read_size: usize) -> (&mut [u8], &mut [u8]) {
        (&mut self.ciphertext[..read_size], &mut self.plaintext[PLAINTEXT_OFFSET..])
    }
}

impl Default for Buffers {
    fn default() -> Self {
        Self {
            ciphertext: vec![0; MAX_READ_SIZE].into(),
            plaintext: vec![0; PLAINTEXT_OFFSET + 16 * 1024].into(),
        }
    }
}
