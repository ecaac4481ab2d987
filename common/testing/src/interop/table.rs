//! The cells as Markdown, and those in README.md.

use std::fmt::{self, Write as _};
use std::fs;

use super::{Check, Peer, Version};

/// The text of a cell that did not pass.
pub const FAILED: &str = "FAILED";

const BEGIN: &str = "<!-- interop:begin -->";
const END: &str = "<!-- interop:end -->";

/// The results of one program in one version of TLS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The program.
    pub peer: String,
    /// The version.
    pub version: String,
    /// One for each check.
    pub cells: Vec<String>,
}

impl Row {
    /// Whether every cell passed.
    pub fn passed(&self) -> bool {
        self.cells.iter().all(|cell| cell != FAILED)
    }

    fn parse(line: &str) -> Option<Self> {
        let mut cells =
            line.strip_prefix('|')?.strip_suffix('|')?.split('|').map(|cell| cell.trim().to_owned());
        let row = Self { peer: cells.next()?, version: cells.next()?, cells: cells.collect() };
        Version::ALL.iter().any(|version| version.to_string() == row.version).then_some(row)
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "| {} | {} | {} |", self.peer, self.version, self.cells.join(" | "))
    }
}

/// The results as Markdown: one table for our server, one for our client.
pub fn markdown(rows: &[Row]) -> String {
    let titles = Check::ALL.map(Check::title).join(" | ");
    let rule = "|---".repeat(Check::ALL.len() + 2);
    let mut text = String::new();
    for (ours, is_client) in [("`mio-server` with", true), ("`mio-client` with", false)] {
        write!(text, "\n| {ours} | TLS | {titles} |\n{rule}|\n").unwrap();
        for row in rows.iter().filter(|row| matches!(Peer::named(&row.peer), Peer::Client(_)) == is_client) {
            writeln!(text, "{row}").unwrap();
        }
    }
    text
}

/// Returns the rows in README.md.
pub fn in_readme() -> Vec<Row> {
    let readme = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).unwrap();
    let (_, rest) = readme.split_once(BEGIN).expect(BEGIN);
    let (section, _) = rest.split_once(END).expect(END);
    section.lines().filter_map(Row::parse).collect()
}
