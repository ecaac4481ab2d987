//! A TCP connection, by the steps that mio documents on `TcpStream::connect`.

use std::io;
use std::net::SocketAddr;

use crate::mio::Registration;
use crate::readiness::Interest;
use mio::net::TcpStream;
use mio::{Registry, Token};

/// A connection attempt.
pub struct Connecting {
    stream: TcpStream,
    registration: Registration,
}

/// What an attempt has come to.
pub enum Attempt {
    /// Connected: the stream, and its registration.
    Done(TcpStream, Registration),
    /// Not yet: ask again at the next event.
    Pending(Connecting),
}

impl Connecting {
    /// Steps 1 and 2: connect, and register for writable.
    ///
    /// # Errors
    /// Those of `socket(2)` and `connect(2)` that need no waiting: no route, out of file descriptors.
    pub fn start(address: SocketAddr, registry: &Registry, token: Token) -> io::Result<Self> {
        let mut stream = TcpStream::connect(address)?;
        let mut registration = Registration::new(token);
        registration.apply(registry, &mut stream, Interest::WRITABLE)?;
        Ok(Self { stream, registration })
    }

    /// Steps 3 to 6, after an event, which may be spurious: SO_ERROR first, because a read or a write would take
    /// the error away and make "refused" look like an end-of-file; then the peer's address, because no error is
    /// not yet a connection.
    ///
    /// # Errors
    /// Those of `connect(2)`: refused, unreachable, timed out.
    pub fn finish(self) -> io::Result<Attempt> {
        if let Some(error) = self.stream.take_error()? {
            return Err(error);
        }
        match self.stream.peer_addr() {
            Ok(_) => Ok(Attempt::Done(self.stream, self.registration)),
            Err(error) if error.kind() == io::ErrorKind::NotConnected => Ok(Attempt::Pending(self)),
            // std has no stable kind for this one.
            Err(error) if error.raw_os_error() == Some(libc::EINPROGRESS) => Ok(Attempt::Pending(self)),
            Err(error) => Err(error),
        }
    }
}
