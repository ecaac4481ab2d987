//! The beginning of what an application said.

use std::fmt;

use tls_session::escaped::Escaped;

/// How wide a preview is in a trace.
const CHARACTERS: usize = 32;

/// As much of some plaintext as fits, escaped: printable ASCII on one line, whatever the peer sent.
pub(crate) struct Preview {
    text: String,
    cut: bool,
}

impl Preview {
    /// Escapes the beginning of `plaintext`.
    pub(crate) fn of(plaintext: &[u8]) -> Self {
        let mut text = String::new();
        for byte in plaintext {
            let shown = Escaped::new(std::slice::from_ref(byte)).to_string();
            if text.len() + shown.len() > CHARACTERS {
                return Self { text, cut: true };
            }
            text += &shown;
        }
        Self { text, cut: false }
    }

    /// What stands behind it if there is more.
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
