//! What one run of one work on one server came to.

use std::collections::BTreeMap;
use std::time::Duration;

/// What a figure means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Metric {
    /// Work per CPU-second of the server: the one that counts.
    PerCpu,
    /// Work per second on the clock.
    PerSecond,
    /// Half of the messages took less, in µs.
    P50,
    /// All but a hundredth of the messages took less, in µs.
    P99,
    /// Resident bytes that each session adds.
    Bytes,
    /// CPU-seconds of the generator: not in the table, to see what limited the speed.
    GeneratorCpu,
}

impl Metric {
    /// Its name in the table.
    pub fn name(self) -> &'static str {
        match self {
            Self::PerCpu => "per CPU-s",
            Self::PerSecond => "per second",
            Self::P50 => "p50 µs",
            Self::P99 => "p99 µs",
            Self::Bytes => "a session",
            Self::GeneratorCpu => "generator CPU-s",
        }
    }

    /// Whether less is better.
    pub fn less_is_better(self) -> bool {
        !matches!(self, Self::PerCpu | Self::PerSecond)
    }
}

/// The figures of one run.
pub type Sample = BTreeMap<Metric, f64>;

/// Speed: so much work, in so much time on the clock and on the server's core.
pub fn speed(amount: f64, wall: Duration, server: Duration, generator: Duration) -> Sample {
    BTreeMap::from([
        (Metric::PerCpu, amount / server.as_secs_f64()),
        (Metric::PerSecond, amount / wall.as_secs_f64()),
        (Metric::GeneratorCpu, generator.as_secs_f64()),
    ])
}

/// Adds how long each message took.
pub fn add_latencies(sample: &mut Sample, mut latencies: Vec<Duration>) {
    latencies.sort_unstable();
    let at = |part: f64| {
        let index = (latencies.len() as f64 * part) as usize;
        latencies.get(index).map_or(f64::NAN, |latency| latency.as_secs_f64() * 1e6)
    };
    let (p50, p99) = (at(0.5), at(0.99));
    sample.insert(Metric::P50, p50);
    sample.insert(Metric::P99, p99);
}
