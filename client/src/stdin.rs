//! stdin, as an event source beside the socket.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, AsRawFd};

use mio::unix::SourceFd;
use mio::{Registry, Token};
use program::observer::{EventSource, LoopContext, LoopEvent};
use tls_session::mio::Registration;
use tls_session::readiness::Interest;

/// What one read takes at most. A pipe holds 64 KiB.
const CHUNK: usize = 64 * 1024;

/// The standard input: a terminal, a pipe, or a file.
///
/// It is shared with the shell and with whatever else runs in the terminal, so it is never made non-blocking: that
/// would hold for them too. A read that follows an event does not block, and only one does, so there is one for each.
/// A terminal gives one line at a time however many there are; registering again after each read makes the kernel
/// report what is left.
pub struct Stdin {
    file: File,
    source: Source,
    buffer: Box<[u8]>,
}

/// How the kernel tells that there is something to read.
enum Source {
    /// By an event, and it has come or it has not.
    Polled { registration: Registration, readable: bool },
    /// Not at all: epoll refuses regular files (EPERM), because they are always ready.
    AlwaysReady,
}

impl Stdin {
    /// Takes stdin; nothing is read, or registered, yet.
    ///
    /// # Errors
    /// Out of file descriptors: it is duplicated, to be read without std's buffer, which the poll knows nothing of.
    pub fn new(token: Token) -> io::Result<Self> {
        let file = File::from(io::stdin().as_fd().try_clone_to_owned()?);
        let source = Source::Polled { registration: Registration::new(token), readable: false };
        Ok(Self { file, source, buffer: vec![0; CHUNK].into() })
    }

    /// The poll has said that there is something to read, or the end.
    pub fn ready(&mut self) {
        if let Source::Polled { readable, .. } = &mut self.source {
            *readable = true;
        }
    }

    /// Whether a read will not block.
    pub fn is_ready(&self) -> bool {
        match self.source {
            Source::Polled { readable, .. } => readable,
            Source::AlwaysReady => true,
        }
    }

    /// Watches stdin while input is wanted, and only then: a poll that reports what nobody reads would spin.
    ///
    /// # Errors
    /// Those of [`Registration::apply`], but for the refusal of a regular file.
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

    /// Reads once. Empty at the end; `None` if somebody else, with whom stdin is shared, has taken what there was.
    ///
    /// # Errors
    /// Those of `read(2)`: stdin is a directory, or the terminal is gone.
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
