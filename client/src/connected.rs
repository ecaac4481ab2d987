//! A TCP connection of the client.

use std::net::SocketAddr;

use mio::net::TcpStream;
use tls_session::mio::Registration;

/// A connection that came to be.
pub struct Connected {
    /// The connection.
    pub stream: TcpStream,
    /// Its registration.
    pub registration: Registration,
    /// The other end.
    pub peer: SocketAddr,
}
