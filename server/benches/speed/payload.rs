//! What is sent, and the check that the same comes back.

use std::io;

/// A prime, so that no two records of a bulk transfer that could be swapped are alike.
const PERIOD: usize = 65_521;

/// An endless stream of bytes, from which any piece can be lent.
pub struct Payload(Box<[u8]>);

impl Payload {
    /// The stream.
    pub fn new() -> Self {
        let mut state = 1_u32;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state.to_be_bytes()[0]
        };
        let once: Vec<u8> = (0..PERIOD).map(|_| next()).collect();
        Self([once.as_slice(), once.as_slice()].concat().into())
    }

    /// The bytes from `position` on: at most [`PERIOD`] of them.
    pub fn piece(&self, position: usize, length: usize) -> &[u8] {
        let start = position % PERIOD;
        &self.0[start..start + length]
    }

    /// Whether these are the bytes that belong at `position`.
    ///
    /// # Errors
    /// They are not: the server is no echo.
    pub fn verify(&self, position: usize, bytes: &[u8]) -> io::Result<()> {
        for (offset, part) in (position..).step_by(PERIOD).zip(bytes.chunks(PERIOD)) {
            if part != self.piece(offset, part.len()) {
                return Err(io::Error::other(format!("a wrong byte came back, after {position} right ones")));
            }
        }
        Ok(())
    }
}
