//! The arithmetic of the benchmarks: medians, ratios, and the few figures that are read from `/proc`. It is here
//! because the benchmarks have no test harness.

use std::time::Duration;

/// A median, and the smallest and the largest beside it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    /// The median.
    pub median: f64,
    /// The smallest.
    pub low: f64,
    /// The largest.
    pub high: f64,
}

impl Spread {
    /// That of these values, if there are any.
    pub fn of(values: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut values: Vec<f64> = values.into_iter().collect();
        values.sort_by(f64::total_cmp);
        let median = (values.get(values.len().checked_sub(1)? / 2)? + values[values.len() / 2]) / 2.0;
        Some(Self { median, low: values[0], high: values[values.len() - 1] })
    }

    /// That of these figures as multiples of ours, round by round. A round that one of the two lacks is left out.
    pub fn of_ratios(figures: &[f64], ours: &[f64]) -> Option<Self> {
        Self::of(figures.iter().zip(ours).map(|(figure, ours)| figure / ours))
    }
}

/// A speed as a part of what two steps, one after the other, would reach: `1 / (1/first + 1/second)`.
pub fn part_of_limit(speed: f64, first: f64, second: f64) -> f64 {
    speed * (1.0 / first + 1.0 / second)
}

/// What all but the last `1 - part` of these took at most; they are in order.
pub fn percentile(sorted: &[Duration], part: f64) -> Option<Duration> {
    sorted.get((sorted.len() as f64 * part) as usize).copied()
}

/// How long a thread has run, from its `schedstat`: nanoseconds on a core, nanoseconds in a queue, turns.
pub fn time_in(schedstat: &str) -> Option<Duration> {
    let nanoseconds = schedstat.split_whitespace().next()?.parse().ok()?;
    Some(Duration::from_nanos(nanoseconds))
}

/// The resident memory in bytes, from `smaps_rollup`, which counts in KiB.
pub fn resident_in(smaps_rollup: &str) -> Option<u64> {
    let line = smaps_rollup.lines().find_map(|line| line.strip_prefix("Rss:"))?;
    let kibibytes: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kibibytes * 1024)
}

/// How many files may be open, from `limits`: the soft limit, which comes first. `None`: as many as one likes.
pub fn descriptors_in(limits: &str) -> Option<usize> {
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_one_or_the_mean_of_the_middle_two() {
        assert_eq!(Spread::of([3.0, 1.0, 2.0]), Some(Spread { median: 2.0, low: 1.0, high: 3.0 }));
        assert_eq!(Spread::of([4.0, 1.0, 3.0, 2.0]), Some(Spread { median: 2.5, low: 1.0, high: 4.0 }));
        assert_eq!(Spread::of([7.0]), Some(Spread { median: 7.0, low: 7.0, high: 7.0 }));
        assert_eq!(Spread::of([]), None);
    }

    #[test]
    fn ratios_are_taken_within_a_round_and_not_between_medians() {
        let ratios = Spread::of_ratios(&[20.0, 10.0, 90.0], &[10.0, 10.0, 30.0]).unwrap();
        assert_eq!(ratios, Spread { median: 2.0, low: 1.0, high: 3.0 });
        assert_eq!(Spread::of_ratios(&[20.0, 10.0], &[10.0]).unwrap().high, 2.0);
        assert_eq!(Spread::of_ratios(&[20.0], &[]), None);
    }

    #[test]
    fn two_equal_steps_one_after_the_other_reach_half_the_speed_of_each() {
        assert_eq!(part_of_limit(50.0, 100.0, 100.0), 1.0);
        assert_eq!(part_of_limit(25.0, 100.0, 100.0), 0.5);
        assert_eq!(part_of_limit(75.0, 100.0, 300.0), 1.0);
    }

    #[test]
    fn a_hundredth_of_the_messages_took_longer_than_the_99th_percentile() {
        let sorted: Vec<_> = (1..=1000).map(Duration::from_micros).collect();
        assert_eq!(percentile(&sorted, 0.99), Some(Duration::from_micros(991)));
        assert_eq!(percentile(&sorted, 0.5), Some(Duration::from_micros(501)));
        assert_eq!(percentile(&[], 0.5), None);
    }

    #[test]
    fn the_time_of_a_thread_is_the_first_figure_of_its_schedstat() {
        assert_eq!(time_in("123456789 42 7\n"), Some(Duration::from_nanos(123_456_789)));
        assert_eq!(time_in(""), None);
        assert_eq!(time_in("unknown 1 2"), None);
    }

    #[test]
    fn the_resident_memory_is_the_line_rss_and_no_other() {
        let file = "55d0-7ffd ---p 00000000 00:00 0 [rollup]\nRss:                4660 kB\nPss:   1 kB\n";
        assert_eq!(resident_in(file), Some(4660 * 1024));
        assert_eq!(resident_in("Pss:   1 kB\n"), None);
    }

    #[test]
    fn the_limit_of_descriptors_is_the_soft_one() {
        let file = "Limit  Soft Limit  Hard Limit  Units\nMax open files            1024                 4096    files\n";
        assert_eq!(descriptors_in(file), Some(1024));
        assert_eq!(descriptors_in("Max open files            unlimited    unlimited    files\n"), None);
    }
}
