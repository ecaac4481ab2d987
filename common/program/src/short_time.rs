//! Durations in a sentence, with few digits.

use std::fmt;
use std::time::Duration;

/// A duration. Its `Display` has few digits: `0.31 ms`, `12.4 ms`, `3.01 s`, `5 min 12 s`, `2 h 3 min`.
#[derive(Clone, Copy, Debug)]
pub struct Short(pub Duration);

impl fmt::Display for Short {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (seconds, milliseconds) = (self.0.as_secs(), self.0.as_secs_f64() * 1000.0);
        match seconds {
            0 if milliseconds < 10.0 => write!(f, "{milliseconds:.2} ms"),
            0 if milliseconds < 100.0 => write!(f, "{milliseconds:.1} ms"),
            0 => write!(f, "{milliseconds:.0} ms"),
            1..10 => write!(f, "{:.2} s", self.0.as_secs_f64()),
            10..60 => write!(f, "{:.1} s", self.0.as_secs_f64()),
            60..3600 => write!(f, "{} min {} s", seconds / 60, seconds % 60),
            _ => write!(f, "{} h {} min", seconds / 3600, seconds % 3600 / 60),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_has_few_digits() {
        for (microseconds, shown) in [
            (0, "0.00 ms"),
            (312, "0.31 ms"),
            (12_444, "12.4 ms"),
            (123_456, "123 ms"),
            (3_012_345, "3.01 s"),
            (59_940_000, "59.9 s"),
            (312_000_000, "5 min 12 s"),
            (7_385_000_000, "2 h 3 min"),
        ] {
            assert_eq!(Short(Duration::from_micros(microseconds)).to_string(), shown);
        }
    }
}
