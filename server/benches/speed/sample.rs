//! The figures of one run: one work on one server.

use std::collections::BTreeMap;
use std::time::Duration;

use testing::figures::{Spread, percentile};

use crate::fairness::Outcome;

/// The meaning of a figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Metric {
    /// Work per CPU-second of the server: the most important one.
    PerCpu,
    /// Work per second on the clock.
    PerSecond,
    /// Half of the messages took less, in µs.
    P50,
    /// 99 % of the messages took less, in µs.
    P99,
    /// [`P99`](Self::P99) without the flooding session, in µs.
    P99Alone,
    /// [`P99`](Self::P99) divided by [`P99Alone`](Self::P99Alone).
    Slowdown,
    /// Resident bytes that each session or queued client adds.
    Bytes,
}

impl Metric {
    /// All of them, in the order of the table, with their headings. `UNIT` stands for the unit of the work. More is
    /// better with `+`, less with `-`.
    pub const ALL: [(Self, &str); 7] = [
        (Self::PerCpu, "+ UNIT per CPU-s"),
        (Self::PerSecond, "+ UNIT per second"),
        (Self::P50, "- p50 µs"),
        (Self::P99, "- p99 µs"),
        (Self::P99Alone, "- p99 µs alone"),
        (Self::Slowdown, "- p99 / p99 alone"),
        (Self::Bytes, "- UNIT each"),
    ];
}

/// The figures of one run.
pub type Sample = BTreeMap<Metric, f64>;

/// The speed of this amount of work, which took this long on the clock and this much CPU time of the server.
pub fn speed(amount: f64, wall: Duration, server: Duration) -> Sample {
    BTreeMap::from([
        (Metric::PerCpu, amount / server.as_secs_f64()),
        (Metric::PerSecond, amount / wall.as_secs_f64()),
    ])
}

/// Adds how long the messages took.
pub fn add_latencies(sample: &mut Sample, mut latencies: Vec<Duration>) {
    latencies.sort_unstable();
    for (metric, part) in [(Metric::P50, 0.5), (Metric::P99, 0.99)] {
        if let Some(latency) = percentile(&latencies, part) {
            sample.insert(metric, latency.as_secs_f64() * 1e6);
        }
    }
}

/// How long the bytes of quiet sessions took, with and without a flooding session that got these megabytes back.
pub fn fairness(outcome: Outcome, megabytes: f64) -> Sample {
    let typical = |slices: &[Vec<Duration>], part| {
        let of_slices = slices.iter().filter_map(|slice| percentile(slice, part));
        Spread::of(of_slices.map(|latency| latency.as_secs_f64() * 1e6)).map(|spread| spread.median)
    };
    let (alone, beside) = (typical(&outcome.alone, 0.99), typical(&outcome.beside, 0.99));
    let figures = [
        (Metric::PerSecond, Some(megabytes / outcome.sending.as_secs_f64())),
        (Metric::P50, typical(&outcome.beside, 0.5)),
        (Metric::P99, beside),
        (Metric::P99Alone, alone),
        (Metric::Slowdown, beside.zip(alone).map(|(beside, alone)| beside / alone)),
    ];
    figures.into_iter().filter_map(|(metric, figure)| Some((metric, figure?))).collect()
}
