//! The shortest TLS echo server that rustls allows: blocking, one connection after the other.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;

use rustls::{ServerConfig, ServerConnection, Stream};

use crate::work::RECORD;

/// Serves until the process is killed.
pub fn run(address: SocketAddr, config: &Arc<ServerConfig>) -> io::Result<()> {
    let listener = TcpListener::bind(address)?;
    loop {
        let (socket, _) = listener.accept()?;
        // An error ends this client only.
        let _ = serve(socket, config);
    }
}

fn serve(mut socket: TcpStream, config: &Arc<ServerConfig>) -> io::Result<()> {
    socket.set_nodelay(true)?;
    let mut tls = ServerConnection::new(Arc::clone(config)).map_err(io::Error::other)?;
    let mut stream = Stream::new(&mut tls, &mut socket);
    let mut buffer = [0; RECORD];
    loop {
        match stream.read(&mut buffer)? {
            0 => break,
            length => stream.write_all(&buffer[..length])?,
        }
    }
    tls.send_close_notify();
    tls.write_tls(&mut socket)?;
    socket.shutdown(Shutdown::Write)
}
