//! Limits log lines that peers can repeat: the first lines of a second are written, the others are counted.

use std::time::{Duration, Instant};

use log::{Level, log};

/// How many lines of one kind are written in a second.
const SHOWN: u64 = 20;
/// How long lines are counted before the summary.
const WINDOW: Duration = Duration::from_secs(1);

/// Counts lines, and decides which are written.
#[derive(Debug, Default)]
pub(crate) struct RateLimit {
    /// When the summary is due. `None` before the first line.
    ends: Option<Instant>,
    kinds: Vec<Kind>,
}

#[derive(Debug)]
struct Kind {
    level: Level,
    /// The text of the summary, with `#` for the number: "# clients did not speak TLS".
    what: &'static str,
    lines: u64,
}

impl RateLimit {
    /// Returns whether to write a line of the kind `what`. If not, the summary counts it.
    pub(crate) fn allows(&mut self, now: Instant, level: Level, what: &'static str) -> bool {
        self.timer(now);
        self.ends.get_or_insert(now + WINDOW);
        let lines = match self.kinds.iter_mut().find(|kind| kind.what == what) {
            Some(kind) => {
                kind.lines += 1;
                kind.lines
            }
            None => {
                self.kinds.push(Kind { level, what, lines: 1 });
                1
            }
        };
        lines <= SHOWN
    }

    /// Returns when the summary is due. `None` if there will be none.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.ends.filter(|_| self.kinds.iter().any(|kind| kind.lines > SHOWN))
    }

    /// Writes the summary if it is due.
    pub(crate) fn timer(&mut self, now: Instant) {
        if self.ends.is_some_and(|at| at <= now) {
            self.summarise();
        }
    }

    fn summarise(&mut self) {
        self.ends = None;
        for Kind { level, what, lines } in self.kinds.drain(..) {
            if let more @ 1.. = lines.saturating_sub(SHOWN) {
                log!(level, "in the last second also: {}", what.replace('#', &more.to_string()));
            }
        }
    }
}

/// The program may end before the second does.
impl Drop for RateLimit {
    fn drop(&mut self) {
        self.summarise();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_lines_of_a_second_are_written_and_the_rest_is_counted() {
        let start = Instant::now();
        let mut limit = RateLimit::default();
        let mut allowed = |at, what| (0..1000).filter(|_| limit.allows(at, Level::Warn, what)).count();
        assert_eq!(allowed(start, "clients fail"), 20);
        assert_eq!(allowed(start, "clients wait"), 20); // each kind has its own limit
        assert_eq!(allowed(start + WINDOW / 2, "clients fail"), 0);
        assert_eq!(allowed(start + WINDOW, "clients fail"), 20);
        assert_eq!(limit.deadline(), Some(start + WINDOW + WINDOW));
        limit.timer(start + WINDOW + WINDOW);
        assert_eq!(limit.deadline(), None);
    }

    #[test]
    fn few_lines_make_no_summary() {
        let mut limit = RateLimit::default();
        assert!((0..20).all(|_| limit.allows(Instant::now(), Level::Warn, "clients fail")));
        assert_eq!(limit.deadline(), None);
    }
}
