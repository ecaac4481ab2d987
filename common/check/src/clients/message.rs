//! The messages of the server: known bytes, so that lost and changed bytes show.

use std::borrow::Cow;
use std::sync::OnceLock;

use crate::payload::{self, payload};

/// The expectation of the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// An answer to its HTTP request.
    Http,
    /// A greeting, and then an echo.
    Echo,
}

/// The end of a body in HTTP (RFC 9112, 6.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delimiter {
    /// A Content-Length.
    Length,
    /// The last chunk.
    LastChunk,
    /// The end of the session.
    Close,
}

/// The length of a usual body. Both halves are complete lines.
pub const USUAL: usize = 2048;

/// The length of a large body: more than the buffers of a connection and of a client.
pub const LARGE: usize = 16 << 20;

/// A part of a line that is too short to tell it from other text.
const SHORT: usize = 8;

/// Bytes that the client must never show.
pub const FORGED: &[u8] = b"these bytes are not part of the answer\n";

/// A message of the server, in two halves.
#[derive(Clone, Debug)]
pub struct Message {
    /// The head and the first half of the body.
    pub first: Vec<u8>,
    /// The second half.
    pub rest: Vec<u8>,
}

impl Message {
    /// A message with a body of this many bytes.
    pub fn new(mode: Mode, length: usize, delimiter: Delimiter) -> Self {
        let body = body(length);
        let (one, two) = body.split_at(middle(length));
        if mode == Mode::Echo {
            return Self { first: one.to_vec(), rest: two.to_vec() };
        }
        let head = "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nConnection: close\r\n";
        match delimiter {
            Delimiter::Length => Self {
                first: [format!("{head}Content-Length: {length}\r\n\r\n").as_bytes(), one].concat(),
                rest: two.to_vec(),
            },
            Delimiter::Close => Self { first: [head.as_bytes(), b"\r\n", one].concat(), rest: two.to_vec() },
            Delimiter::LastChunk => Self {
                first: [head.as_bytes(), b"Transfer-Encoding: chunked\r\n\r\n", &chunk(one)].concat(),
                rest: [chunk(two), chunk(&[])].concat(),
            },
        }
    }

    /// Both halves.
    pub fn whole(&self) -> Vec<u8> {
        [&self.first[..], &self.rest].concat()
    }
}

/// The body of a message. The large one is made once: that takes a while without optimisation.
fn body(length: usize) -> Cow<'static, [u8]> {
    static LARGE_BODY: OnceLock<Vec<u8>> = OnceLock::new();
    match length {
        LARGE => Cow::Borrowed(LARGE_BODY.get_or_init(|| payload(LARGE))),
        _ => Cow::Owned(payload(length)),
    }
}

/// The middle of a body, at the end of a line.
fn middle(length: usize) -> usize {
    length / 2 / 64 * 64
}

fn chunk(bytes: &[u8]) -> Vec<u8> {
    [format!("{:x}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat()
}

/// Describes the missing part of a body of this length in a client's output. `None` if every line is there, in order. A client
/// may print other text before and between the lines.
pub fn missing(output: &[u8], length: usize) -> Option<String> {
    let body = body(length);
    let first = body.split_inclusive(|byte| *byte == b'\n').next().unwrap_or_default();
    let together = find(output, first).and_then(|start| output.get(start..start + length));
    if together == Some(&body) {
        return None;
    }
    let mut rest = output;
    let mut found = 0;
    for line in body.split_inclusive(|byte| *byte == b'\n') {
        match find(rest, line) {
            Some(position) => rest = &rest[position + line.len()..],
            None => return Some(format!("{found} of {length} bytes were shown in order")),
        }
        found += line.len();
    }
    None
}

/// Whether one of the last two lines of a client's output is a part of a body. A client may print other text between the
/// lines.
pub fn ends_in_body(output: &[u8]) -> bool {
    let tail = &output[output.len().saturating_sub(4 * payload::LINE)..];
    let mut lines =
        tail.rsplit(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).filter(|line| !line.is_empty());
    let is_similar = |byte: &u8| byte.is_ascii_hexdigit() || b".|".contains(byte); // a fast look before the search
    let is_of_body =
        |line: &[u8]| line.len() > SHORT && line.iter().all(is_similar) && find(&body(LARGE), line).is_some();
    lines.by_ref().take(2).any(is_of_body)
}

/// The position of a text in another one.
pub fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    text.windows(part.len()).position(|window| window == part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_are_the_whole_body() {
        let message = Message::new(Mode::Echo, USUAL, Delimiter::Close);
        assert_eq!(message.whole(), payload(USUAL));
        assert_eq!(message.first.len(), USUAL / 2);
        assert!(message.first.ends_with(b"\n"));
        let chunked = Message::new(Mode::Http, USUAL, Delimiter::LastChunk);
        assert!(chunked.whole().ends_with(b"\r\n0\r\n\r\n"));
    }

    #[test]
    fn the_end_of_the_output_is_in_the_body_or_not() {
        let body = payload(USUAL);
        for (output, expected) in [
            (body.clone(), true),
            (body[..1000].to_vec(), true),
            ([&body[..], b"\r\n400\r\n"].concat(), true),
            ([&body[..], b"waiting\n.... waiting ....\n"].concat(), false),
            (Vec::new(), false),
        ] {
            assert_eq!(ends_in_body(&output), expected, "{}", String::from_utf8_lossy(&output));
        }
    }

    #[test]
    fn missing_lines_are_found_between_other_text() {
        let mut output = payload(USUAL);
        assert_eq!(missing(&output, USUAL), None);
        output.splice(640..640, *b"a line of the client\n");
        assert_eq!(missing(&output, USUAL), None);
        output[700] ^= 1;
        assert_eq!(missing(&output, USUAL).as_deref(), Some("640 of 2048 bytes were shown in order"));
        assert_eq!(missing(b"", USUAL).as_deref(), Some("0 of 2048 bytes were shown in order"));
    }
}
