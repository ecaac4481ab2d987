//! The rest of a read that was more work than one turn may do.

/// Ciphertext that was read, and that rustls has not been given yet. At most one read (invariant I4); usually nothing,
/// and then it holds no memory.
#[derive(Debug, Default)]
pub(super) struct Unprocessed {
    bytes: Vec<u8>,
    used: usize,
}

impl Unprocessed {
    /// Keeps a copy of `bytes`: the buffer in which they came belongs to all sessions.
    pub(super) fn keep(bytes: &[u8]) -> Self {
        Self { bytes: bytes.to_vec(), used: 0 }
    }

    /// Returns whether there is nothing left.
    pub(super) fn is_empty(&self) -> bool {
        self.used == self.bytes.len()
    }

    /// The bytes that are left, in the order in which they came.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes[self.used..]
    }

    /// The same without its first `count` bytes. If nothing is left, the memory is free again.
    pub(super) fn without(self, count: usize) -> Self {
        let used = self.used + count;
        if used == self.bytes.len() { Self::default() } else { Self { used, ..self } }
    }
}
