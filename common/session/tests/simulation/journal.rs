//! What happened in a run, in order: as lines for who replays it, and as one number for who compares two runs.

use std::fmt::Write as _;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use crate::scenario::Side;

/// Who writes down what happens.
#[derive(Debug, Default)]
pub struct Journal {
    digest: DefaultHasher,
    lines: Option<String>,
}

impl Journal {
    /// One that keeps the lines too.
    pub fn in_words() -> Self {
        Self { lines: Some(String::new()), ..Self::default() }
    }

    /// Something happened, of this size.
    pub fn note(&mut self, at: Duration, whose: Side, what: &str, size: usize) {
        (at, whose, what, size).hash(&mut self.digest);
        if let Some(lines) = &mut self.lines {
            let whose = format!("{whose:?}").to_lowercase();
            let _ = writeln!(lines, "{:>14.6} {whose:<8} {what} {size}", at.as_secs_f64()); // a String takes it
        }
    }

    /// The same for the same run.
    pub fn digest(&self) -> u64 {
        self.digest.finish()
    }

    /// The lines, if they were kept.
    pub fn lines(&self) -> &str {
        self.lines.as_deref().unwrap_or_default()
    }
}
