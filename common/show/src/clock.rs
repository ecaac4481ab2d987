//! Times of day for the times of the loop.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rustix::time::{ClockId, clock_gettime};

/// One moment on both clocks. The time of day of every other moment follows from it. So setting the system clock does not
/// make times jump.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    /// On the clock that the loop reads.
    pub instant: Instant,
    /// On the system clock.
    pub utc: SystemTime,
}

/// How often both clocks are read.
const READS: usize = 5;
/// The last second that RFC 3339 can write, at the end of the year 9999.
const LAST_SECOND: u64 = 253_402_300_799;

impl Clock {
    /// Returns both times of `instant`, which is not in the future.
    ///
    /// The traces of two programs on one host can be joined by these times.
    pub fn at(instant: Instant) -> Self {
        let (gap, before, utc) = closest(SystemTime::now);
        let age = before.saturating_duration_since(instant) + gap / 2;
        Self { instant, utc: utc.checked_sub(age).unwrap_or(UNIX_EPOCH) }
    }

    /// Formats the time of day at `instant` as RFC 3339 has it, in UTC with nanoseconds. All such texts have the same
    /// length, so they sort by time.
    pub(crate) fn rfc_3339(self, instant: Instant) -> String {
        let since_1970 = self.since_1970(instant).min(Duration::from_secs(LAST_SECOND));
        humantime::format_rfc3339_nanos(UNIX_EPOCH + since_1970).to_string()
    }

    /// Returns the time of day at `instant`, since 1970.
    pub(crate) fn since_1970(self, instant: Instant) -> Duration {
        // A machine with a dead clock battery has a time before 1970.
        let utc = self.utc.duration_since(UNIX_EPOCH).unwrap_or_default();
        utc.saturating_add(instant.saturating_duration_since(self.instant))
    }
}

/// Reads the clock of the loop, and then another one. Returns the time between both reads, and both times.
///
/// The program may be interrupted between the reads. So this function repeats them, and returns the closest pair.
fn closest<T>(other: fn() -> T) -> (Duration, Instant, T) {
    let read = || {
        let before = Instant::now();
        let other = other();
        (before.elapsed(), before, other)
    };
    std::iter::repeat_with(read).take(READS).min_by_key(|(gap, ..)| *gap).unwrap_or_else(read)
}

/// Returns a moment on the clock that all programs of a host share. On Linux it is the time since the host was started.
pub(crate) fn monotonic(instant: Instant) -> Duration {
    let (_, here, clock) = closest(|| clock_gettime(ClockId::Monotonic));
    let now = Duration::new(clock.tv_sec.try_into().unwrap_or(0), clock.tv_nsec.try_into().unwrap_or(0));
    let (ago, ahead) = (here.saturating_duration_since(instant), instant.saturating_duration_since(here));
    now.saturating_sub(ago).saturating_add(ahead)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_has_both_times_of_an_earlier_instant() {
        let (instant, utc) = (Instant::now(), SystemTime::now());
        let clock = Clock::at(instant);
        assert_eq!(clock.instant, instant);
        let error = clock.utc.duration_since(utc).unwrap_or_else(|error| error.duration());
        assert!(error < Duration::from_secs(10), "{error:?}"); // a busy machine may stop between the two lines above
    }

    #[test]
    fn times_are_texts_of_one_length() {
        let (instant, second) = (Instant::now(), Duration::from_secs(1));
        for (since_1970, text) in [
            (Duration::ZERO, "1970-01-01T00:00:00.000000000Z"),
            (Duration::new(1_795_958_160, 483_000_001), "2026-11-29T13:16:00.483000001Z"),
            (Duration::from_secs(LAST_SECOND), "9999-12-31T23:59:59.000000000Z"),
        ] {
            let clock = Clock { instant, utc: UNIX_EPOCH + since_1970 };
            assert_eq!(clock.rfc_3339(instant), text);
        }
        let last = Clock { instant, utc: UNIX_EPOCH + Duration::from_secs(LAST_SECOND) };
        assert_eq!(last.rfc_3339(instant + second), "9999-12-31T23:59:59.000000000Z");
    }

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
