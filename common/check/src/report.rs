//! The report of a run.
//!
//! ```text
//! printable   escapes the texts of a target
//! screen      the colours and the width of a terminal
//! summary     the counts, and the exit status
//! text        the report for a reader
//! lines       the lines that this report and the report about a client have in common
//! progress    the case that runs now, on a terminal
//! json        the report for a program
//! junit       the report for a CI server
//! page        CASES.md
//! client      the reports of a run against a client
//! ```

pub mod client;
pub mod json;
pub mod junit;
mod lines;
pub mod page;
pub mod printable;
pub mod progress;
pub mod screen;
pub mod summary;
pub mod text;

#[cfg(test)]
mod tests;

use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::time::Duration;

use crate::case::Case;
use crate::target::Speaks;

/// The part of a report besides the outcomes.
#[derive(Clone, Debug)]
pub struct Setting {
    /// The target as the user wrote it: "localhost:8000".
    pub place: String,
    /// The address that was connected to.
    pub address: SocketAddr,
    /// The protocol of the target.
    pub speaks: Speaks,
    /// The seed of the random numbers.
    pub seed: u64,
    /// The limit for each step of the target.
    pub patience: Duration,
    /// The cases that are expected to fail.
    pub expected: Vec<&'static Case>,
    /// Whether every outcome is explained, not only the failed and the inconclusive ones.
    pub explains_all: bool,
    /// The command that runs one case again: the words before the name of the case, and those after it.
    pub again: (String, String),
}

impl Setting {
    /// Whether a case is expected to fail.
    pub fn is_expected_to_fail(&self, case: &Case) -> bool {
        self.expected.iter().any(|expected| expected.about.name == case.about.name)
    }

    /// The command that runs a case again.
    pub fn again(&self, name: &str) -> String {
        let (before, after) = &self.again;
        format!("{before}--case {name}{after}")
    }
}

/// The name of the protocol of a target.
pub fn speaks(speaks: Speaks) -> &'static str {
    match speaks {
        Speaks::Echo => "echo",
        Speaks::Http => "http",
        Speaks::Any => "any",
    }
}

/// Writes to stdout. An error is ignored: in `mio-check … | head -1` the reader has closed it.
pub fn say(text: &str) {
    let mut stdout = io::stdout().lock();
    let _ = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
}

/// Writes a message to stderr, after the name of the program. Control characters are escaped.
pub fn warn(text: &str) {
    let _ = writeln!(io::stderr().lock(), "mio-check: {}", printable_lines(text));
}

/// Escapes the control characters in each line.
fn printable_lines(text: &str) -> String {
    let lines: Vec<String> = text.lines().map(|line| printable::printable(line, 1000)).collect();
    lines.join("\n")
}
