//! Shows numbers of bytes, and of other things.

use std::fmt;

/// A number of things, shown as `1 record` or `2 records`.
pub struct Count<N>(pub N, pub &'static str);

/// A number of bytes, shown as `1 byte` or `2 bytes`.
pub struct Bytes<N>(pub N);

impl<N: Copy + fmt::Display + PartialEq + From<u8>> fmt::Display for Count<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(number, noun) = self;
        let plural = if *number == N::from(1) { "" } else { "s" };
        write!(f, "{number} {noun}{plural}")
    }
}

impl<N: Copy + fmt::Display + PartialEq + From<u8>> fmt::Display for Bytes<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Count(self.0, "byte").fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_noun_is_plural_unless_the_number_is_one() {
        assert_eq!([0_u64, 1, 2].map(|number| Bytes(number).to_string()), ["0 bytes", "1 byte", "2 bytes"]);
        assert_eq!(Count(1_usize, "queued client").to_string(), "1 queued client");
    }
}
