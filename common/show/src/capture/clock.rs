//! The times of packets.

use std::time::{Duration, Instant, SystemTime};

/// Makes times of day out of those of the loop. The time of day is asked once, so that nobody who sets the clock makes
/// packets jump; and no packet is older than the one before it in the file.
#[derive(Debug)]
pub(super) struct Clock {
    start: Instant,
    /// The time of day at `start`, since 1970.
    wall: Duration,
    last: Duration,
}

impl Clock {
    /// A clock by which `start` was at `wall`.
    pub(super) fn new(start: Instant, wall: SystemTime) -> Self {
        // A machine with a dead clock battery has a time before 1970.
        let wall = wall.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Self { start, wall, last: Duration::ZERO }
    }

    /// When that was, since 1970: at `instant`, or when the last packet was, if that was later.
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
    fn times_go_on_from_the_time_of_day_and_never_back() {
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
    fn a_clock_that_is_wrong_panics_nobody() {
        let start = Instant::now();
        let mut clock = Clock::new(start, SystemTime::UNIX_EPOCH - Duration::from_secs(1));
        assert_eq!(clock.stamp(start), Duration::ZERO);
    }
}
