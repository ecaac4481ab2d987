//! One line at the bottom of a terminal, rewritten in place, with log lines scrolling by above it.

use std::io::{self, IsTerminal, Write as _};
use std::sync::{Mutex, PoisonError};

/// Back to the first column, and erase the line (ECMA-48: EL 2).
const ERASE: &str = "\r\x1b[2K";
/// A longer text would wrap, and only its last row would be erased.
const WIDTH: usize = 79;

/// What stands there now. It belongs to the process, as stderr does.
static SHOWN: Mutex<String> = Mutex::new(String::new());

/// Whether stderr is a terminal on which a line can be rewritten.
pub fn is_possible() -> bool {
    let dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb");
    !dumb && io::stderr().is_terminal()
}

/// Shows `text`, of which at most 79 characters fit, in the place of what stood there. An empty one erases it.
///
/// `text` is the program's own: nothing in it is escaped.
pub fn show(text: &str) {
    let mut shown = SHOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if text.is_empty() && shown.is_empty() {
        return;
    }
    *shown = text.chars().take(WIDTH).collect();
    write(&format!("{ERASE}{shown}"));
}

/// Writes a line that stays, above the one that does not.
pub(crate) fn write_above(line: &str) {
    let shown = SHOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if shown.is_empty() {
        write(&format!("{line}\n"));
    } else {
        write(&format!("{ERASE}{line}\n{shown}"));
    }
}

/// In one call, so that the lines of several programs do not mix.
fn write(text: &str) {
    // Ignored: stderr is where this error would be reported, nobody is left to tell, and a closed pipe must end
    // nobody.
    let _ = io::stderr().lock().write_all(text.as_bytes());
}
