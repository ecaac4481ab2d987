//! What a session needs of the connection beneath it.

use std::io::{self, Read, Write};

/// A non-blocking byte stream whose sending half can be closed on its own.
///
/// `Read` and `Write` alone cannot send a FIN. A TLS end that cannot send one keeps its peer waiting, or has to close the
/// socket, which resets the connection if unread bytes are left (RFC 1122, 4.2.2.13).
pub trait Transport: Read + Write {
    /// Whether a read that returns less than the buffer holds means that the socket is empty, and that the event source
    /// reports the next byte.
    ///
    /// That is so for an edge-triggered epoll or kqueue on a stream socket (epoll(7), question 9), which is what mio uses.
    /// It saves the `recv` that would block. With `false`, only `WouldBlock` means that the socket is empty.
    const SHORT_READ_MEANS_EMPTY: bool = false;

    /// Sends FIN: the peer reads end-of-file once it has read everything that was written before.
    ///
    /// # Errors
    /// `NotConnected` after the peer has reset the connection; other errors of `shutdown(2)`.
    fn shutdown_write(&mut self) -> io::Result<()>;
}

#[cfg(feature = "mio")]
impl Transport for mio::net::TcpStream {
    const SHORT_READ_MEANS_EMPTY: bool = true;

    fn shutdown_write(&mut self) -> io::Result<()> {
        self.shutdown(std::net::Shutdown::Write)
    }
}
