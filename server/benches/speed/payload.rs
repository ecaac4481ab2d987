//! The bytes that the clients send, and the check of the echo.

use std::io;
use std::sync::LazyLock;

/// A prime: no two records of a bulk transfer that could be swapped have the same bytes.
const PERIOD: usize = 65_521;

/// Two periods of an endless stream of bytes.
static STREAM: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let mut state = 1_u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    };
    let period: Vec<u8> = (0..PERIOD).map(|_| next()).collect();
    period.repeat(2)
});

/// The next `length` bytes of the stream, at most [`PERIOD`], from `position` on.
pub fn piece(position: usize, length: usize) -> &'static [u8] {
    &STREAM[position % PERIOD..][..length]
}

/// Checks that these are the bytes at `position`.
///
/// # Errors
/// They are not: the server is not an echo server.
pub fn verify(position: usize, bytes: &[u8]) -> io::Result<()> {
    for (offset, part) in (position..).step_by(PERIOD).zip(bytes.chunks(PERIOD)) {
        if part != piece(offset, part.len()) {
            return Err(io::Error::other(format!("a wrong byte came back, after {position} right ones")));
        }
    }
    Ok(())
}
