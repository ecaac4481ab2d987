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
