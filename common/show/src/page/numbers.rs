//! Formats numbers for people.

use std::time::Duration;

/// Formats a number of bytes: `1 466 B`.
pub(super) fn bytes(count: usize) -> String {
    format!("{}\u{a0}B", grouped(count as u64))
}

/// Groups the digits of a number by narrow spaces: `1 466`.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push('\u{202f}');
        }
        grouped.push(digit);
    }
    grouped
}

/// Formats a number of things: `1 record`, `2 records`.
pub(super) fn count(number: u64, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", grouped(number))
}

/// Formats a duration to the microsecond, as exactly as the trace: `29.303 ms`, `3.004 999 s`, `5 min 0.004 s`. From one
/// second on, zeros at the end are left out.
pub(super) fn duration(duration: Duration) -> String {
    let micros = duration.as_micros();
    match duration.as_secs() {
        0 => format!("{}.{:03}\u{a0}ms", micros / 1000, micros % 1000),
        seconds @ 1..60 => format!("{seconds}{}\u{a0}s", fraction(duration)),
        seconds => {
            format!("{}\u{a0}min {}{}\u{a0}s", grouped(seconds / 60), seconds % 60, fraction(duration))
        }
    }
}

/// Formats the fraction of a second in groups of three digits.
fn fraction(duration: Duration) -> String {
    let micros = duration.subsec_micros();
    match (micros / 1000, micros % 1000) {
        (0, 0) => String::new(),
        (millis, 0) => format!(".{millis:03}"),
        (millis, micros) => format!(".{millis:03}\u{202f}{micros:03}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_by_thousands() {
        let shown = [0, 12, 999, 1_000, 1_234_567].map(grouped);
        assert_eq!(shown, ["0", "12", "999", "1\u{202f}000", "1\u{202f}234\u{202f}567"]);
    }

    #[test]
    fn durations_keep_their_microseconds() {
        for (micros, shown) in [
            (0, "0.000 ms"),
            (29_303, "29.303 ms"),
            (1_000_001, "1.000 001 s"),
            (3_004_000, "3.004 s"),
            (3_004_999, "3.004 999 s"),
            (10_000_000, "10 s"),
            (60_000_000, "1 min 0 s"),
            (300_000_040, "5 min 0.000 040 s"),
        ] {
            let text = duration(Duration::from_micros(micros));
            assert_eq!(text.replace(['\u{a0}', '\u{202f}'], " "), shown);
        }
    }
}
