//! Sockets beneath TLS.

use std::io::{self, Read};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use socket2::{Domain, SockRef, Socket, Type};

use crate::LIMIT;

/// A TCP connection on which no read and no write waits longer than [`LIMIT`].
pub fn connect(address: SocketAddr) -> TcpStream {
    limited(TcpStream::connect(address).unwrap())
}

/// [`connect`] with a receive buffer that does not grow, so that little is on its way at a time. It holds two of
/// loopback's segments: with less, TCP itself waits for timers between them.
pub fn connect_with_small_window(address: SocketAddr) -> TcpStream {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None).unwrap();
    socket.set_recv_buffer_size(128 * 1024).unwrap();
    socket.connect(&address.into()).unwrap();
    limited(socket.into())
}

/// The same socket, its waits limited.
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

/// Everything up to the other end's FIN.
///
/// # Errors
/// A reset, or a wait beyond [`LIMIT`].
pub fn read_to_end(socket: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    socket.read_to_end(&mut bytes).map(|_| bytes)
}

/// The bytes of one unencrypted TLS record with a fatal alert (RFC 8446, 5.1 and 6).
pub fn fatal_alert(description: u8) -> [u8; 7] {
    [0x15, 3, 3, 0, 2, 2, description]
}

/// Reads the first bytes that a TLS peer sends: a record, as a whole.
pub fn read_record(socket: &mut TcpStream) -> Vec<u8> {
    let mut record = vec![0; 5];
    socket.read_exact(&mut record).unwrap();
    let length = usize::from(u16::from_be_bytes([record[3], record[4]]));
    record.resize(5 + length, 0);
    socket.read_exact(&mut record[5..]).unwrap();
    record
}

/// A listener whose backlog is full: who connects gets no answer at all. The sockets that fill it come with it.
pub fn full_listener() -> (SocketAddr, Socket, Vec<Socket>) {
    let listener = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    listener.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
    listener.listen(0).unwrap();
    let address = listener.local_addr().unwrap();
    let mut inside = Vec::new();
    loop {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        // On loopback an answer comes at once, if it comes.
        match socket.connect_timeout(&address, Duration::from_millis(500)) {
            Ok(()) => inside.push(socket),
            Err(_) => return (address.as_socket().unwrap(), listener, inside),
        }
    }
}
