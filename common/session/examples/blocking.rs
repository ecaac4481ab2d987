//! An echo server on blocking sockets, driven by hand: one client after the other, rustls and std alone.
//!
//! It teaches the order of the five calls, as chapter 2 of the guide explains it. A server of this kind has limits
//! that it cannot remove:
//!
//! - A silent client keeps the server busy until the timeout.
//! - A client that sends much and does not read makes the server wait in a write, until the timeout.
//! - A timeout holds for one call. A client that sends or reads one byte now and then keeps the server for ever.
//!
//! ```sh
//! cargo run --example blocking
//! openssl s_client -quiet -connect 127.0.0.1:8000
//! ```

mod support;

use std::error::Error;
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConnection;

/// Serves one client to its end.
fn serve(tls: &mut ServerConnection, socket: &mut TcpStream) -> io::Result<()> {
    socket.set_read_timeout(Some(Duration::from_secs(60)))?;
    socket.set_write_timeout(Some(Duration::from_secs(30)))?;
    tls.writer().write_all(b"welcome!\n")?; // rustls keeps it until the handshake is done
    loop {
        flush(tls, socket)?; // before each wait: the client may be waiting for these bytes
        match tls.read_tls(socket) {
            Ok(0) => return Ok(()), // a FIN without close_notify: the client gets no close_notify either
            Err(error) if error.kind() == ErrorKind::Interrupted => continue, // Ctrl-Z and fg
            other => _ = other?,
        }
        let processed = tls.process_new_packets();
        let mut plaintext = Vec::new();
        let _ = tls.reader().read_to_end(&mut plaintext); // WouldBlock: rustls has no more plaintext
        if let Err(error) = processed {
            flush(tls, socket)?; // the alert
            return Err(io::Error::other(error));
        }
        tls.writer().write_all(&plaintext)?; // everything was flushed, so it fits
        if processed.is_ok_and(|state| state.peer_has_closed()) {
            tls.send_close_notify(); // behind the whole echo
            return flush(tls, socket);
        }
    }
}

/// Writes everything that rustls has queued. The handshake, tickets and alerts are written here too.
fn flush(tls: &mut ServerConnection, socket: &mut TcpStream) -> io::Result<()> {
    while tls.wants_write() {
        match tls.write_tls(socket) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            other => _ = other?,
        }
    }
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let (listener, config) = (support::listen()?, support::tls()?);
    for socket in listener.incoming() {
        let Ok(mut socket) = socket else {
            std::thread::sleep(support::PAUSE); // no descriptors are left
            continue;
        };
        let mut tls = ServerConnection::new(Arc::clone(&config))?;
        support::say(format_args!("{:?}", serve(&mut tls, &mut socket)));
        let _ = socket.shutdown(std::net::Shutdown::Write); // fails if the client has reset the connection
        let _ = support::drain(socket);
    }
    Ok(())
}
