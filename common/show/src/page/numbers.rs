//! Numbers as people read them.

use std::time::Duration;

/// `1 466 B`.
pub(super) fn bytes(count: usize) -> String {
    format!("{}\u{a0}B", grouped(count as u64))
}

/// `1 466`, the thousands set apart by a narrow space.
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

/// `1 record`, `2 records`.
pub(super) fn count(number: u64, what: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {what}{plural}", grouped(number))
}

/// To the microsecond below a second, to the millisecond below a minute, to the second above: `29.303 ms`, `3.004 s`,
/// `5 min 0 s`.
pub(super) fn duration(duration: Duration) -> String {
    let micros = duration.as_micros();
    match duration.as_secs() {
        0 => format!("{}.{:03}\u{a0}ms", micros / 1000, micros % 1000),
        seconds @ 1..60 => format!("{seconds}.{:03}\u{a0}s", duration.subsec_millis()),
        seconds => format!("{}\u{a0}min {}\u{a0}s", grouped(seconds / 60), seconds % 60),
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
    fn durations_are_as_fine_as_they_are_short() {
        let shown = [0, 29_303, 3_004_999, 60_000_000, 300_000_000].map(Duration::from_micros).map(duration);
        assert_eq!(
            shown.map(|text| text.replace('\u{a0}', " ")),
            ["0.000 ms", "29.303 ms", "3.004 s", "1 min 0 s", "5 min 0 s"]
        );
    }
}
