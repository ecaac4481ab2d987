//! The case that runs now, in the last line of a terminal.

use std::io::{self, IsTerminal as _, Write as _};

use crate::case::{Case, Version};

/// The last line of stderr, if it is a terminal.
#[derive(Debug)]
pub struct Progress {
    is_terminal: bool,
    width: usize,
    planned: usize,
    begun: usize,
}

impl Progress {
    /// Looks whether stderr is a terminal.
    pub fn of_stderr() -> Self {
        let size = rustix::termios::tcgetwinsize(io::stderr()).ok();
        let width = size.map(|size| usize::from(size.ws_col)).filter(|width| *width > 0).unwrap_or(80);
        Self { is_terminal: io::stderr().is_terminal(), width, planned: 0, begun: 0 }
    }

    /// So many cases will run.
    pub fn plan(&mut self, planned: usize) {
        self.planned = planned;
    }

    /// Shows a sentence.
    pub fn show(&self, text: &str) {
        if self.is_terminal {
            // A line that reaches the last column would wrap, and stay.
            let text: String = text.chars().take(self.width.saturating_sub(1)).collect();
            write(&format!("\r\x1b[K{text}"));
        }
    }

    /// Shows the case that runs now.
    pub fn begins(&mut self, case: &Case, version: Version) {
        self.begun += 1;
        self.show(&format!("{} of {}: {}, {version}", self.begun, self.planned, case.about.name));
    }

    /// Clears the line, so that something else can be written.
    pub fn clear(&self) {
        if self.is_terminal {
            write("\r\x1b[K");
        }
    }
}

fn write(text: &str) {
    let mut stderr = io::stderr().lock();
    let _ = stderr.write_all(text.as_bytes()).and_then(|()| stderr.flush());
}
