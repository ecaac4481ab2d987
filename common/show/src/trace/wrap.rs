//! Breaks long lines for a terminal.

use std::cell::LazyCell;
use std::io;

use rustix::termios::tcgetwinsize;

/// The width of the terminal, if there is one. It is asked for at most once, when the first line is broken.
pub(super) type Width = LazyCell<Option<usize>, fn() -> Option<usize>>;

/// Returns the width of the terminal on stderr in columns. Call it for each step, because people resize windows.
pub(super) fn terminal_width() -> Option<usize> {
    let size = tcgetwinsize(io::stderr()).ok()?;
    Some(usize::from(size.ws_col)).filter(|columns| *columns > 0)
}

/// Breaks text at spaces. The first piece has at most `first` characters, the others at most `rest`. A longer word is broken
/// anywhere.
pub(super) fn wrap(text: &str, first: usize, rest: usize) -> Vec<&str> {
    let mut pieces = Vec::new();
    let (mut left, mut width) = (text, first.max(1));
    while let Some((limit, _)) = left.char_indices().nth(width) {
        // The text may also break at a space right after the last column.
        let window = left.get(..=limit).unwrap_or(left);
        let space = window.rfind(' ').filter(|space| !window[..*space].trim_start().is_empty());
        let (piece, behind) = left.split_at(space.unwrap_or(limit));
        pieces.push(piece.trim_end());
        left = behind.trim_start();
        width = rest.max(1);
    }
    pieces.push(left);
    pieces
}

#[cfg(test)]
mod tests {
    use super::wrap;

    #[test]
    fn text_is_broken_at_spaces_and_long_words_are_broken_anywhere() {
        for (text, first, rest, pieces) in [
            ("", 5, 5, vec![""]),
            ("short", 5, 5, vec!["short"]),
            ("one two three", 7, 5, vec!["one two", "three"]),
            ("one two three", 6, 5, vec!["one", "two", "three"]),
            ("  recv   12 B of it", 11, 6, vec!["  recv   12", "B of", "it"]),
            ("longer than", 4, 6, vec!["long", "er", "than"]),
            ("  longer", 4, 3, vec!["  lo", "nge", "r"]),
            ("◀ é→é ●●●●", 5, 4, vec!["◀ é→é", "●●●●"]),
            ("x", 0, 0, vec!["x"]),
        ] {
            assert_eq!(wrap(text, first, rest), pieces, "{text}");
        }
    }
}
