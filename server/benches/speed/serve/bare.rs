//! What a rustls connection costs in memory: accepted, made, one message echoed, and kept.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use rustls::{ServerConfig, ServerConnection, Stream};

use crate::work::RECORD;

/// Keeps every connection until it is killed.
pub fn run(address: SocketAddr, config: &Arc<ServerConfig>) -> io::Result<()> {
    let listener = TcpListener::bind(address)?;
    let mut kept = Vec::with_capacity(1 << 16);
    let mut buffer = vec![0; RECORD];
    loop {
        let (mut socket, _) = listener.accept()?;
        socket.set_nodelay(true)?;
        let mut tls = ServerConnection::new(Arc::clone(config)).map_err(io::Error::other)?;
        let mut stream = Stream::new(&mut tls, &mut socket);
        // The first connection only asks whether somebody listens.
        let Ok(length) = stream.read(&mut buffer) else { continue };
        stream.write_all(&buffer[..length])?;
        // A read that finds nothing: rustls gives back what the largest record needed.
        let _ = tls.read_tls(&mut Empty);
        kept.push((tls, socket));
    }
}

/// A socket that has nothing yet.
struct Empty;

impl Read for Empty {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::ErrorKind::WouldBlock.into())
    }
}
