//! Numbers of bytes, for people.

use std::time::Duration;

/// From this number of bytes on a rate means something. For fewer bytes the delay of the network decides.
const RATED: u64 = 64 * 1024;

/// Groups the digits of a number by thousands: `104,857,600`.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// Returns a number of bytes in full: `1 byte`, `104,857,600 bytes`.
pub fn bytes(number: u64) -> String {
    format!("{} byte{}", grouped(number), if number == 1 { "" } else { "s" })
}

/// Returns a number of bytes with a binary unit (IEC 80000-13), such as `17 B` or `1.4 MiB`.
pub fn amount(bytes: f64) -> String {
    const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
    let mut value = bytes;
    let mut unit = UNITS[0];
    for larger in &UNITS[1..] {
        if value < 1024.0 {
            break;
        }
        value /= 1024.0;
        unit = larger;
    }
    if unit == UNITS[0] { format!("{value:.0} {unit}") } else { format!("{value:.1} {unit}") }
}

/// Returns the rate of the direction that moved more bytes, such as `1.4 MiB/s`. `None`: too few bytes, or no time.
pub fn rate(received: u64, sent: u64, time: Duration) -> Option<String> {
    let most = received.max(sent);
    (most >= RATED && !time.is_zero()).then(|| format!("{}/s", amount(most as f64 / time.as_secs_f64())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_by_thousands() {
        let shown = [0, 12, 999, 1_000, 1_234_567, u64::MAX].map(grouped);
        assert_eq!(shown, ["0", "12", "999", "1,000", "1,234,567", "18,446,744,073,709,551,615"]);
        assert_eq!([0, 1, 2000].map(bytes), ["0 bytes", "1 byte", "2,000 bytes"]);
    }

    #[test]
    fn an_amount_has_the_largest_unit_that_fits() {
        assert_eq!(amount(0.0), "0 B");
        assert_eq!(amount(1023.0), "1023 B");
        assert_eq!(amount(1536.0), "1.5 KiB");
        assert_eq!(amount(104_857_600.0), "100.0 MiB");
        assert_eq!(amount(5e15), "4547.5 TiB");
    }

    #[test]
    fn a_rate_is_that_of_the_direction_with_more_bytes() {
        let rate = |received, sent, milliseconds| rate(received, sent, Duration::from_millis(milliseconds));
        assert_eq!(rate(1 << 20, 2 << 20, 2000).as_deref(), Some("1.0 MiB/s"));
        assert_eq!(rate(1 << 20, 0, 500).as_deref(), Some("2.0 MiB/s"));
        assert_eq!(rate(RATED - 1, RATED - 1, 1000), None);
        assert_eq!(rate(1 << 20, 0, 0), None);
    }
}
