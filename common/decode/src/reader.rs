//! Reads numbers and vectors from bytes, and never past their end.

/// Reads from the front of some bytes. Each function returns `None` if there are too few.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// Returns the bytes that are left.
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.0
    }

    pub(crate) fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (head, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(head)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    pub(crate) fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_be_bytes)
    }

    /// Reads the length of a vector, a number of `width` bytes.
    pub(crate) fn length(&mut self, width: usize) -> Option<usize> {
        self.take(width).map(number)
    }

    /// Reads a vector with a length of `width` bytes.
    pub(crate) fn vector(&mut self, width: usize) -> Option<Reader<'a>> {
        let length = self.length(width)?;
        self.take(length).map(Reader)
    }

    /// Reads a vector that may be cut short.
    pub(crate) fn begun_vector(&mut self, width: usize) -> Option<Reader<'a>> {
        let length = self.length(width)?.min(self.0.len());
        self.take(length).map(Reader)
    }

    /// Returns the numbers of two bytes that are left. Ignores an odd byte at the end.
    pub(crate) fn numbers<T: From<u16>>(mut self) -> Vec<T> {
        std::iter::from_fn(|| self.u16().map(T::from)).collect()
    }
}

/// Returns the number that these bytes encode, the highest byte first.
pub(crate) fn number(bytes: &[u8]) -> usize {
    bytes.iter().fold(0, |number, byte| number << 8 | usize::from(*byte))
}
