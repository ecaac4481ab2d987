//! The status line: the last line of a terminal, which is rewritten in place. Log lines appear above it.

use std::io::{self, IsTerminal};

use crate::stderr;

/// The longest text. A longer one would wrap, and only its last row could be erased.
const WIDTH: usize = 79;

/// Returns whether stderr is a terminal on which a line can be rewritten.
pub fn is_possible() -> bool {
    let dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb");
    !dumb && io::stderr().is_terminal()
}

/// Replaces the status line by the first 79 characters of `text`. An empty text erases it.
///
/// `text` must be the program's own, because it is not escaped.
pub fn show(text: &str) {
    stderr::show_status(&text.chars().take(WIDTH).collect::<String>());
}
