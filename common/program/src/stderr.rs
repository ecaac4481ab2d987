//! Writes log lines, trace lines and the status line to stderr. The program never waits for the reader of stderr.
//!
//! All lines share one queue, so a line never begins in the middle of another. If the queue is full, a line is dropped
//! and counted. A later line at the same place reports the count. The lines of a lossless trace are never dropped. The
//! writer of such a trace asks [`is_full`], and stops the session that makes the lines.
//!
//! The status line is the last line of a terminal, which is rewritten in place. Log lines appear above it.

use std::io::{self, IsTerminal as _};
use std::os::fd::{AsFd as _, BorrowedFd};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use mio::Registry;
use tls_session::mio::Registration;

use crate::log_line;
use crate::outlet::{Outlet, Queue};

/// How many bytes of lines may be pending.
const LIMIT: usize = 64 * 1024;

/// How long a program waits at its end for the readers of its output.
const LAST_WAIT: Duration = Duration::from_secs(1);

/// How long to wait before the next try, if nothing else causes one.
const RETRY: Duration = Duration::from_millis(100);

/// The longest status line. A longer one would wrap, and only its last row could be erased.
const WIDTH: usize = 79;

/// Returns to the first column, and erases the line (ECMA-48: EL 2).
const ERASE: &str = "\r\x1b[2K";

/// The process has one stderr, so this is a static.
static STDERR: Mutex<Stderr> = Mutex::new(Stderr::new());

/// The writer of a trace on stderr.
#[derive(Clone, Copy, Debug)]
pub struct TraceLines {
    lossless: bool,
}

impl TraceLines {
    /// Returns a writer whose lines are dropped while no program reads stderr, as log lines are.
    pub fn droppable() -> Self {
        Self { lossless: false }
    }

    /// Returns a writer whose lines are kept while no program reads stderr. Its user must ask [`is_full`].
    pub fn lossless() -> Self {
        lock().lossless = true;
        Self { lossless: true }
    }
}

/// Each write is one line, or several that are written or dropped together.
impl io::Write for TraceLines {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let mut stderr = lock();
        let text = line.strip_suffix(b"\n").unwrap_or(line);
        stderr.line(&String::from_utf8_lossy(text), self.lossless);
        if stderr.is_closed { Err(io::ErrorKind::BrokenPipe.into()) } else { Ok(line.len()) }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Writes one line, or drops and counts it.
pub(crate) fn write_line(line: &str) {
    lock().line(line, false);
}

/// Writes the last line of a program, even if the queue is full.
pub(crate) fn write_last_line(line: &str) {
    lock().line(line, true);
}

/// Returns whether stderr is a terminal on which a status line can be rewritten.
pub fn can_show_status() -> bool {
    let dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb");
    !dumb && io::stderr().is_terminal()
}

/// Replaces the status line by the first 79 characters of `text`. An empty text erases it.
///
/// `text` must be the program's own, because it is not escaped.
pub fn show_status(text: &str) {
    lock().show_status(&text.chars().take(WIDTH).collect::<String>());
}

/// Returns when to call [`catch_up`]. `None` unless lines are pending or were dropped.
pub fn deadline() -> Option<Instant> {
    let stderr = lock();
    stderr.retry_at.filter(|_| stderr.is_behind())
}

/// Returns whether a lossless trace must stop.
pub fn is_full() -> bool {
    let stderr = lock();
    stderr.lossless && stderr.pending() > LIMIT
}

/// Returns how many bytes are pending, including log lines. 0 without a lossless trace.
pub fn waiting_trace() -> usize {
    let stderr = lock();
    if stderr.lossless { stderr.pending() } else { 0 }
}

/// Returns whether `other` and stderr are the same terminal.
pub fn is_terminal_of(other: BorrowedFd<'_>) -> bool {
    let stderr = io::stderr();
    let device = |file: BorrowedFd<'_>| rustix::fs::fstat(file).ok().map(|stat| stat.st_rdev);
    other.is_terminal() && stderr.is_terminal() && device(other) == device(stderr.as_fd())
}

/// Writes pending lines, until stderr accepts no more. Then writes how many lines were dropped.
pub fn catch_up() {
    lock().catch_up();
}

/// Registers stderr with the poll while lines of a lossless trace are pending. The poll reports when stderr accepts
/// more.
///
/// # Errors
/// The errors of [`Registration::apply`].
pub fn watch(registration: &mut Registration, registry: &Registry) -> io::Result<()> {
    let stderr = lock();
    let wants = stderr.queue.as_ref().filter(|_| stderr.lossless).map(Queue::wants);
    drop(stderr); // the poll may write a log line, which needs the lock
    wants.map_or(Ok(()), |wants| wants.apply(registration, registry))
}

/// Returns until when an ending program waits for readers: one second after the first call. Call it only at the end.
pub fn end_of_last_wait() -> Instant {
    static END: OnceLock<Instant> = OnceLock::new();
    *END.get_or_init(|| Instant::now() + LAST_WAIT)
}

/// Writes pending lines, and waits for the reader of stderr until [`end_of_last_wait`]. Call this last.
pub fn finish() {
    let until = end_of_last_wait();
    lock().finish(until);
}

/// Sets whether stdout, on the same terminal, ends in the middle of a line.
pub fn stdout_is_in_mid_line(is: bool) {
    lock().mid_line = is;
}

fn lock() -> MutexGuard<'static, Stderr> {
    // After a panic of another thread, the queue still holds only complete lines.
    STDERR.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Stderr {
    /// `None` before the first line.
    queue: Option<Queue>,
    /// How many lines were dropped and not yet reported.
    dropped: u64,
    status: String,
    /// Whether a lossless trace is written.
    lossless: bool,
    /// Whether stderr is a pipe without a reader.
    is_closed: bool,
    /// Whether the cursor is in the middle of a line: after text of stdout on the same terminal, or after an incomplete
    /// line.
    mid_line: bool,
    /// When to try again to write pending lines.
    retry_at: Option<Instant>,
}

impl Stderr {
    const fn new() -> Self {
        Self {
            queue: None,
            dropped: 0,
            status: String::new(),
            lossless: false,
            is_closed: false,
            mid_line: false,
            retry_at: None,
        }
    }

