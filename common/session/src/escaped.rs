//! Makes strings that a peer or a file chose safe to show. Every log line and every terminal gets them only this way.

use std::ascii;
use std::fmt::{self, Write};

use crate::bytes::Bytes;

/// The number of bytes that are shown. It bounds what one hostile string adds to a log line: 256 bytes, each at most
/// four characters (`\x1b`) wide.
const SHOWN: usize = 256;

/// Shows untrusted bytes: bounded, on one line, and in printable ASCII only.
///
/// Everything outside printable ASCII is escaped, valid UTF-8 included. C1 controls, bidirectional overrides and
/// look-alike letters are valid UTF-8, and each of them can falsify a log line. The backslash is escaped too, so the
/// original bytes can be told from the text.
///
/// ```
/// use tls_session::escaped::Escaped;
///
/// assert_eq!(Escaped::new("GET / HTTP/1.1\r\n").to_string(), r"GET / HTTP/1.1\r\n");
/// assert_eq!(Escaped::new(b"\x1b[2J\xff").to_string(), r"\x1b[2J\xff");
/// assert!(Escaped::new(&[b'a'; 300]).to_string().ends_with("a…(+44 bytes)"));
/// ```
#[derive(Clone, Copy)]
pub struct Escaped<'a>(&'a [u8]);

impl<'a> Escaped<'a> {
    /// Wraps the bytes without copying them. At most 256 of them are shown.
    pub fn new(bytes: &'a (impl AsRef<[u8]> + ?Sized)) -> Self {
        Self(bytes.as_ref())
    }
}

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (shown, rest) = self.0.split_at(self.0.len().min(SHOWN));
        for &byte in shown {
            match byte {
                // `escape_default` would escape quotes as well. Quotes are harmless in a terminal.
                b'\'' | b'"' => f.write_char(char::from(byte))?,
                _ => write!(f, "{}", ascii::escape_default(byte))?,
            }
        }
        match rest.len() {
            0 => Ok(()),
            more => write!(f, "…(+{})", Bytes(more)),
        }
    }
}

impl fmt::Debug for Escaped<'_> {
    /// Shows the same as `Display`, so that `{:?}` is safe too.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Makes one line of a whole message. Control characters, the newline included, and invisible formatting characters are
/// escaped. Other text stays as it is.
///
/// This is for messages that a library wrote without [`Escaped`]. The backslash and printable Unicode stay as they
/// are, so an `Escaped` part does not change and a file name stays readable.
pub fn one_line(message: &str) -> String {
    let mut line = String::with_capacity(message.len());
    for c in message.chars() {
        if c.is_control() || is_invisible(c) {
            line.extend(c.escape_default());
        } else {
            line.push(c);
        }
    }
    line
}

/// Returns whether a character moves or hides the text around it: bidirectional controls, line and paragraph
/// separators, zero-width characters and tags.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn printable_ascii_is_shown_as_it_is() {
        let printable: String = (' '..='~').filter(|&c| c != '\\').collect();
        assert_eq!(Escaped::new(&printable).to_string(), printable);
    }

    #[test]
    fn everything_else_is_escaped() {
        for (bytes, shown) in [
            (&b"a\nb\r\tc"[..], r"a\nb\r\tc"),
            (b"\x1b]0;title\x07", r"\x1b]0;title\x07"),
            (b"back\\slash", r"back\\slash"),
            (b"\x00\x7f\xff", r"\x00\x7f\xff"),
            ("\u{202e}é".as_bytes(), r"\xe2\x80\xae\xc3\xa9"),
            ("\u{9b}2J".as_bytes(), r"\xc2\x9b2J"),
        ] {
            assert_eq!(Escaped::new(bytes).to_string(), shown);
            assert_eq!(format!("{:?}", Escaped::new(bytes)), shown);
        }
    }

    #[test]
    fn the_output_is_printable_and_bounded_whatever_the_input() {
        let all: Vec<u8> = (0..=u8::MAX).cycle().take(100_000).collect();
        let shown = Escaped::new(&all).to_string();
        assert!(shown.ends_with("…(+99744 bytes)"));
        assert!(shown.chars().all(|c| c == '…' || c == ' ' || c.is_ascii_graphic()));
        assert!(shown.len() < 4 * SHOWN + 32);
    }

    #[test]
    fn more_than_256_bytes_are_cut() {
        assert_eq!(Escaped::new(&[b'x'; SHOWN]).to_string(), "x".repeat(SHOWN));
        assert!(Escaped::new(&[b'x'; SHOWN + 1]).to_string().ends_with("x…(+1 byte)"));
        assert_eq!(Escaped::new("").to_string(), "");
    }

    #[test]
    fn one_line_escapes_controls_and_keeps_escaped_text() {
        let peer = Escaped::new("evil\n\\").to_string();
        assert_eq!(one_line(&peer), peer);
        assert_eq!(one_line("clé.pem:\n\x1b[1m\u{202e}\u{2028}"), r"clé.pem:\n\u{1b}[1m\u{202e}\u{2028}");
    }
}
