//! Parses timeouts on the command line: `500ms`, `3s`, `1h 30m`, or `off`.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use tls_session::deadline::{Timeout, Timeouts};

/// Returns the flag of a timeout, such as `--idle-timeout`.
pub fn timeout_flag(timeout: Timeout) -> String {
    format!("--{}-timeout", timeout.name())
}

/// The longest timeout. No use needs a longer one, and `Instant + Duration` could overflow.
const LONGEST: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);

/// A timeout: a duration, or `off`.
///
/// Its `Display` can be parsed again:
///
/// ```
/// use program::time_limit::TimeLimit;
///
/// let timeout: TimeLimit = "1h 30m".parse()?;
/// assert_eq!(timeout.duration().map(|d| d.as_secs()), Some(5400));
/// assert_eq!(timeout.to_string(), "1h 30m");
/// assert_eq!("off".parse::<TimeLimit>()?.duration(), None);
/// # Ok::<(), String>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeLimit(Option<Duration>);

impl TimeLimit {
    /// Returns the duration, or `None` for `off`. 0 means immediately.
    pub const fn duration(self) -> Option<Duration> {
        self.0
    }

    /// Parses a timeout that must not be 0, because no work can finish in no time.
    ///
    /// # Errors
    ///
    /// The errors of [`TimeLimit::from_str`], and an error for 0.
    pub fn parse_deadline(text: &str) -> Result<Self, String> {
        match text.parse()? {
            Self(Some(Duration::ZERO)) => {
                Err("leaves no time at all; `off` disables this timeout".to_owned())
            }
            timeout => Ok(timeout),
        }
    }
}

impl FromStr for TimeLimit {
    type Err = String;

    /// Parses `off`, or a sum of numbers with units such as `1h 30m` or `1.5s`, up to ten years.
    ///
    /// # Errors
    ///
    /// A sentence that says what is wrong and gives an example.
    fn from_str(text: &str) -> Result<Self, String> {
        if text == "off" {
            return Ok(Self(None));
        }
        if text.starts_with('-') {
            return Err("a time cannot be negative; examples: 500ms, 3s, 5m, 1h 30m, off".to_owned());
        }
        let digits = |text: &str| text.bytes().filter(u8::is_ascii_digit).count();
        if digits(text) > 0 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
            return Err(format!("a number needs a unit, such as `{text}s` or `{text}ms`"));
        }
        // humantime adds the seconds in a u64. It panics if their sum is the largest u64 and one more second comes from
        // milliseconds: `18446744073709551615s 1000ms`. With at most eleven digits in a number and twenty in all, the
        // sum is little more than 10^11 years, which fits. Ten years with nanoseconds have twenty digits.
        if digits(text) > 20 || text.split(char::is_alphabetic).any(|number| digits(number) > 11) {
            return Err("has too many digits; ten years are the longest".to_owned());
        }
        match humantime::parse_duration(text) {
            Ok(duration) if duration > LONGEST => {
                Err("is longer than ten years; `off` disables a timeout".to_owned())
            }
            Ok(duration) => Ok(Self(Some(duration))),
            Err(error) => Err(format!("{error}; examples: 500ms, 3s, 5m, 1h 30m, off")),
        }
    }
}

impl fmt::Display for TimeLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            None => f.write_str("off"),
            Some(duration) => humantime::format_duration(duration).fmt(f),
        }
    }
}

/// The flags for the timeouts of a session, in both programs.
#[derive(clap::Args, Clone, Copy, Debug)]
#[command(next_help_heading = "Timeouts (500ms, 3s, 1h 30m; off disables)")]
pub struct TimeLimitArgs {
    /// From the first to the last step of the handshake
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = TimeLimit::parse_deadline)]
    pub handshake_timeout: TimeLimit,

    /// Without application data in either direction
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = TimeLimit::parse_deadline)]
    pub idle_timeout: TimeLimit,

    /// Without progress in writing to the peer
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = TimeLimit::parse_deadline)]
    pub write_timeout: TimeLimit,

    /// From our decision to close to the end of the session
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = TimeLimit::parse_deadline)]
    pub close_timeout: TimeLimit,

    /// From the beginning to the end of the session
    #[arg(long, value_name = "TIME", default_value = "off", value_parser = TimeLimit::parse_deadline)]
    pub session_timeout: TimeLimit,
}

impl TimeLimitArgs {
    /// Returns the timeouts of a server's session.
    pub fn timeouts(&self) -> Timeouts {
        Timeouts {
            wait: None,
            handshake: self.handshake_timeout.duration(),
            idle: self.idle_timeout.duration(),
            write: self.write_timeout.duration(),
            close: self.close_timeout.duration(),
            session: self.session_timeout.duration(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;

    #[test]
    fn durations_and_off_are_parsed() {
        for (text, milliseconds) in
            [("500ms", 500), ("3s", 3000), ("5m", 300_000), ("1h 30m", 5_400_000), ("1.5s", 1500), ("0s", 0)]
        {
            let timeout: TimeLimit = text.parse().unwrap();
            assert_eq!(timeout, TimeLimit(Some(Duration::from_millis(milliseconds))), "{text}");
        }
        assert_eq!("off".parse(), Ok(TimeLimit(None)));
    }

    #[test]
    fn a_displayed_timeout_can_be_parsed() {
        for text in ["off", "0s", "500ms", "3s", "1h 30m"] {
            assert_eq!(text.parse::<TimeLimit>().unwrap().to_string(), text);
        }
        let longest = "3649days 23h 59m 59s 999ms 999us 999ns";
        for text in ["60s", "90m", "400days", "1000us", "36h", "2 weeks", "169803.66066s", longest] {
            let timeout: TimeLimit = text.parse().unwrap();
            assert_eq!(timeout.to_string().parse(), Ok(timeout), "{text}");
        }
    }

    #[test]
    fn each_mistake_has_its_own_message() {
        for (texts, message) in [
            (&["10", "1.5", "0"][..], "a number needs a unit, such as `"),
            (&["-1s", "-1", "-500ms", "-"], "a time cannot be negative; examples: 500ms"),
            (&["", " ", "s", "3 parsecs", "10s off", "Off", "1,5s", "٣s", "1s\u{202e}"], "; examples: 500ms"),
            (&["11years", "100000h", "99999999999y", "99999999999s 1 year"], "longer than ten years"),
        ] {
            for text in texts {
                let error = text.parse::<TimeLimit>().unwrap_err();
                assert!(error.contains(message), "{text}: {error}");
            }
        }
        let error = "1.5".parse::<TimeLimit>().unwrap_err();
        assert_eq!(error, "a number needs a unit, such as `1.5s` or `1.5ms`");
    }

    #[test]
    fn large_numbers_are_errors_and_do_not_overflow() {
        for text in [
            "99999999999y 999999999y",
            "1844674407370955 1615s",
            "18446744073709551615s 1000ms",
            "999999999999999999999999s",
            "584542046090y",
            "0.00000000000000000001s",
        ] {
            assert!(text.parse::<TimeLimit>().is_err(), "{text}");
        }
        let longest: TimeLimit = "3650days".parse().unwrap();
        assert!(longest.duration().and_then(|time| Instant::now().checked_add(time)).is_some());
    }

    #[test]
    fn a_deadline_of_zero_is_refused() {
        assert!(TimeLimit::parse_deadline("0s").unwrap_err().contains("`off`"));
        assert!(TimeLimit::parse_deadline("0h 0ms").is_err());
        assert_eq!(TimeLimit::parse_deadline("1ns"), "1ns".parse());
        assert_eq!(TimeLimit::parse_deadline("off"), Ok(TimeLimit(None)));
    }
}
