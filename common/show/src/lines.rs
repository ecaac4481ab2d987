//! Lines into something that may fail, for ever or for a moment.

use std::io::{self, Write};
use std::time::{Duration, Instant};

use log::warn;

/// How long to leave a writer alone that has failed.
const PAUSE: Duration = Duration::from_secs(1);

/// Writes lines. If a write fails, lines are missing until a later one succeeds. Each of these changes is logged once.
#[derive(Debug)]
pub(crate) struct Lines<W> {
    what: &'static str,
    /// `None` once nobody can read what is written.
    writer: Option<W>,
    /// Whether the last byte that was written did not end a line.
    torn: bool,
    failing: Option<Failing>,
}

#[derive(Debug)]
struct Failing {
    retry_at: Instant,
    missing: u64,
}

impl<W: Write> Lines<W> {
    /// Lines into `writer`. `what` names them in the log.
    pub(crate) fn new(what: &'static str, writer: W) -> Self {
        Self { what, writer: Some(writer), torn: false, failing: None }
    }

    /// The same for a writer whose last byte does not end a line: the first line begins a new one.
    pub(crate) fn behind_half_a_line(self) -> Self {
        Self { torn: true, ..self }
    }

    /// Whether a line can still go anywhere. If not, there is no need to make one.
    pub(crate) fn are_open(&self) -> bool {
        self.writer.is_some()
    }

    /// Writes one line in one call, so that the lines of several programs do not mix.
    pub(crate) fn write(&mut self, now: Instant, line: &str) {
        if let Some(failing) = self.failing.as_mut().filter(|failing| now < failing.retry_at) {
            failing.missing += 1;
            return;
        }
        let begin = if self.torn { "\n" } else { "" };
        match self.put(format!("{begin}{line}\n").as_bytes()) {
            Ok(()) => {
                if let Some(Failing { missing, .. }) = self.failing.take() {
                    warn!("writing {} works again; {missing} lines were skipped", self.what);
                }
            }
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                warn!("{} stopped: its reader is gone", self.what);
                self.writer = None;
            }
            Err(error) => {
                if self.failing.is_none() {
                    warn!("cannot write {}: {error}; lines are skipped until writing works again", self.what);
                }
                let missing = self.failing.take().map_or(0, |failing| failing.missing) + 1;
                self.failing = Some(Failing { retry_at: now + PAUSE, missing });
            }
        }
    }

    /// As `write_all`, but it notes where a write that failed has stopped.
    fn put(&mut self, mut text: &[u8]) -> io::Result<()> {
        let Some(writer) = &mut self.writer else { return Ok(()) };
        while !text.is_empty() {
            match writer.write(text) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => {
                    self.torn = !text[..written].ends_with(b"\n");
                    text = &text[written..];
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// What was written to. `None` if nobody can read it.
    pub(crate) fn into_writer(self) -> Option<W> {
        self.writer
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A disk with so much room.
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
    fn a_disk_that_was_full_gets_lines_again_and_none_is_glued_to_the_half_one() {
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
    fn a_file_that_ends_with_half_a_line_gets_a_new_one() {
        let mut lines = Lines::new("the log", Disk { content: b"ha".into(), size: 100 }).behind_half_a_line();
        lines.write(Instant::now(), "whole");
        assert_eq!(lines.into_writer().unwrap().content, b"ha\nwhole\n");
    }
}
