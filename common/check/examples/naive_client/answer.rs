//! The HTTP answer: its end, and its output.

use std::io::{self, Write as _};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::Why;
use crate::fault::Fault;

/// How long stdout may take nothing, for the client that is impatient.
const OUTPUT: Timespec = Timespec { tv_sec: 2, tv_nsec: 0 };

/// An HTTP answer, which is printed as it arrives.
pub struct Answer {
    fault: Fault,
    head: Vec<u8>,
    /// How many bytes of the body have come.
    pub body: usize,
    end: Option<BodyEnd>,
    /// The last bytes of the body, up to five.
    tail: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum BodyEnd {
    Length(usize),
    LastChunk,
    Close,
}

impl Answer {
    pub fn new(fault: Fault) -> Self {
        Self { fault, head: Vec::new(), body: 0, end: None, tail: Vec::new() }
    }

    pub fn has_begun(&self) -> bool {
        self.end.is_some()
    }

    pub fn receive(&mut self, bytes: &mut [u8]) -> Result<(), Why> {
        if self.end.is_some() {
            return self.body(bytes);
        }
        self.head.extend_from_slice(bytes);
        let Some(end) = self.head.windows(4).position(|window| window == b"\r\n\r\n") else { return Ok(()) };
        let mut body = self.head.split_off(end + 4);
        let head = String::from_utf8_lossy(&self.head).to_ascii_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
        self.end = Some(match length {
            Some(length) => BodyEnd::Length(length),
            None if head.contains("transfer-encoding: chunked") => BodyEnd::LastChunk,
            None => BodyEnd::Close,
        });
        self.body(&mut body)
    }

    /// Prints a part of the body. Chunks are printed as they are.
    fn body(&mut self, bytes: &mut [u8]) -> Result<(), Why> {
        if self.fault == Fault::ChangedByte && (self.body..self.body + bytes.len()).contains(&100) {
            bytes[100 - self.body] ^= 1;
        }
        self.body += bytes.len();
        self.tail.extend_from_slice(bytes);
        self.tail.drain(..self.tail.len().saturating_sub(5));
        if self.fault == Fault::OutputTimesOut && !stdout_takes_bytes() {
            return Err(Why::Io(io::ErrorKind::WriteZero.into()));
        }
        Ok(io::stdout().write_all(bytes)?)
    }

    /// Whether nothing more is needed. The end of the session is read if it is the end of the body.
    pub fn is_complete(&self) -> bool {
        match self.end {
            Some(BodyEnd::Length(length)) if self.fault == Fault::ClosesEarly => self.body >= length / 2,
            Some(BodyEnd::Length(length)) => self.body >= length,
            Some(BodyEnd::LastChunk) => self.tail == b"0\r\n\r\n",
            Some(BodyEnd::Close) | None => false,
        }
    }

    /// The session has ended.
    pub fn end(&self) -> Result<(), Why> {
        let ignored =
            matches!(self.fault, Fault::LengthIgnored | Fault::TruncationIgnored | Fault::ClosesEarly);
        match self.end {
            None => Err(Why::Incomplete),
            Some(BodyEnd::Close) => Ok(()),
            Some(_) if ignored || self.is_complete() => Ok(()),
            Some(_) => Err(Why::Incomplete),
        }
    }
}

fn stdout_takes_bytes() -> bool {
    let stdout = io::stdout();
    poll(&mut [PollFd::new(&stdout, PollFlags::OUT)], Some(&OUTPUT)).is_ok_and(|ready| ready > 0)
}
