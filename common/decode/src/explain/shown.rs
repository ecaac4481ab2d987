//! Formats values for people. All results are bounded, because a peer chooses most values.

use tls_session::escaped::Escaped;
use x509_parser::time::ASN1Time;

/// The most characters of a text.
pub(super) const CHARACTERS: usize = 256;

/// The most bytes in hexadecimal. A hash, a random number or a key of 256 bits is shown completely.
const BYTES: usize = 32;

/// Formats bytes in hexadecimal.
pub(super) fn hex(bytes: &[u8]) -> String {
    if bytes.is_empty() {
        return "empty".to_owned();
    }
    let (first, rest) = bytes.split_at(bytes.len().min(BYTES));
    match rest.len() {
        0 => crate::hex(first),
        more => format!("{}… and {more} more", crate::hex(first)),
    }
}

/// Formats bytes that should be text as printable ASCII on one line.
pub(super) fn text(bytes: &[u8]) -> String {
    if bytes.is_empty() {
        return "empty".to_owned();
    }
    match beginning(bytes, CHARACTERS) {
        (shown, 0) => shown,
        (shown, more) => format!("{shown}… and {more} more"),
    }
}

/// Escapes the beginning of some bytes: printable ASCII on one line, at most `characters` long. Also returns the
/// number of bytes that are left out.
pub fn beginning(bytes: &[u8], characters: usize) -> (String, usize) {
    let mut shown = String::new();
    for (index, byte) in bytes.iter().enumerate() {
        let escaped = Escaped::new(std::slice::from_ref(byte)).to_string();
        if shown.len() + escaped.len() > characters {
            return (shown, bytes.len() - index);
        }
        shown += &escaped;
    }
    (shown, 0)
}

/// Formats a number after "there": `is 1`, `are 2`.
pub(super) fn are(number: usize) -> String {
    let is = if number == 1 { "is" } else { "are" };
    format!("{is} {number}")
}

/// Formats a time in seconds, from two hours on also in hours.
pub(super) fn seconds(seconds: u32) -> String {
    match seconds {
        0..7200 => format!("{seconds} s"),
        _ => format!("{seconds} s (about {} h)", (u64::from(seconds) + 1800) / 3600),
    }
}

/// Formats a moment, given as seconds since 1970.
pub(super) fn moment(seconds: i64) -> String {
    let Ok(time) = ASN1Time::from_timestamp(seconds).map(|time| time.to_datetime()) else {
        return format!("second {seconds} since 1970");
    };
    let (hour, minute, second) = time.to_hms();
    format!("{} {hour:02}:{minute:02}:{second:02} UTC", time.date())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_values_are_cut_and_count_the_rest() {
        assert_eq!(hex(&[]), "empty");
        assert_eq!(hex(&[0xab; 32]), "ab".repeat(32));
        assert_eq!(hex(&[0xab; 35]), format!("{}… and 3 more", "ab".repeat(32)));
        assert_eq!(text(b""), "empty");
        assert_eq!(text(&[b'a'; 256]), "a".repeat(256));
        assert_eq!(text(&[b'a'; 258]), format!("{}… and 2 more", "a".repeat(256)));
        assert_eq!(text(&[0xff; 65]), format!("{}… and 1 more", r"\xff".repeat(64)));
        assert_eq!(text("\u{202e}\n\x1b".as_bytes()), r"\xe2\x80\xae\n\x1b");
    }

    #[test]
    fn times_are_formatted() {
        assert_eq!((seconds(30), seconds(86400)), ("30 s".to_owned(), "86400 s (about 24 h)".to_owned()));
        assert_eq!(moment(1_469_841_839), "2016-07-30 01:23:59 UTC");
        assert_eq!(moment(i64::MAX), format!("second {} since 1970", i64::MAX));
    }
}
