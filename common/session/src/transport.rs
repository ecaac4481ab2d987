//! The connection beneath a session.

use std::io::{self, Read, Write};

/// A non-blocking byte stream whose sending half can be closed on its own.
///
/// `Read` and `Write` alone cannot send a FIN. Without a FIN, the peer waits, or the session has to close the socket.
/// That resets the connection if unread bytes are left (RFC 1122, 4.2.2.13).
pub trait Transport: Read + Write {
    /// States whether a short read means that the socket is empty and that the event source reports the next byte. A
    /// read is short if it returns less than the buffer holds.
    ///
    /// That is true for a stream socket that an edge-triggered epoll or kqueue watches (epoll(7), question 9). mio
    /// uses these. `true` saves a `recv` that would return `WouldBlock`. With `false`, only `WouldBlock` means that
    /// the socket is empty.
    const SHORT_READ_MEANS_EMPTY: bool = false;

    /// Sends a FIN. The peer reads end-of-file after everything that was written before.
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
