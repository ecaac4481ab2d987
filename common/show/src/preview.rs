//! The beginning of application data, for people.

use decode::explain::beginning;

/// The most characters in a preview.
const CHARACTERS: usize = 32;

/// Escapes the beginning of some plaintext: printable ASCII on one line, whatever the peer sent.
pub(crate) fn preview(plaintext: &[u8]) -> String {
    beginning(plaintext, CHARACTERS).0
}

/// Returns the preview in quotation marks. `…` follows if the plaintext is longer.
pub(crate) fn quoted(plaintext: &[u8]) -> String {
    let (text, more) = beginning(plaintext, CHARACTERS);
    format!("\"{text}\"{}", if more > 0 { "…" } else { "" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_preview_is_short_printable_and_cut_between_bytes() {
        for (plaintext, shown) in [
            (&b""[..], r#""""#),
            (b"hello\n", r#""hello\n""#),
            (&[b'a'; 32], &*format!("\"{}\"", "a".repeat(32))),
            (&[b'a'; 33], &*format!("\"{}\"…", "a".repeat(32))),
            (&[0xff; 9], &*format!("\"{}\"…", r"\xff".repeat(8))),
            (b"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\x1b[2J", &*format!("\"{}\"…", "a".repeat(30))),
        ] {
            assert_eq!(quoted(plaintext), shown);
        }
    }
}
