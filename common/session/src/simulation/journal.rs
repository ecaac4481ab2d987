//! What happened in a run, in order: as lines for people, and as one number that is the same for the same run.

use std::fmt::Write as _;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use super::Side;

/// The events of a run.
///
/// A line holds the time in seconds, the end, the event and its size. Most sizes are numbers of bytes. The size of
/// `poll` is the sum of 1 (readable), 2 (writable) and 4 (the peer's FIN).
#[derive(Debug, Default)]
pub struct Journal {
    digest: DefaultHasher,
    lines: Option<String>,
}

impl Journal {
    /// A journal that keeps the lines too.
    pub fn with_lines() -> Self {
        Self { lines: Some(String::new()), ..Self::default() }
    }

    /// Notes an event of this size.
    pub fn note(&mut self, at: Duration, side: Side, what: &str, size: usize) {
        (at, side, what, size).hash(&mut self.digest);
        if let Some(lines) = &mut self.lines {
            let side = format!("{side:?}").to_lowercase();
            let _ = writeln!(lines, "{:>14.6} {side:<8} {what} {size}", at.as_secs_f64()); // a String takes it
        }
    }

    /// A number that is the same for the same run.
    pub fn digest(&self) -> u64 {
        self.digest.finish()
    }

    /// The lines, if they were kept.
    pub fn lines(&self) -> &str {
        self.lines.as_deref().unwrap_or_default()
    }
}