    fn pending(&self) -> usize {
        self.queue.as_ref().map_or(0, Queue::len)
    }

    fn is_behind(&self) -> bool {
        !self.is_closed && (self.pending() > 0 || self.dropped > 0)
    }

    /// Writes a line, or several with newlines between them.
    fn line(&mut self, line: &str, keep: bool) {
        self.catch_up();
        // After a dropped line, all further lines are dropped until the queue is empty. So one count is enough.
        let has_room = self.dropped == 0 && self.pending() + line.len() <= LIMIT;
        if !has_room && !keep {
            self.dropped += line_ends(line) + 1;
            return;
        }
        self.write(&self.above_status(line));
        if self.is_behind() && self.retry_at.is_none() {
            self.retry_at = Some(Instant::now() + RETRY);
        }
    }

    /// Returns the text that writes a line above the status line.
    fn above_status(&self, line: &str) -> String {
        let erase = if self.status.is_empty() { "" } else { ERASE };
        format!("{erase}{line}\n{}", self.status)
    }

    fn show_status(&mut self, text: &str) {
        if text.is_empty() && self.status.is_empty() {
            return;
        }
        text.clone_into(&mut self.status);
        if !self.is_behind() {
            self.write(&format!("{ERASE}{text}"));
        }
    }

    fn catch_up(&mut self) {
        if self.pending() > 0 {
            self.push("");
        }
        if self.dropped > 0 && self.pending() == 0 {
            let missing = std::mem::take(&mut self.dropped);
            let plural = if missing == 1 { " is" } else { "s are" };
            let line =
                log_line::warning(format_args!("{missing} line{plural} missing here: stderr took no more"));
            if !self.write(&self.above_status(&line)) {
                self.dropped = missing;
            }
        }
        self.retry_at = self.is_behind().then(|| Instant::now() + RETRY);
    }

    fn finish(&mut self, until: Instant) {
        self.catch_up();
        if let Some(queue) = &mut self.queue {
            // An error is ignored, because there is no other place to report it.
            let _ = queue.finish(until);
        }
        self.catch_up();
    }

    /// Writes text at the beginning of a line. Returns `false` if stderr fails.
    fn write(&mut self, text: &str) -> bool {
        match std::mem::take(&mut self.mid_line) {
            true => self.push(&format!("\n{text}")),
            false => self.push(text),
        }
    }

    /// Adds text to the queue. Returns `false` if stderr fails. Then the pending lines are dropped and counted.
    fn push(&mut self, text: &str) -> bool {
        let Some(queue) = self.open() else {
            self.dropped += line_ends(text);
            return false;
        };
        let Err(error) = queue.push(text.as_bytes()) else {
            self.is_closed = false;
            return true;
        };
        let (lines, is_incomplete) = (queue.lines(), !queue.is_at_line_start());
        queue.clear();
        self.is_closed = error.kind() == io::ErrorKind::BrokenPipe;
        self.dropped += lines;
        self.mid_line = is_incomplete; // for example if the disk is full
        false
    }

    /// Returns the queue. `None` if no file descriptor is left. Then the next line tries again.
    fn open(&mut self) -> Option<&mut Queue> {
        if self.queue.is_none() {
            self.queue = Outlet::new(io::stderr().as_fd()).ok().map(Queue::of_lines);
        }
        self.queue.as_mut()
    }
}

/// Returns how many newlines are in this text.
fn line_ends(text: &str) -> u64 {
    text.bytes().filter(|&byte| byte == b'\n').count() as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read as _;

    #[test]
    fn each_dropped_line_is_counted_if_several_are_written_at_once() {
        let (mut reader, writer) = io::pipe().unwrap();
        let queue = Queue::of_lines(Outlet::new(writer.as_fd()).unwrap());
        drop(writer);
        let mut stderr = Stderr { queue: Some(queue), ..Stderr::new() };
        let fields = ["     at  size"; 64].join("\n");
        let mut written = 0;
        while stderr.dropped == 0 {
            written += 64;
            stderr.line(&fields, false); // the last time it has no room
        }
        stderr.line("one more", false);
        let mut received = vec![];
        let mut bytes = vec![0; 1 << 20];
        while stderr.dropped > 0 || stderr.pending() > 0 {
            let length = reader.read(&mut bytes).unwrap();
            received.extend_from_slice(&bytes[..length]);
            stderr.catch_up();
        }
        drop(stderr);
        reader.read_to_end(&mut received).unwrap();
        let text = String::from_utf8(received).unwrap();
        let (last, lines) =
            text.lines().collect::<Vec<_>>().split_last().map(|(l, r)| (*l, r.len())).unwrap();
        assert_eq!(lines, written - 64);
        assert!(last.ends_with(" 65 lines are missing here: stderr took no more"), "{last}");
    }
}
