//! Chapter 1: an exchange over TLS with `complete_io`.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

use rustls::{ClientConnection, ServerConnection};

use super::tls;

/// Sends `request`, and returns everything that the server sends until its close_notify.
pub fn exchange(
    tls: &mut ClientConnection,
    socket: &mut (impl Read + Write),
    request: &[u8],
) -> io::Result<Vec<u8>> {
    tls.complete_io(socket)?; // the handshake
    tls.writer().write_all(request)?;
    tls.send_close_notify();
    let mut answer = Vec::new();
    loop {
        tls.complete_io(socket)?; // writes everything that rustls has queued, or reads once
        match tls.reader().read_to_end(&mut answer) {
            Ok(_) => return Ok(answer), // the server's close_notify
            Err(error) if error.kind() == ErrorKind::WouldBlock => {} // no plaintext is left for now
            Err(error) => return Err(error),
        }
    }
}

/// Sends back what the client sends, until the client's close_notify.
pub fn echo(tls: &mut ServerConnection, socket: &mut (impl Read + Write)) -> io::Result<()> {
    let mut buffer = [0; 4096];
    loop {
        tls.complete_io(socket)?;
        match tls.reader().read(&mut buffer) {
            Ok(0) => break, // the client's close_notify
            Ok(length) => tls.writer().write_all(&buffer[..length])?,
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
    tls.send_close_notify();
    tls.complete_io(socket)?;
    Ok(())
}

/// Runs both ends on a TCP connection.
pub fn main() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let server = thread::spawn(move || {
        let (mut socket, _) = listener.accept()?;
        echo(&mut tls::server(), &mut socket)
    });
    let mut socket = TcpStream::connect(address)?;
    let answer = exchange(&mut tls::client(), &mut socket, b"hello")?;
    println!("the server answered {:?}", String::from_utf8_lossy(&answer));
    server.join().map_err(|_| io::Error::other("the server has panicked"))?
}
