//! The server that most people would write: tokio-rustls, here on a runtime with one thread.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use rustls::ServerConfig;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use crate::work::RECORD;

/// Serves until the process is killed.
pub fn run(address: SocketAddr, config: Arc<ServerConfig>) -> io::Result<()> {
    tokio::runtime::Builder::new_current_thread().enable_io().build()?.block_on(listen(address, config))
}

async fn listen(address: SocketAddr, config: Arc<ServerConfig>) -> io::Result<()> {
    let listener = TcpListener::bind(address).await?;
    let acceptor = TlsAcceptor::from(config);
    loop {
        let (socket, _) = listener.accept().await?;
        tokio::spawn(serve(socket, acceptor.clone()));
    }
}

async fn serve(socket: TcpStream, acceptor: TlsAcceptor) -> io::Result<()> {
    socket.set_nodelay(true)?;
    let mut stream = acceptor.accept(socket).await?;
    let mut buffer = vec![0; RECORD];
    loop {
        match stream.read(&mut buffer).await? {
            0 => return stream.shutdown().await,
            length => {
                stream.write_all(&buffer[..length]).await?;
                stream.flush().await?;
            }
        }
    }
}
