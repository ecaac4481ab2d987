//! One request and its answer, in the protocol of the target.

use std::io;
use std::thread;
use std::time::{Duration, Instant};

use crate::payload::{LINE, difference, payload};
use crate::probe::Facts;
use crate::target::{Speaks, Target};
use crate::verdict::Stop;
use crate::wire::{Client, End};

/// The length of an echo's request.
const LENGTH: usize = 300;
/// The longest HTTP answer that is read.
const LONGEST_ANSWER: usize = 16 << 20;
/// The pause behind a handshake. A server that reads Finished and the first data together may lose the data, and only the
/// cases that are about this are meant to show it. A target that greets has none.
pub const PAUSE: Duration = Duration::from_millis(10);

/// Why a case that needs a request does not apply to a target that speaks an unknown protocol.
pub const NO_REQUEST: &str = "no request of this protocol is known";

/// The request. Empty if nothing is known about the target.
pub fn request(target: &Target) -> Vec<u8> {
    match target.speaks {
        Speaks::Echo => payload(LENGTH),
        Speaks::Http => {
            format!("GET / HTTP/1.1\r\nHost: {}\r\nAccept: */*\r\n\r\n", target.name.to_str()).into_bytes()
        }
        Speaks::Any => Vec::new(),
    }
}

/// Finishes the handshake, and receives the greeting.
///
/// # Errors
/// The handshake fails, or as [`greeting`].
pub fn handshake(facts: &Facts, client: &mut Client) -> io::Result<()> {
    client.handshake()?;
    greeting(facts, client)
}

/// Receives the greeting of a session behind its handshake. If the target does not greet, waits until it has probably read
/// Finished.
///
/// # Errors
/// The greeting does not come, or is not the usual one.
pub fn greeting(facts: &Facts, client: &mut Client) -> io::Result<()> {
    if facts.greeting.is_empty() {
        pause();
    }
    let greeting = client.receive(facts.greeting.len())?;
    if greeting == facts.greeting {
        Ok(())
    } else {
        Err(io::Error::other("the greeting is not the usual one"))
    }
}

/// Waits until the server has probably read the end of the handshake, and nothing else.
pub fn pause() {
    thread::sleep(PAUSE);
}

/// Receives the answer to [`request`].
///
/// # Errors
/// [`Stop::Failed`]: the answer does not come, is not complete, or is not the right one.
pub fn answer(target: &Target, client: &mut Client) -> Result<(), Stop> {
    let incomplete = |error: io::Error| Stop::Failed(format!("the answer did not come: {error}"));
    match target.speaks {
        Speaks::Echo => {
            let sent = request(target);
            let (received, end) = client.receive_up_to(sent.len());
            compare(&sent, &received, end)
        }
        Speaks::Http => http_answer(client).map_err(incomplete),
        Speaks::Any => Ok(()),
    }
}

/// Tries an exchange, where the session may have ended.
///
/// # Errors
/// How the session ended before the answer was complete. [`End::Open`]: no answer came within the limit.
/// [`End::Other`]: the answer is wrong.
pub fn attempt(target: &Target, client: &mut Client) -> Result<(), End> {
    let sent = request(target);
    let _ = client.send(&sent); // a write after the end fails: the read says how the session ended
    match target.speaks {
        Speaks::Echo => match client.receive_up_to(sent.len()) {
            (_, Some(end)) => Err(end),
            (received, None) => difference(&sent, &received)
                .map_or(Ok(()), |why| Err(End::Other(format!("the echo is wrong: {why}")))),
        },
        Speaks::Http => http_answer(client).map_err(|error| End::of(&error)),
        Speaks::Any => Ok(()),
    }
}

/// Compares an echo with the bytes that were sent. The end is that of the session, if it came before the whole echo.
///
/// # Errors
/// [`Stop::Failed`]: they differ.
pub fn compare(sent: &[u8], received: &[u8], end: Option<End>) -> Result<(), Stop> {
    match (difference(sent, received), end) {
        (None, _) => Ok(()),
        (Some(difference), None) => Err(Stop::Failed(format!("the echo is wrong: {difference}"))),
        (Some(difference), Some(end)) => Err(Stop::Failed(format!("{difference}, and then {end}"))),
    }
}

/// Whether an echo has sent a line of [`payload`] back. A server may send other data, such as a farewell.
pub fn is_answered(target: &Target, received: &[u8]) -> bool {
    let line = payload(LINE);
    target.speaks == Speaks::Echo && received.windows(line.len()).any(|window| window == line)
}

