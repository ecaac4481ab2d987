//! One line at the bottom of a terminal, rewritten in place, with log lines scrolling by above it.

use std::io::{self, IsTerminal};

use crate::stderr;

/// A longer text would wrap, and only its last row would be erased.
const WIDTH: usize = 79;

/// Whether stderr is a terminal on which a line can be rewritten.
pub fn is_possible() -> bool {
    let dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb");
    !dumb && io::stderr().is_terminal()
}

/// Shows `text`, of which at most 79 characters fit, in the place of what stood there. An empty one erases it.
///
/// `text` is the program's own: nothing in it is escaped.
pub fn show(text: &str) {
    stderr::show_status(&text.chars().take(WIDTH).collect::<String>());
}
