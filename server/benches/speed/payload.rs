//! The bytes that the clients send, and the check of the echo.

use std::io;

/// A prime: no two records of a bulk transfer that could be swapped have the same bytes.
const PERIOD: usize = 65_521;

/// An endless stream of bytes.
pub struct Payload(Box<[u8]>);

impl Payload {
    /// Creates the stream.
    pub fn new() -> Self {
        let mut state = 1_u32;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state.to_be_bytes()[0]
        };
        let once: Vec<u8> = (0..PERIOD).map(|_| next()).collect();
        Self([once.as_slice(), once.as_slice()].concat().into())
    }

    /// The next `length` bytes, at most [`PERIOD`], from `position` on.
    pub fn piece(&self, position: usize, length: usize) -> &[u8] {
        let start = position % PERIOD;
        &self.0[start..start + length]
    }

    /// Checks that these are the bytes at `position`.
    ///
    /// # Errors
    /// They are not: the server is not an echo server.
    pub fn verify(&self, position: usize, bytes: &[u8]) -> io::Result<()> {
        for (offset, part) in (position..).step_by(PERIOD).zip(bytes.chunks(PERIOD)) {
            if part != self.piece(offset, part.len()) {
                return Err(io::Error::other(format!("a wrong byte came back, after {position} right ones")));
            }
        }
        Ok(())
    }
}
