//! The arithmetic of the benchmarks: medians, ratios, and figures from `/proc`. It is here, because a benchmark cannot
//! have unit tests.

use std::time::Duration;

/// A median and its range.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    /// The median.
    pub median: f64,
    /// The smallest value.
    pub low: f64,
    /// The largest value.
    pub high: f64,
}

impl Spread {
    /// The spread of these values, or `None` if there are none.
    pub fn of(values: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut values: Vec<f64> = values.into_iter().collect();
        values.sort_by(f64::total_cmp);
        let median = (values.get(values.len().checked_sub(1)? / 2)? + values[values.len() / 2]) / 2.0;
        Some(Self { median, low: values[0], high: values[values.len() - 1] })
    }

    /// The spread of these figures as multiples of ours, round by round.
    pub fn of_ratios(figures: &[f64], ours: &[f64]) -> Option<Self> {
        Self::of(figures.iter().zip(ours).map(|(figure, ours)| figure / ours))
    }
}

/// A speed, as a part of the speed of two steps one after the other: `1 / (1/first + 1/second)`.
pub fn part_of_limit(speed: f64, first: f64, second: f64) -> f64 {
    speed * (1.0 / first + 1.0 / second)
}

/// The value below which this part of the sorted values lies.
pub fn percentile(sorted: &[Duration], part: f64) -> Option<Duration> {
    sorted.get((sorted.len() as f64 * part) as usize).copied()
}

/// The CPU time of a thread, from its `schedstat`: nanoseconds on a core, nanoseconds in the run queue, time slices.
pub fn time_in(schedstat: &str) -> Option<Duration> {
    let nanoseconds = schedstat.split_whitespace().next()?.parse().ok()?;
    Some(Duration::from_nanos(nanoseconds))
}

/// The resident memory in bytes, from `smaps_rollup`, which has KiB.
pub fn resident_in(smaps_rollup: &str) -> Option<u64> {
    let line = smaps_rollup.lines().find_map(|line| line.strip_prefix("Rss:"))?;
    let kibibytes: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kibibytes * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_value_or_the_mean_of_the_two_middle_values() {
        assert_eq!(Spread::of([3.0, 1.0, 2.0]), Some(Spread { median: 2.0, low: 1.0, high: 3.0 }));
        assert_eq!(Spread::of([4.0, 1.0, 3.0, 2.0]), Some(Spread { median: 2.5, low: 1.0, high: 4.0 }));
        assert_eq!(Spread::of([7.0]), Some(Spread { median: 7.0, low: 7.0, high: 7.0 }));
        assert_eq!(Spread::of([]), None);
    }

    #[test]
    fn ratios_are_taken_within_a_round() {
        let ratios = Spread::of_ratios(&[20.0, 10.0, 90.0], &[10.0, 10.0, 30.0]).unwrap();
        assert_eq!(ratios, Spread { median: 2.0, low: 1.0, high: 3.0 });
        assert_eq!(Spread::of_ratios(&[20.0, 10.0], &[10.0]).unwrap().high, 2.0);
        assert_eq!(Spread::of_ratios(&[20.0], &[]), None);
    }

    #[test]
    fn two_equal_steps_have_half_the_speed_of_each() {
        assert_eq!(part_of_limit(50.0, 100.0, 100.0), 1.0);
        assert_eq!(part_of_limit(25.0, 100.0, 100.0), 0.5);
        assert_eq!(part_of_limit(75.0, 100.0, 300.0), 1.0);
    }

    #[test]
    fn one_percent_of_the_values_lies_above_the_99th_percentile() {
        let sorted: Vec<_> = (1..=1000).map(Duration::from_micros).collect();
        assert_eq!(percentile(&sorted, 0.99), Some(Duration::from_micros(991)));
        assert_eq!(percentile(&sorted, 0.5), Some(Duration::from_micros(501)));
        assert_eq!(percentile(&[], 0.5), None);
    }

    #[test]
    fn the_cpu_time_is_the_first_figure_of_schedstat() {
        assert_eq!(time_in("123456789 42 7\n"), Some(Duration::from_nanos(123_456_789)));
        assert_eq!(time_in(""), None);
        assert_eq!(time_in("unknown 1 2"), None);
    }

    #[test]
    fn the_resident_memory_is_in_the_line_rss() {
        let file = "55d0-7ffd ---p 00000000 00:00 0 [rollup]\nRss:                4660 kB\nPss:   1 kB\n";
        assert_eq!(resident_in(file), Some(4660 * 1024));
        assert_eq!(resident_in("Pss:   1 kB\n"), None);
    }
}
