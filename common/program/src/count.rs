//! Parses whole numbers on the command line.

use std::fmt::Display;
use std::str::FromStr;

/// Returns a parser for whole numbers from `least` to `most`.
///
/// ```
/// let slots = program::count::between(1_u32, 1_000_000);
/// assert_eq!(slots("31"), Ok(31));
/// assert_eq!(slots("0").unwrap_err(), "write a whole number from 1 to 1000000");
/// ```
pub fn between<T>(least: T, most: T) -> impl Fn(&str) -> Result<T, String> + Clone + Send + Sync + 'static
where
    T: FromStr + PartialOrd + Display + Copy + Send + Sync + 'static,
{
    move |text| {
        // `str::parse` would also accept a `+`.
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let number = if digits { text.parse().ok() } else { None };
        number
            .filter(|number| (least..=most).contains(number))
            .ok_or_else(|| format!("write a whole number from {least} to {most}"))
    }
}

#[cfg(test)]
mod tests {
    use super::between;

    #[test]
    fn numbers_in_the_range_are_accepted() {
        for (text, number) in [("1", 1), ("007", 7), ("65535", 65535)] {
            assert_eq!(between(1_u16, u16::MAX)(text), Ok(number));
        }
    }

    #[test]
    fn the_error_names_the_range() {
        for text in ["", "x", "0", "-1", "+1", "1.5", "65536", "99999999999999999999", "٣"] {
            let error = between(1_u16, u16::MAX)(text).unwrap_err();
            assert_eq!(error, "write a whole number from 1 to 65535", "{text}");
        }
    }
}
