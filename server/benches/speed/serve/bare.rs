//! Measures the memory of a rustls connection: echoes one message on each, and keeps it.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use rustls::{ServerConfig, ServerConnection, Stream};

use crate::work::RECORD;

/// Accepts and keeps connections until the process is killed.
pub fn run(address: SocketAddr, config: &Arc<ServerConfig>) -> io::Result<()> {
    let listener = TcpListener::bind(address)?;
    let mut kept = Vec::with_capacity(1 << 16);
    let mut buffer = vec![0; RECORD];
    loop {
        let (mut socket, _) = listener.accept()?;
        socket.set_nodelay(true)?;
        let mut tls = ServerConnection::new(Arc::clone(config)).map_err(io::Error::other)?;
        let mut stream = Stream::new(&mut tls, &mut socket);
        // The first connection only checks that this server listens.
        let Ok(length) = stream.read(&mut buffer) else { continue };
        stream.write_all(&buffer[..length])?;
        // A read that finds nothing makes rustls shrink its receive buffer.
        let _ = tls.read_tls(&mut Empty);
        kept.push((tls, socket));
    }
}

/// A socket without data.
struct Empty;

impl Read for Empty {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::ErrorKind::WouldBlock.into())
    }
}
