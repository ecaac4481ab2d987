//! Connects to a TCP address, in the steps that mio documents on `TcpStream::connect`.

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

/// The state of a connection attempt.
pub enum Attempt {
    /// The stream is connected. This is the stream with its registration.
    Done(TcpStream, Registration),
    /// The stream is not connected yet. Call [`Connecting::finish`] again after the next event.
    Pending(Connecting),
}

impl Connecting {
    /// Does steps 1 and 2: connects, and registers the stream for writable events.
    ///
    /// # Errors
    /// The immediate errors of `socket(2)` and `connect(2)`, such as no route, or no file descriptors.
    pub fn start(address: SocketAddr, registry: &Registry, token: Token) -> io::Result<Self> {
        let mut stream = TcpStream::connect(address)?;
        let mut registration = Registration::new(token);
        registration.apply(registry, &mut stream, Interest::WRITABLE)?;
        Ok(Self { stream, registration })
    }

    /// Does steps 3 to 6. Call this after an event, which may be spurious.
    ///
    /// It asks for the socket error first. A refused connection would look like end-of-file if a read had consumed
    /// the error. Without an error the stream may still not be connected, so it asks for the peer's address too.
    ///
    /// # Errors
    /// The errors of `connect(2)`: refused, unreachable, timed out.
    pub fn finish(self) -> io::Result<Attempt> {
        if let Some(error) = self.stream.take_error()? {
            return Err(error);
        }
        match self.stream.peer_addr() {
            Ok(_) => Ok(Attempt::Done(self.stream, self.registration)),
            Err(error) if error.kind() == io::ErrorKind::NotConnected => Ok(Attempt::Pending(self)),
            // std has no stable `ErrorKind` for this error.
            Err(error) if error.raw_os_error() == Some(libc::EINPROGRESS) => Ok(Attempt::Pending(self)),
            Err(error) => Err(error),
        }
    }
}
