//! The times of day of packets.

use std::time::{Duration, Instant, SystemTime};

/// Converts times of the loop to times of day. It reads the time of day once, so that setting the system clock does not make
/// packets jump. No packet is older than the one before it in the file.
#[derive(Debug)]
pub(super) struct Clock {
    start: Instant,
    /// The time of day at `start`, since 1970.
    wall: Duration,
    last: Duration,
}

impl Clock {
    /// Makes a clock. `start` was at the time of day `wall`.
    pub(super) fn new(start: Instant, wall: SystemTime) -> Self {
        // A machine with a dead clock battery has a time before 1970.
        let wall = wall.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Self { start, wall, last: Duration::ZERO }
    }

    /// Returns the time since 1970 at `instant`, or that of the last packet if it is later.
    pub(super) fn stamp(&mut self, instant: Instant) -> Duration {
        let time = self.wall.saturating_add(instant.saturating_duration_since(self.start));
        self.last = self.last.max(time);
        self.last
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_follow_the_time_of_day_and_never_go_back() {
        let start = Instant::now();
        let mut clock =
            Clock::new(start, SystemTime::UNIX_EPOCH + Duration::from_nanos(1_795_413_300_000_000_007));
        let nanoseconds =
            |clock: &mut Clock, after| clock.stamp(start + Duration::from_nanos(after)).as_nanos();
        assert_eq!(nanoseconds(&mut clock, 0), 1_795_413_300_000_000_007);
        assert_eq!(nanoseconds(&mut clock, 2_000_000_001), 1_795_413_302_000_000_008);
        assert_eq!(nanoseconds(&mut clock, 5), 1_795_413_302_000_000_008);
    }

    #[test]
    fn a_time_of_day_before_1970_counts_as_1970() {
        let start = Instant::now();
        let mut clock = Clock::new(start, SystemTime::UNIX_EPOCH - Duration::from_secs(1));
        assert_eq!(clock.stamp(start), Duration::ZERO);
    }
}
