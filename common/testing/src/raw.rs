//! Sockets below TLS.

use std::io::{self, Read};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use socket2::{Domain, SockRef, Socket, Type};

use crate::LIMIT;

/// Opens a TCP connection. No read and no write waits longer than [`LIMIT`].
pub fn connect(address: SocketAddr) -> TcpStream {
    limited(TcpStream::connect(address).unwrap())
}

/// [`connect`] with a receive buffer that does not grow, so that little data is in flight. The buffer holds two
/// segments of the loopback: with less, TCP waits for timers between segments.
pub fn connect_with_small_window(address: SocketAddr) -> TcpStream {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None).unwrap();
    socket.set_recv_buffer_size(128 * 1024).unwrap();
    socket.connect(&address.into()).unwrap();
    limited(socket.into())
}

/// Limits how long reads and writes on a socket wait.
pub fn limited(socket: TcpStream) -> TcpStream {
    socket.set_read_timeout(Some(LIMIT)).unwrap();
    socket.set_write_timeout(Some(LIMIT)).unwrap();
    socket.set_nodelay(true).unwrap();
    socket
}

/// Closes a connection with a reset instead of a FIN.
pub fn reset(socket: TcpStream) {
    SockRef::from(&socket).set_linger(Some(Duration::ZERO)).unwrap();
    drop(socket);
}

/// Reads up to the peer's FIN.
///
/// # Errors
/// The peer resets the connection, or sends nothing within [`LIMIT`].
pub fn read_to_end(socket: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    socket.read_to_end(&mut bytes).map(|_| bytes)
}

/// An unencrypted record with a fatal alert (RFC 8446, 5.1 and 6).
pub fn fatal_alert(description: u8) -> [u8; 7] {
    [0x15, 3, 3, 0, 2, 2, description]
}

/// Reads one record.
pub fn read_record(socket: &mut TcpStream) -> Vec<u8> {
    let mut record = vec![0; 5];
    socket.read_exact(&mut record).unwrap();
    let length = usize::from(u16::from_be_bytes([record[3], record[4]]));
    record.resize(5 + length, 0);
    socket.read_exact(&mut record[5..]).unwrap();
    record
}

/// A listener with a full backlog: a client that connects gets no answer. Returns the sockets that fill it, too.
pub fn full_listener() -> (SocketAddr, Socket, Vec<Socket>) {
    let listener = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    listener.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
    listener.listen(0).unwrap();
    let address = listener.local_addr().unwrap();
    let mut queued = Vec::new();
    loop {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        // On the loopback an answer arrives at once, or never.
        match socket.connect_timeout(&address, Duration::from_millis(500)) {
            Ok(()) => queued.push(socket),
            Err(_) => return (address.as_socket().unwrap(), listener, queued),
        }
    }
}
