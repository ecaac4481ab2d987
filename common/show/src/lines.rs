//! Writes lines to a writer that may fail, for a moment or for good.

use std::io::{self, Write};
use std::time::{Duration, Instant};

use log::warn;

/// The time until a failed writer is tried again.
const PAUSE: Duration = Duration::from_secs(1);

/// Writes lines. After a failed write it skips lines until a later write succeeds. It logs each of these changes once.
#[derive(Debug)]
pub(crate) struct Lines<W> {
    name: &'static str,
    /// `None` once the reader is gone.
    writer: Option<W>,
    /// The last byte that was written did not end a line.
    torn: bool,
    failing: Option<Failing>,
}

#[derive(Debug)]
struct Failing {
    retry_at: Instant,
    missing: u64,
}

impl<W: Write> Lines<W> {
    /// Makes lines for `writer`. The log calls them `name`.
    pub(crate) fn new(name: &'static str, writer: W) -> Self {
        Self { name, writer: Some(writer), torn: false, failing: None }
    }

    /// Declares that the last byte in the writer does not end a line. The first line then begins with a newline.
    pub(crate) fn after_partial_line(self) -> Self {
        Self { torn: true, ..self }
    }

    /// Returns whether a reader of the lines is left.
    pub(crate) fn are_open(&self) -> bool {
        self.writer.is_some()
    }

    /// Writes a line, or several with newlines between them. It writes them in one call, so that the lines of several
    /// programs do not mix.
    pub(crate) fn write(&mut self, now: Instant, lines: &str) {
        let number = line_ends(lines.as_bytes()) + 1;
        if let Some(failing) = self.failing.as_mut().filter(|failing| now < failing.retry_at) {
            failing.missing += number;
            return;
        }
        let begin = if self.torn { "\n" } else { "" };
        let text = format!("{begin}{lines}\n");
        let mut rest = text.as_bytes();
        match self.put(&mut rest) {
            Ok(()) => {
                if let Some(Failing { missing, .. }) = self.failing.take() {
                    warn!("writing {} works again; {missing} lines were skipped", self.name);
                }
            }
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                warn!("{} stopped: its reader is gone", self.name);
                self.writer = None;
            }
            Err(error) => {
                if self.failing.is_none() {
                    warn!("cannot write {}: {error}; lines are skipped until writing works again", self.name);
                }
                let before = self.failing.take().map_or(0, |failing| failing.missing);
                // The newline that ends a torn line belongs to none of these lines.
                let missing = before + line_ends(rest).min(number);
                self.failing = Some(Failing { retry_at: now + PAUSE, missing });
            }
        }
    }

    /// Like `write_all`, but leaves in `text` what was not written, and remembers whether a failed write has stopped in the
    /// middle of a line.
    fn put(&mut self, text: &mut &[u8]) -> io::Result<()> {
        let Some(writer) = &mut self.writer else { return Ok(()) };
        while !text.is_empty() {
            match writer.write(text) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => {
                    self.torn = !text[..written].ends_with(b"\n");
                    *text = &text[written..];
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Returns the writer; `None` if its reader is gone.
    pub(crate) fn into_writer(self) -> Option<W> {
        self.writer
    }
}

/// Returns how many newlines are in these bytes.
fn line_ends(text: &[u8]) -> u64 {
    text.iter().filter(|&&byte| byte == b'\n').count() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A disk of a limited size.
    #[derive(Default)]
    struct Disk {
        content: Vec<u8>,
        size: usize,
    }

    impl Write for Disk {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let room = (self.size - self.content.len()).min(bytes.len());
            self.content.extend_from_slice(&bytes[..room]);
            if room == 0 { Err(io::ErrorKind::StorageFull.into()) } else { Ok(room) }
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn lines_continue_on_a_new_line_when_a_full_disk_has_room_again() {
        let start = Instant::now();
        let mut lines = Lines::new("the log", Disk { size: 10, ..Disk::default() });
        for _ in 0..3 {
            lines.write(start, "line 1"); // the second finds room for three bytes
        }
        lines.writer.as_mut().unwrap().size = 100;
        lines.write(start, "too early");
        assert_eq!(lines.failing.as_ref().unwrap().missing, 3);
        lines.write(start + PAUSE, "line 2");
        lines.write(start + PAUSE, "line 3");
        assert!(lines.failing.is_none());
        assert_eq!(lines.into_writer().unwrap().content, b"line 1\nlin\nline 2\nline 3\n");
    }

    #[test]
    fn each_skipped_line_is_counted_if_several_are_written_at_once() {
        let start = Instant::now();
        let mut lines = Lines::new("the trace", Disk { size: 9, ..Disk::default() });
        lines.write(start, "one\ntwo\nthree\nfour"); // the third line finds room for one byte
        assert_eq!(lines.failing.as_ref().unwrap().missing, 2);
        lines.write(start, "five\nsix");
        assert_eq!(lines.failing.as_ref().unwrap().missing, 4);
        lines.write(start + PAUSE, "seven\neight\nnine"); // there is no room even for the end of the torn line
        assert_eq!(lines.failing.as_ref().unwrap().missing, 7);
    }
}
