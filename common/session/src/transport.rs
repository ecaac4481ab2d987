//! What a session needs of the connection beneath it.

use std::io::{self, Read, Write};

/// A non-blocking byte stream whose sending half can be closed on its own.
///
/// `Read` and `Write` alone cannot send a FIN, and a TLS end that cannot send one either keeps its peer
/// waiting or has to drop the socket, which resets it when unread bytes are left (RFC 1122, 4.2.2.13).
pub trait Transport: Read + Write {
    /// Sends FIN: the peer reads end-of-file once it has read everything that was written before.
    ///
    /// # Errors
    /// `NotConnected` after the peer has reset the connection; other errors of `shutdown(2)`.
    fn shutdown_write(&mut self) -> io::Result<()>;
}

#[cfg(feature = "mio")]
impl Transport for mio::net::TcpStream {
    fn shutdown_write(&mut self) -> io::Result<()> {
        self.shutdown(std::net::Shutdown::Write)
    }
}
