//! stdout, behind a queue: what its reader does not take yet waits, and the session with it.

use std::cell::RefCell;
use std::io;
use std::os::fd::AsFd as _;
use std::rc::Rc;
use std::time::Instant;

use mio::{Registry, Token};
use program::outlet::{Outlet, Queue};
use program::stderr;
use tls_session::mio::Registration;

/// Above this many bytes that wait, the session reads no more. One turn may add what it has read by then.
const LIMIT: usize = 64 * 1024;

/// The application writes to it, and the loop watches it.
pub type SharedOutput = Rc<RefCell<Output>>;

/// stdout, and the trace on stderr where that has to be kept too.
pub struct Output {
    queue: Queue,
    stdout: Registration,
    stderr: Registration,
    belongs_to_capture: bool,
    /// Whether stderr is the same terminal.
    shares_terminal: bool,
    error: Option<io::Error>,
    /// Whether a write to stdout has failed. Stays true after [`take_error`](Self::take_error).
    failed: bool,
}

impl Output {
    /// Creates the output. The poll reports stdout with the token `stdout`, and stderr with the token `stderr`. If stdout belongs to a
    /// capture, text is thrown away: the capture has it.
    ///
    /// # Errors
    /// Out of file descriptors.
    pub fn new(stdout: Token, stderr: Token, belongs_to_capture: bool) -> io::Result<SharedOutput> {
        Ok(Rc::new(RefCell::new(Self {
            queue: Queue::new(Outlet::new(io::stdout().as_fd())?),
            stdout: Registration::new(stdout),
            stderr: Registration::new(stderr),
            belongs_to_capture,
            shares_terminal: stderr::is_terminal_of(io::stdout().as_fd()),
            error: None,
            failed: false,
        })))
    }

    /// Returns whether the session may produce more output, for stdout or for the trace.
    pub fn has_room(&self) -> bool {
        self.queue.len() <= LIMIT && !stderr::is_full()
    }

    /// Whether there is room, and how many bytes wait: what a loop that sleeps has to hear of.
    pub fn state(&self) -> (bool, usize) {
        (self.has_room(), self.waiting())
    }

    /// How many bytes wait for a reader.
    pub fn waiting(&self) -> usize {
        self.queue.len() + stderr::waiting_trace()
    }

    /// How many bytes of the server's text wait for a reader.
    pub fn unwritten(&self) -> usize {
        self.queue.len()
    }

    /// Writes text, or has it wait. `false` if stdout takes no more.
    pub fn write(&mut self, text: &[u8]) -> bool {
        if !self.failed && !self.belongs_to_capture {
            let offered = self.queue.len() + text.len();
            let result = self.queue.push(text);
            self.note(result, offered);
        }
        !self.failed
    }

    /// Writes what waits, as far as its readers take it. `false` if stdout takes no more.
    pub fn catch_up(&mut self) -> bool {
        stderr::catch_up();
        if !self.queue.is_empty() {
            let waiting = self.queue.len();
            let result = self.queue.flush();
            self.note(result, waiting);
        }
        !self.failed
    }

    /// Has the poll report when there is room again.
    ///
    /// # Errors
    /// Those of [`Registration::apply`].
    pub fn watch(&mut self, registry: &Registry) -> io::Result<()> {
        self.queue.wants().tell(&mut self.stdout, registry)?;
        stderr::watch(&mut self.stderr, registry)
    }

    /// Waits for the reader of stdout until `until`, if anything waits for it.
    pub fn finish(&mut self, until: Instant) {
        let waiting = self.queue.len();
        let result = self.queue.finish(until);
        self.note(result, waiting);
    }

    /// Why stdout takes no more, unless that has been said.
    pub fn take_error(&mut self) -> Option<io::Error> {
        self.error.take()
    }

    /// Takes note of the result of a write of up to `offered` bytes.
    fn note(&mut self, result: io::Result<()>, offered: usize) {
        if self.shares_terminal && self.queue.len() < offered {
            stderr::stdout_is_in_mid_line(!self.queue.is_at_line_start());
        }
        if let Err(error) = result {
            self.queue.clear();
            self.error = Some(error);
            self.failed = true;
        }
    }
}
