//! stdout behind a queue. Text that its reader has not taken waits there. If too much waits, the session pauses.

use std::cell::RefCell;
use std::io;
use std::os::fd::AsFd as _;
use std::rc::Rc;
use std::time::Instant;

use mio::{Registry, Token};
use program::outlet::{Outlet, Queue};
use program::stderr;
use tls_session::mio::Registration;

/// The number of waiting bytes above which the session stops reading. One turn may add the data that it has already
/// read.
const LIMIT: usize = 64 * 1024;

/// The output as the application and the loop share it. The application writes to it, and the loop watches it.
pub type SharedOutput = Rc<RefCell<Output>>;

/// stdout, and a trace on stderr whose lines must not be dropped.
pub struct Output {
    queue: Queue,
    stdout: Registration,
    stderr: Registration,
    belongs_to_capture: bool,
    /// Whether stdout and stderr are the same terminal.
    shares_terminal: bool,
    error: Option<io::Error>,
    /// Whether a write to stdout has failed. Stays true after [`take_error`](Self::take_error).
    failed: bool,
}

impl Output {
    /// Creates the output. The poll reports stdout with the token `stdout`, and stderr with the token `stderr`. If
    /// stdout belongs to a capture, text is dropped, because the capture contains it.
    ///
    /// # Errors
    /// No file descriptors are left.
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

    /// Returns whether there is room, and how many bytes wait. A change of either must wake the loop.
    pub fn state(&self) -> (bool, usize) {
        (self.has_room(), self.waiting())
    }

    /// Returns the number of bytes that wait to be written.
    pub fn waiting(&self) -> usize {
        self.queue.len() + stderr::waiting_trace()
    }

    /// Returns the number of bytes of the server's text that wait to be written.
    pub fn unwritten(&self) -> usize {
        self.queue.len()
    }

    /// Writes text, or queues it. Returns `false` if stdout takes no more.
    pub fn write(&mut self, text: &[u8]) -> bool {
        if !self.failed && !self.belongs_to_capture {
            let offered = self.queue.len() + text.len();
            let result = self.queue.push(text);
            self.note(result, offered);
        }
        !self.failed
    }

    /// Writes waiting text, as far as the readers take it. Returns `false` if stdout takes no more.
    pub fn flush(&mut self) -> bool {
        stderr::catch_up();
        if !self.queue.is_empty() {
            let waiting = self.queue.len();
            let result = self.queue.flush();
            self.note(result, waiting);
        }
        !self.failed
    }

    /// Makes the poll report when the readers take more.
    ///
    /// # Errors
    /// The errors of [`Registration::apply`].
    pub fn watch(&mut self, registry: &Registry) -> io::Result<()> {
        self.queue.wants().apply(&mut self.stdout, registry)?;
        stderr::watch(&mut self.stderr, registry)
    }

    /// Writes waiting text until `until`, waiting for the reader of stdout.
    pub fn finish(&mut self, until: Instant) {
        let waiting = self.queue.len();
        let result = self.queue.finish(until);
        self.note(result, waiting);
    }

    /// Takes the error of stdout, if there is one that was not taken yet.
    pub fn take_error(&mut self) -> Option<io::Error> {
        self.error.take()
    }

    /// Notes the result of a write of up to `offered` bytes.
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
