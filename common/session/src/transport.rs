//! The connection beneath a session.

use std::io::{self, Read, Write};

/// A non-blocking byte stream whose sending half can be closed on its own.
///
/// `Read` and `Write` alone cannot send a FIN. Without a FIN, the peer waits, or the session has to close the socket.
/// That resets the connection if unread bytes are left (RFC 1122, 4.2.2.13).
pub trait Transport: Read + Write {
    /// Whether the event source is edge-triggered: epoll with `EPOLLET` or kqueue with `EV_CLEAR`, which is what mio
    /// uses.
    ///
    /// Then a read that returns less than the buffer holds means that the socket is empty, and the source reports the
    /// next byte (epoll(7), question 9). That saves the `recv` that would block. With `false`, only `WouldBlock`
    /// means that the socket is empty, and a socket that stays readable behind the peer's FIN is not watched.
    const EDGE_TRIGGERED: bool = false;

    /// Sends a FIN. The peer reads end-of-file after everything that was written before.
    ///
    /// # Errors
    /// `NotConnected` after the peer has reset the connection; other errors of `shutdown(2)`.
    fn shutdown_write(&mut self) -> io::Result<()>;
}

/// Call [`set_nonblocking`](std::net::TcpStream::set_nonblocking) first. A session never waits for a socket.
impl Transport for std::net::TcpStream {
    fn shutdown_write(&mut self) -> io::Result<()> {
        self.shutdown(std::net::Shutdown::Write)
    }
}

/// Call [`set_nonblocking`](std::os::unix::net::UnixStream::set_nonblocking) first.
#[cfg(unix)]
impl Transport for std::os::unix::net::UnixStream {
    fn shutdown_write(&mut self) -> io::Result<()> {
        self.shutdown(std::net::Shutdown::Write)
    }
}

#[cfg(feature = "mio")]
impl Transport for mio::net::TcpStream {
    const EDGE_TRIGGERED: bool = true;

    fn shutdown_write(&mut self) -> io::Result<()> {
        self.shutdown(std::net::Shutdown::Write)
    }
}