/// Reads an HTTP answer up to its end: by Content-Length, by its last chunk, or by close_notify. All of it has to come within
/// the limit of the connection.
fn http_answer(client: &mut Client) -> io::Result<()> {
    let by = Instant::now() + client.connection().limit();
    let mut bytes = Vec::new();
    let mut head: Option<Head> = None;
    loop {
        let more = client.receive_some_by(64 * 1024, by)?;
        let ended = more.is_empty();
        let mut searched = bytes.len().saturating_sub(HEAD_END.len() - 1);
        bytes.extend(more);
        while head.is_none()
            && let Some(found) = Head::find(&bytes, searched)?
        {
            match found.body {
                // The answer follows (RFC 9110, 15.2).
                Body::Interim => drop(bytes.drain(..found.length)),
                _ => head = Some(found),
            }
            searched = 0;
        }
        match &head {
            Some(head) if head.is_complete(&bytes) => return Ok(()),
            // Without a length, close_notify ends the body (RFC 9112, 6.3 and 9.8).
            Some(_) if ended => return Ok(()),
            _ if ended || bytes.len() > LONGEST_ANSWER => return Err(io::ErrorKind::UnexpectedEof.into()),
            _ => {}
        }
    }
}

/// The end of the head of an HTTP answer.
const HEAD_END: &[u8] = b"\r\n\r\n";

/// The head of an HTTP answer: its length, and the end of the body.
struct Head {
    /// The length of the head.
    length: usize,
    body: Body,
}

/// How a body ends.
enum Body {
    /// After this many bytes.
    Length(usize),
    /// With a chunk of no bytes, and a trailer behind it.
    Chunked,
    /// Another answer follows, the final one.
    Interim,
    /// With the session.
    ToTheEnd,
}

impl Head {
    /// Finds the head in these bytes. Its end is not before `from`.
    fn find(bytes: &[u8], from: usize) -> io::Result<Option<Self>> {
        let end = bytes[from..].windows(HEAD_END.len()).position(|window| window == HEAD_END);
        let Some(length) = end.map(|end| from + end + HEAD_END.len()) else { return Ok(None) };
        let text = String::from_utf8_lossy(&bytes[..length]).to_ascii_lowercase();
        if !text.starts_with("http/1.") {
            return Err(io::Error::other("the answer is not HTTP/1"));
        }
        let field = |name: &str| {
            text.lines()
                .find_map(|line| line.strip_prefix(name)?.trim_start().strip_prefix(':').map(str::trim))
        };
        let coding = field("transfer-encoding");
        let length_field = field("content-length").and_then(|length| length.parse().ok());
        let body = match (text.split(' ').nth(1).unwrap_or_default(), coding, length_field) {
            (status, ..) if status.starts_with('1') => Body::Interim,
            ("204" | "304", ..) => Body::Length(0), // they have no body (RFC 9112, 6.3)
            // "the Transfer-Encoding overrides the Content-Length" (RFC 9112, 6.3).
            (_, Some(coding), _) if coding.ends_with("chunked") => Body::Chunked,
            (_, None, Some(length)) => Body::Length(length),
            _ => Body::ToTheEnd,
        };
        Ok(Some(Self { length, body }))
    }

    fn is_complete(&self, answer: &[u8]) -> bool {
        let body = &answer[self.length..];
        match self.body {
            Body::Length(length) => body.len() >= length,
            Body::Chunked => has_last_chunk(body),
            Body::Interim | Body::ToTheEnd => false,
        }
    }
}

/// Whether a chunked body has its last chunk, and the trailer behind it (RFC 9112, 7.1).
fn has_last_chunk(body: &[u8]) -> bool {
    let is_there = body.starts_with(b"0\r\n") || body.windows(5).any(|window| window == b"\r\n0\r\n");
    is_there && body.ends_with(HEAD_END)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_head_of_an_answer_says_where_its_body_ends() {
        for (head, body, is_complete) in [
            ("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n", "1234", true),
            ("HTTP/1.1 200 OK\r\ncontent-length:4\r\n\r\n", "123", false),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "1\r\nx\r\n0\r\n\r\n", true),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "1\r\nx\r\n", false),
            (
                "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
                "1\r\nx\r\n",
                false,
            ),
            ("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: gzip\r\n\r\n", "1234", false),
            ("HTTP/1.0 200 OK\r\n\r\n", "1234", false),
        ] {
            let answer = [head, body].concat().into_bytes();
            // The end of the head may arrive in two pieces.
            for from in [0, head.len() - 4] {
                let found = Head::find(&answer, from).ok().flatten().map(|head| head.is_complete(&answer));
                assert_eq!(found, Some(is_complete), "{head}{body}");
            }
        }
        assert!(matches!(Head::find(b"HTTP/1.1 200 OK\r\n", 0), Ok(None)));
        assert!(Head::find(b"220 mail.example\r\n\r\n", 0).is_err());
    }
}
