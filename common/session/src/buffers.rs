//! The buffers of a loop, for ciphertext and plaintext.

/// The largest number of bytes that one `recv` reads.
///
/// rustls' own buffer starts at 4 KiB and grows, so it would need five calls for a record of 16 KiB. This size was
/// measured. With 16 KiB, bulk transfer takes a third more CPU. With 48 and 64 KiB, a peer that keeps 48 KiB in
/// flight waits 1.6 and 1.8 times as long, because one read then holds most of the bytes that it waits for.
pub(crate) const READ_SIZE: usize = 32 * 1024;

/// The same for a session that is alone and whose peer sends faster than the session reads. It takes 5 % less CPU.
pub(crate) const MAX_READ_SIZE: usize = 64 * 1024;

/// The offset of plaintext in its block of memory: one cache line.
///
/// The server's allocator starts all large blocks at the same offset in a page. rustls copies plaintext to an address
/// 5 or 13 bytes behind the start of a block, because the header of the record comes first. If the destination of a
/// long copy lies 1 to 15 bytes further into its page than the source, the copy can take thirty times as long. `rep
/// movsb` does that on AMD's Zen 3 and Zen 4, and glibc before 2.39 uses it there (see `server/benches`).
const PLAINTEXT_OFFSET: usize = 64;

/// The buffers of a loop. All its sessions share them. Between two turns they hold nothing.
pub struct Buffers {
    ciphertext: Box<[u8]>,
    plaintext: Box<[u8]>,
}

impl Buffers {
    /// Takes the buffers for a read, and leaves empty ones. The caller puts them back.
    pub(crate) fn take(&mut self) -> Self {
        std::mem::replace(self, Self { ciphertext: Box::default(), plaintext: Box::default() })
    }

    /// Returns the buffer for one read of this size, and the buffer for its plaintext.
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
