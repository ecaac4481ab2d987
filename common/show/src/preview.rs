//! The beginning of application data, for people.

use std::fmt;

use decode::explain::beginning;

/// The most characters in a preview.
const CHARACTERS: usize = 32;

/// The beginning of some plaintext, escaped: printable ASCII on one line, whatever the peer sent.
pub(crate) struct Preview {
    text: String,
    cut: bool,
}

impl Preview {
    /// Escapes the beginning of `plaintext`.
    pub(crate) fn of(plaintext: &[u8]) -> Self {
        let (text, more) = beginning(plaintext, CHARACTERS);
        Self { text, cut: more > 0 }
    }

    /// Returns `…` if the plaintext continues after the preview.
    pub(crate) fn more(&self) -> &'static str {
        if self.cut { "…" } else { "" }
    }
}

impl fmt::Display for Preview {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_preview_is_short_printable_and_cut_between_bytes() {
        for (plaintext, shown, cut) in [
            (&b""[..], "", false),
            (b"hello\n", r"hello\n", false),
            (&[b'a'; 32], &*"a".repeat(32), false),
            (&[b'a'; 33], &*"a".repeat(32), true),
            (&[0xff; 9], &*r"\xff".repeat(8), true),
            (b"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\x1b[2J", &*"a".repeat(30), true),
        ] {
            let preview = Preview::of(plaintext);
            assert_eq!((preview.to_string().as_str(), preview.more() == "…"), (shown, cut));
        }
    }
}
