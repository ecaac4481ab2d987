//! The progress of a long transfer, on the status line.

use std::time::{Duration, Instant};

use program::observer::Observer;
use program::status_line;
use tls_session::observer::{SessionId, Step};

/// The age of a transfer at which the line first appears.
const DELAY: Duration = Duration::from_millis(500);
/// The interval between two updates of the line.
const REFRESH: Duration = Duration::from_millis(100);

/// An observer that counts plaintext and shows the sums on the status line.
#[derive(Default)]
pub struct Progress {
    since: Option<Instant>,
    next: Option<Instant>,
    sent: u64,
    received: u64,
}

impl Progress {
    /// Shows the line, if it is time.
    fn show(&mut self, now: Instant) {
        let since = *self.since.get_or_insert(now);
        if now >= *self.next.get_or_insert(since + DELAY) {
            self.next = Some(now + REFRESH);
            status_line::show(&self.line(now - since));
        }
    }

    fn line(&self, elapsed: Duration) -> String {
        let rate = (self.sent + self.received) as f64 / elapsed.as_secs_f64();
        format!(
            "{} sent, {} received, {}/s",
            amount(self.sent as f64),
            amount(self.received as f64),
            amount(rate)
        )
    }
}

impl tls_session::observer::Observer for Progress {
    fn step(&mut self, now: Instant, _id: SessionId, step: &Step<'_>) {
        match step {
            Step::PlaintextIn(bytes) => {
                self.received += bytes.len() as u64;
                self.show(now);
            }
            Step::PlaintextOut(bytes) => {
                self.sent += bytes.len() as u64;
                self.show(now);
            }
            Step::Closed { .. } => status_line::show(""),
            _ => {}
        }
    }
}

impl Observer for Progress {}

/// Clears the line at the end of the program.
impl Drop for Progress {
    fn drop(&mut self) {
        status_line::show("");
    }
}

/// Returns a number of bytes with a binary unit (IEC 80000-13), such as `17 B` or `1.4 MiB`.
fn amount(bytes: f64) -> String {
    const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
    let mut value = bytes;
    let mut unit = UNITS[0];
    for larger in &UNITS[1..] {
        if value < 1024.0 {
            break;
        }
        value /= 1024.0;
        unit = larger;
    }
    if unit == UNITS[0] { format!("{value:.0} {unit}") } else { format!("{value:.1} {unit}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_has_the_largest_unit_that_fits() {
        assert_eq!(amount(0.0), "0 B");
        assert_eq!(amount(1023.0), "1023 B");
        assert_eq!(amount(1536.0), "1.5 KiB");
        assert_eq!(amount(104_857_600.0), "100.0 MiB");
        assert_eq!(amount(5e15), "4547.5 TiB");
    }

    #[test]
    fn the_line_shows_both_directions_and_the_rate() {
        let progress = Progress { sent: 2048, received: 1024, ..Progress::default() };
        assert_eq!(progress.line(Duration::from_secs(2)), "2.0 KiB sent, 1.0 KiB received, 1.5 KiB/s");
    }
}
