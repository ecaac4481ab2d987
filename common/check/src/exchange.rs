//! One request and its answer, in what the target speaks.

use std::io;
use std::thread;
use std::time::Duration;

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

/// Compares an echo with what was sent. The end is that of the session, if it came before the whole echo.
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

/// Reads an HTTP answer up to its end: by Content-Length, by its last chunk, or by close_notify.
fn http_answer(client: &mut Client) -> io::Result<()> {
    let mut bytes = Vec::new();
    loop {
        let more = client.receive_some(64 * 1024)?;
        let ended = more.is_empty();
        bytes.extend(more);
        let head = bytes.windows(4).position(|window| window == b"\r\n\r\n");
        if let Some(head) = head {
            let (head, body) = bytes.split_at(head + 4);
            let head = String::from_utf8_lossy(head).to_ascii_lowercase();
            if !head.starts_with("http/1.") {
                return Err(io::Error::other("the answer is not HTTP/1"));
            }
            if is_complete(&head, body) {
                return Ok(());
            }
        }
        if ended || bytes.len() > LONGEST_ANSWER {
            // Without a length, close_notify ends the body (RFC 9112, 6.3 and 9.8).
            return if head.is_some() && ended { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) };
        }
    }
}

fn is_complete(head: &str, body: &[u8]) -> bool {
    let field = |name: &str| {
        head.lines().find_map(|line| line.strip_prefix(name)?.trim_start().strip_prefix(':').map(str::trim))
    };
    match field("content-length").and_then(|length| length.parse::<usize>().ok()) {
        Some(length) => body.len() >= length,
        None => field("transfer-encoding") == Some("chunked") && body.ends_with(b"0\r\n\r\n"),
    }
}
