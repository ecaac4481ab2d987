//! A TCP connection of the client.

use std::net::SocketAddr;

use mio::net::TcpStream;
use tls_session::mio::Registration;

/// A connected TCP stream.
pub struct Connected {
    /// The stream.
    pub stream: TcpStream,
    /// The registration of the stream.
    pub registration: Registration,
    /// The address of the peer.
    pub peer: SocketAddr,
}
