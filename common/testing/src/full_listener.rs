//! A listener with a full backlog.

use std::net::SocketAddr;
use std::time::Duration;

use socket2::{Domain, Socket, Type};

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
