//! Times of day for the times of the loop.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// One moment on both clocks. The time of day of every other moment follows from it. So setting the system clock does not
/// make times jump.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    /// On the clock that the loop reads.
    pub instant: Instant,
    /// On the system clock.
    pub utc: SystemTime,
}

impl Clock {
    /// Returns the time of day at `instant`, since 1970.
    pub(crate) fn since_1970(self, instant: Instant) -> Duration {
        // A machine with a dead clock battery has a time before 1970.
        let utc = self.utc.duration_since(UNIX_EPOCH).unwrap_or_default();
        utc.saturating_add(instant.saturating_duration_since(self.instant))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_follow_the_time_of_day_and_begin_with_1970() {
        let (instant, second) = (Instant::now(), Duration::from_secs(1));
        for (utc, at_start) in [(UNIX_EPOCH + second, second), (UNIX_EPOCH - second, Duration::ZERO)] {
            let clock = Clock { instant, utc };
            assert_eq!(clock.since_1970(instant), at_start);
            assert_eq!(clock.since_1970(instant + second), at_start + second);
        }
    }
}
