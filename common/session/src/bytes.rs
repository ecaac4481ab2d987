//! Shows a number of bytes with its unit.

use std::fmt;

/// A number of bytes, shown as `1 byte` or `2 bytes`.
pub struct Bytes<N>(pub N);

impl<N: Copy + fmt::Display + PartialEq + From<u8>> fmt::Display for Bytes<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = if self.0 == N::from(1) { "" } else { "s" };
        write!(f, "{} byte{plural}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_unit_is_plural_unless_the_number_is_one() {
        assert_eq!([0_u64, 1, 2].map(|number| Bytes(number).to_string()), ["0 bytes", "1 byte", "2 bytes"]);
        assert_eq!(Bytes(1_usize).to_string(), "1 byte");
    }
}
