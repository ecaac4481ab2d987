//! Values as people read them, bounded: a peer chose most of them, and how long they are.

use tls_session::escaped::Escaped;
use x509_parser::time::ASN1Time;

/// How many characters of a text are shown, and of a number of bytes in hexadecimal half as many bytes at most.
pub(super) const CHARACTERS: usize = 256;

/// So many bytes are shown in hexadecimal: a hash, a random number or a key of 256 bits, all of it.
const BYTES: usize = 32;

/// Bytes that are no text.
pub(super) fn hex(bytes: &[u8]) -> String {
    if bytes.is_empty() {
        return "empty".to_owned();
    }
    let (first, rest) = bytes.split_at(bytes.len().min(BYTES));
    let mut shown: String = first.iter().map(|byte| format!("{byte:02x}")).collect();
    if !rest.is_empty() {
        shown += &format!("… and {} more", rest.len());
    }
    shown
}

/// Bytes that should be text; whatever they are, printable ASCII on one line.
pub(super) fn text(bytes: &[u8]) -> String {
    if bytes.is_empty() {
        return "empty".to_owned();
    }
    let mut shown = String::new();
    for (index, byte) in bytes.iter().enumerate() {
        let one = Escaped::new(std::slice::from_ref(byte)).to_string();
        if shown.len() + one.len() > CHARACTERS {
            return format!("{shown}… and {} more", bytes.len() - index);
        }
        shown += &one;
    }
    shown
}

/// A number of things: `1 byte`, `2 bytes`.
pub(super) fn count(number: usize, what: &str) -> String {
    let s = if number == 1 { "" } else { "s" };
    format!("{number} {what}{s}")
}

/// So many of them: `is 1`, `are 2`.
pub(super) fn are(number: usize) -> String {
    let is = if number == 1 { "is" } else { "are" };
    format!("{is} {number}")
}

/// A time in seconds, and in hours where that says more.
pub(super) fn seconds(seconds: u32) -> String {
    match seconds {
        0..7200 => format!("{seconds} s"),
        _ => format!("{seconds} s (about {} h)", (u64::from(seconds) + 1800) / 3600),
    }
}

/// A moment, from its seconds since 1970.
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
    fn what_is_long_is_cut_and_says_by_how_much() {
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
    fn numbers_of_things_and_times_read_well() {
        assert_eq!((count(0, "byte"), count(1, "byte")), ("0 bytes".to_owned(), "1 byte".to_owned()));
        assert_eq!((seconds(30), seconds(86400)), ("30 s".to_owned(), "86400 s (about 24 h)".to_owned()));
        assert_eq!(moment(1_469_841_839), "2016-07-30 01:23:59 UTC");
        assert_eq!(moment(i64::MAX), format!("second {} since 1970", i64::MAX));
    }
}
