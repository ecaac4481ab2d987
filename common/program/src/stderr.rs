//! stderr: log lines, trace lines and the status line, none of which the program ever waits for.
//!
//! They share one queue, so that a line never begins in the middle of another. A line that finds the queue full is
//! dropped and counted, and the count stands where the lines would have been. The lines of a lossless trace are kept.
//! The writer of such a trace asks [`is_full`], and stops the session that makes the lines.

use std::io::{self, IsTerminal as _};
use std::os::fd::{AsFd as _, BorrowedFd};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use mio::Registry;

use crate::logging;
use crate::outlet::{Outlet, Queue};
use tls_session::mio::Registration;

/// How many bytes of lines may wait.
const LIMIT: usize = 64 * 1024;

/// How long a program waits at its end for the readers of all that it has written.
const LAST_WAIT: Duration = Duration::from_secs(1);

/// When to try again, if nothing else makes us try.
const RETRY: Duration = Duration::from_millis(100);

/// Back to the first column, and erase the line (ECMA-48: EL 2).
const ERASE: &str = "\r\x1b[2K";

/// It belongs to the process, as the descriptor does.
static STDERR: Mutex<Stderr> = Mutex::new(Stderr::new());

/// The writer of a trace on stderr.
#[derive(Clone, Copy, Debug)]
pub struct TraceLines {
    lossless: bool,
}

impl TraceLines {
    /// Lines that are dropped, as log lines are, while nobody reads stderr.
    pub fn droppable() -> Self {
        Self { lossless: false }
    }

    /// Lines that are kept while nobody reads stderr. Their writer asks [`is_full`].
    pub fn lossless() -> Self {
        lock().lossless = true;
        Self { lossless: true }
    }
}

/// Each write is one line.
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

/// Writes one line even if the queue is full: the last line of a program.
pub(crate) fn write_last_line(line: &str) {
    lock().line(line, true);
}

/// Shows `text` as the status line, instead of the text before. An empty one erases it.
pub(crate) fn show_status(text: &str) {
    lock().show_status(text);
}

/// When to call [`catch_up`]: `None` unless lines wait, or were dropped.
pub fn deadline() -> Option<Instant> {
    let stderr = lock();
    stderr.retry_at.filter(|_| stderr.is_behind())
}

/// Whether a lossless trace has to stop.
pub fn is_full() -> bool {
    let stderr = lock();
    stderr.lossless && stderr.waiting() > LIMIT
}

/// How many bytes of a lossless trace wait, and of the log lines among them.
pub fn waiting_trace() -> usize {
    let stderr = lock();
    if stderr.lossless { stderr.waiting() } else { 0 }
}

/// Whether `other` is the terminal that stderr is.
pub fn is_terminal_of(other: BorrowedFd<'_>) -> bool {
    let stderr = io::stderr();
    let device = |file: BorrowedFd<'_>| rustix::fs::fstat(file).ok().map(|stat| stat.st_rdev);
    other.is_terminal() && stderr.is_terminal() && device(other) == device(stderr.as_fd())
}

/// Writes what waits, as far as stderr takes it, and says how many lines were dropped.
pub fn catch_up() {
    lock().catch_up();
}

/// Has the poll report when stderr takes more, if lines of a lossless trace wait.
///
/// # Errors
/// Those of [`Registration::apply`].
pub fn watch(registration: &mut Registration, registry: &Registry) -> io::Result<()> {
    let stderr = lock();
    let wants = stderr.queue.as_ref().filter(|_| stderr.lossless).map(Queue::wants);
    drop(stderr); // or a log line of the poll would wait for it
    wants.map_or(Ok(()), |wants| wants.tell(registration, registry))
}

/// Until when a program that ends waits for readers: a second from the first call, which therefore comes at its end.
pub fn end_of_last_wait() -> Instant {
    static END: OnceLock<Instant> = OnceLock::new();
    *END.get_or_init(|| Instant::now() + LAST_WAIT)
}

/// Writes what waits, and waits for the reader of stderr until [`end_of_last_wait`]. Call this last.
pub fn finish() {
    let until = end_of_last_wait();
    lock().finish(until);
}

/// Says that stdout, which is the same terminal, now ends in the middle of a line, or no longer does.
pub fn stdout_is_in_mid_line(is: bool) {
    lock().behind_text = is;
}

fn lock() -> MutexGuard<'static, Stderr> {
    // A panic elsewhere leaves a line whole or unwritten.
    STDERR.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Stderr {
    /// `None` before the first line.
    queue: Option<Queue>,
    /// How many lines are missing.
    dropped: u64,
    status: String,
    /// Whether a lossless trace is written.
    lossless: bool,
    /// Whether nobody has stderr open for reading.
    is_closed: bool,
    /// Whether the cursor stands behind text: of stdout on the same terminal, or of a line that could not be finished.
    behind_text: bool,
    /// When to try again to write what waits.
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
            behind_text: false,
            retry_at: None,
        }
    }

    fn waiting(&self) -> usize {
        self.queue.as_ref().map_or(0, Queue::len)
    }

    fn is_behind(&self) -> bool {
        !self.is_closed && (self.waiting() > 0 || self.dropped > 0)
    }

    fn line(&mut self, line: &str, keep: bool) {
        self.catch_up();
        // Once a line is missing, so are all that follow until the queue is empty: then one count stands for all.
        let has_room = self.dropped == 0 && self.waiting() + line.len() <= LIMIT;
        if !has_room && !keep {
            self.dropped += 1;
            return;
        }
        self.write(&self.above_status(line));
        if self.is_behind() && self.retry_at.is_none() {
            self.retry_at = Some(Instant::now() + RETRY);
        }
    }

    /// What writes a line that stays, above the status line.
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
        if self.waiting() > 0 {
            self.push("");
        }
        if self.dropped > 0 && self.waiting() == 0 {
            let missing = std::mem::take(&mut self.dropped);
            let plural = if missing == 1 { " is" } else { "s are" };
            let line =
                logging::warning(format_args!("{missing} line{plural} missing here: stderr took no more"));
            if !self.write(&self.above_status(&line)) {
                self.dropped = missing;
            }
        }
        self.retry_at = self.is_behind().then(|| Instant::now() + RETRY);
    }

    fn finish(&mut self, until: Instant) {
        self.catch_up();
        if let Some(queue) = &mut self.queue {
            // Ignored: nobody is left who could be told.
            let _ = queue.finish(until);
        }
        self.catch_up();
    }

    /// Writes text that begins a new line. `false` if stderr fails.
    fn write(&mut self, text: &str) -> bool {
        match std::mem::take(&mut self.behind_text) {
            true => self.push(&format!("\n{text}")),
            false => self.push(text),
        }
    }

    /// Hands text to the queue. `false` if stderr fails: what waits is dropped and counted then.
    fn push(&mut self, text: &str) -> bool {
        let Some(queue) = self.open() else {
            self.dropped += 1;
            return false;
        };
        let Err(error) = queue.push(text.as_bytes()) else {
            self.is_closed = false;
            return true;
        };
        let (lines, torn) = (queue.lines(), !queue.is_at_line_start());
        queue.clear();
        self.is_closed = error.kind() == io::ErrorKind::BrokenPipe;
        self.dropped += lines;
        self.behind_text = torn; // by a disk that is full, for example
        false
    }

    /// The queue. `None` if there are no descriptors for it: the next line tries again.
    fn open(&mut self) -> Option<&mut Queue> {
        if self.queue.is_none() {
            self.queue = Outlet::new(io::stderr().as_fd()).ok().map(Queue::of_lines);
        }
        self.queue.as_mut()
    }
}
