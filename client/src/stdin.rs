//! stdin as an event source.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, AsRawFd};

use mio::unix::SourceFd;
use mio::{Registry, Token};
use program::observer::{EventSource, LoopContext, LoopEvent};
use tls_session::mio::Registration;
use tls_session::readiness::Interest;

/// The size of one read. A pipe holds 64 KiB.
const CHUNK: usize = 64 * 1024;

/// The standard input: a terminal, a pipe, or a file.
///
/// Other processes of the terminal, such as the shell, share it. So it stays blocking, because the non-blocking mode
/// would affect them too. Only the first read after an event is certain not to block, so there is one read for each
/// event. A terminal returns one line for each read, even if there are more. So stdin is registered again after each
/// read, and the kernel reports the rest.
pub struct Stdin {
    file: File,
    source: Source,
    buffer: Box<[u8]>,
}

/// The way in which the kernel reports that stdin can be read.
enum Source {
    /// It sends an event. `readable`: the event has come.
    Polled { registration: Registration, readable: bool },
    /// It sends no events. epoll refuses regular files (EPERM), because they are always ready.
    AlwaysReady,
}

impl Stdin {
    /// Duplicates the descriptor of stdin. It is read without std's buffer, because the poll does not know that buffer.
    ///
    /// # Errors
    /// No file descriptors are left.
    pub fn new(token: Token) -> io::Result<Self> {
        let file = File::from(io::stdin().as_fd().try_clone_to_owned()?);
        let source = Source::Polled { registration: Registration::new(token), readable: false };
        Ok(Self { file, source, buffer: vec![0; CHUNK].into() })
    }

    /// Notes that the poll has reported input, or the end of it.
    pub fn ready(&mut self) {
        if let Source::Polled { readable, .. } = &mut self.source {
            *readable = true;
        }
    }

    /// Returns whether a read does not block.
    pub fn is_ready(&self) -> bool {
        match self.source {
            Source::Polled { readable, .. } => readable,
            Source::AlwaysReady => true,
        }
    }

    /// Watches stdin if input is wanted, and stops if not. If the poll reported input that the client does not read,
    /// the loop would spin.
    ///
    /// # Errors
    /// The errors of [`Registration::apply`], except the one for a regular file.
    pub fn watch(&mut self, registry: &Registry, wanted: bool, cx: &mut LoopContext<'_>) -> io::Result<()> {
        let Source::Polled { registration, .. } = &mut self.source else { return Ok(()) };
        let interest = if wanted { Interest::READABLE } else { Interest::NONE };
        match registration.apply(registry, &mut SourceFd(&self.file.as_raw_fd()), interest) {
            Ok(true) => cx.event_loop(&LoopEvent::InterestChanged(EventSource::Stdin, interest)),
            Ok(false) => {}
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                self.source = Source::AlwaysReady;
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Reads once. An empty slice is the end. `None`: there is no input, because another process has read it.
    ///
    /// # Errors
    /// The errors of `read(2)`: stdin is a directory, or the terminal was closed.
    pub fn read(&mut self, registry: &Registry) -> io::Result<Option<&[u8]>> {
        let length = loop {
            match self.file.read(&mut self.buffer) {
                Ok(length) => break Some(length),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break None,
                Err(error) => return Err(error),
            }
        };
        if let Source::Polled { registration, readable } = &mut self.source {
            *readable = false;
            registration.rearm(registry, &mut SourceFd(&self.file.as_raw_fd()))?;
        }
        Ok(length.map(|length| &self.buffer[..length]))
    }
}
