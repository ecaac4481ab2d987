//! The summary of the handshakes of `--reconnect`.

use std::time::Instant;

use log::info;
use program::amount::grouped;
use program::observer::Observer;
use program::short_time::Short;
use rustls::HandshakeKind;
use tls_session::observer::{SessionId, Step};

use crate::histogram::Histogram;

/// An observer that counts handshakes and their durations. Its memory is bounded. It logs the summary when it is
/// dropped, which is after the last session.
#[derive(Default)]
pub struct Handshakes {
    full: Histogram,
    resumed: Histogram,
}

impl Handshakes {
    /// Returns the summary. `None`: there was no handshake.
    fn summary(&self) -> Option<String> {
        let parts = [("full", &self.full), ("resumed", &self.resumed)];
        let parts: Vec<String> = parts.iter().filter_map(|(kind, times)| part(kind, times)).collect();
        let total = self.full.total() + self.resumed.total();
        let s = if total == 1 { "" } else { "s" };
        (total > 0).then(|| format!("{} handshake{s}: {}", grouped(total), parts.join("; ")))
    }
}

fn part(kind: &str, times: &Histogram) -> Option<String> {
    let (median, p99) = (times.percentile(50)?, times.percentile(99)?);
    Some(format!("{} {kind}, median {}, p99 {}", grouped(times.total()), Short(median), Short(p99)))
}

impl tls_session::observer::Observer for Handshakes {
    fn step(&mut self, _now: Instant, _id: SessionId, step: &Step<'_>) {
        if let Step::Established(handshake) = step {
            match handshake.kind {
                Some(HandshakeKind::Resumed) => self.resumed.add(handshake.took),
                _ => self.full.add(handshake.took),
            }
        }
    }
}

impl Observer for Handshakes {}

impl Drop for Handshakes {
    fn drop(&mut self) {
        if let Some(summary) = self.summary() {
            info!("{summary}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn the_summary_has_a_part_for_each_kind_of_handshake() {
        let mut handshakes = Handshakes::default();
        assert_eq!(handshakes.summary(), None);
        handshakes.full.add(Duration::from_micros(10_300));
        assert_eq!(handshakes.summary().as_deref(), Some("1 handshake: 1 full, median 10.3 ms, p99 10.3 ms"));
        for _ in 0..1234 {
            handshakes.resumed.add(Duration::from_millis(2));
        }
        assert_eq!(
            handshakes.summary().as_deref(),
            Some(
                "1,235 handshakes: 1 full, median 10.3 ms, p99 10.3 ms; 1,234 resumed, median 2.00 ms, p99 2.00 ms"
            )
        );
    }
}
