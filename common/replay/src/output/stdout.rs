//! Stdout, which its reader may close.

use std::io::{self, Write};

/// Writes to stdout. If `may_close` is set, writing to a closed stdout is no error: the bytes are dropped. The pages of
/// `--illustrate` are drawn although `| head` has closed stdout.
#[derive(Debug)]
pub struct Stdout<W> {
    /// The output.
    pub out: W,
    /// A closed output is no error.
    pub may_close: bool,
}

impl<W> Stdout<W> {
    fn unless_closed<T>(&self, result: io::Result<T>, dropped: T) -> io::Result<T> {
        match result {
            Err(error) if self.may_close && error.kind() == io::ErrorKind::BrokenPipe => Ok(dropped),
            result => result,
        }
    }
}

impl<W: Write> Write for Stdout<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes);
        self.unless_closed(written, bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let flushed = self.out.flush();
        self.unless_closed(flushed, ())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Closed;

    impl Write for Closed {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Err(io::ErrorKind::BrokenPipe.into())
        }
    }

    #[test]
    fn a_closed_output_is_an_error_unless_it_may_close() {
        let mut out = Stdout { out: Closed, may_close: true };
        out.write_all(b"line").and_then(|()| out.flush()).unwrap();
        let mut out = Stdout { out: Closed, may_close: false };
        assert_eq!(out.write_all(b"line").unwrap_err().kind(), io::ErrorKind::BrokenPipe);
    }
}
