//! The rest of a read whose records exceed the limit of one turn.

/// Ciphertext that was read and not yet passed to rustls. It is at most one read (invariant I4). Usually it is empty,
/// and then it holds no memory.
#[derive(Debug, Default)]
pub(crate) struct Unprocessed {
    bytes: Vec<u8>,
    used: usize,
}

impl Unprocessed {
    /// Copies `bytes`, because all sessions share the buffer that holds them.
    pub(crate) fn keep(bytes: &[u8]) -> Self {
        Self { bytes: bytes.to_vec(), used: 0 }
    }

    /// Returns whether no bytes are left.
    pub(crate) fn is_empty(&self) -> bool {
        self.used == self.bytes.len()
    }

    /// Returns the bytes that are left, in order.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes[self.used..]
    }

    /// Removes the first `count` bytes. If no bytes are left, the memory is freed.
    pub(crate) fn without(self, count: usize) -> Self {
        let used = self.used + count;
        if used == self.bytes.len() { Self::default() } else { Self { used, ..self } }
    }
}
