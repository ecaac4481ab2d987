//! Chapter 2: the same exchange, with the functions that `complete_io` calls.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

use rustls::Connection;

use super::tls;

/// Shakes hands, in the obvious way. The last flight may still be inside rustls when this returns.
pub fn obvious_handshake(tls: &mut Connection, socket: &mut (impl Read + Write)) -> io::Result<()> {
    while tls.is_handshaking() {
        if tls.wants_write() {
            tls.write_tls(socket)?;
        } else {
            tls.read_tls(socket)?;
            tls.process_new_packets().map_err(io::Error::other)?;
        }
    }
    Ok(())
}

/// Sends `request` and waits for an answer, in the obvious way. It hangs.
pub fn obvious_exchange(
    tls: &mut Connection,
    socket: &mut (impl Read + Write),
    request: &[u8],
) -> io::Result<Vec<u8>> {
    obvious_handshake(tls, socket)?;
    tls.writer().write_all(request)?;
    let mut answer = vec![0; 4096];
    loop {
        tls.read_tls(socket)?; // waits for an answer to a request that is still inside rustls
        tls.process_new_packets().map_err(io::Error::other)?;
        if let Ok(length @ 1..) = tls.reader().read(&mut answer) {
            answer.truncate(length);
            return Ok(answer);
        }
    }
}

/// Writes everything that rustls has queued.
pub fn flush(tls: &mut Connection, socket: &mut impl Write) -> io::Result<()> {
    while tls.wants_write() {
        if tls.write_tls(socket)? == 0 {
            return Err(ErrorKind::WriteZero.into());
        }
    }
    socket.flush()
}

/// Waits for bytes from the peer, and appends the plaintext in them. Returns `false` at the peer's close_notify.
pub fn receive(
    tls: &mut Connection,
    socket: &mut (impl Read + Write),
    plaintext: &mut Vec<u8>,
) -> io::Result<bool> {
    flush(tls, socket)?; // before each wait
    tls.read_tls(socket)?; // 0 is end-of-file, or the peer's close_notify: the reader tells which
    let processed = tls.process_new_packets();
    let taken = tls.reader().read_to_end(plaintext); // even after an error: the records before the bad one are good
    if let Err(error) = processed {
        let _ = flush(tls, socket); // the alert that tells the peer what is wrong
        return Err(io::Error::other(error));
    }
    match taken {
        Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(true), // no plaintext is left for now
        Err(error) => Err(error), // UnexpectedEof: a FIN without close_notify
        Ok(_) => Ok(false),
    }
}

/// Sends all of `plaintext`. rustls takes a part at a time.
pub fn send(tls: &mut Connection, socket: &mut impl Write, mut plaintext: &[u8]) -> io::Result<()> {
    while !plaintext.is_empty() {
        let taken = tls.writer().write(plaintext)?;
        plaintext = &plaintext[taken..];
        flush(tls, socket)?;
    }
    Ok(())
}

/// Sends `request`, and returns everything that the server sends until its close_notify.
pub fn exchange(
    tls: &mut Connection,
    socket: &mut (impl Read + Write),
    request: &[u8],
) -> io::Result<Vec<u8>> {
    let mut answer = Vec::new();
    while tls.is_handshaking() {
        receive(tls, socket, &mut answer)?;
    }
    send(tls, socket, request)?;
    tls.send_close_notify();
    while receive(tls, socket, &mut answer)? {}
    Ok(answer)
}

/// Sends back what the client sends, until the client's close_notify.
pub fn echo(tls: &mut Connection, socket: &mut (impl Read + Write)) -> io::Result<()> {
    let mut plaintext = Vec::new();
    while receive(tls, socket, &mut plaintext)? {
        send(tls, socket, &plaintext)?;
        plaintext.clear();
    }
    send(tls, socket, &plaintext)?; // the plaintext in front of close_notify
    tls.send_close_notify();
    flush(tls, socket)
}

/// Runs both ends on a TCP connection.
pub fn main() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let server = thread::spawn(move || {
        let (mut socket, _) = listener.accept()?;
        echo(&mut tls::server().into(), &mut socket)
    });
    let mut socket = TcpStream::connect(address)?;
    let answer = exchange(&mut tls::client().into(), &mut socket, b"hello")?;
    println!("the server answered {:?}", String::from_utf8_lossy(&answer));
    server.join().map_err(|_| io::Error::other("the server has panicked"))?
}
