//! A limit: an echo on mio without TLS, with the fewest possible system calls.

use std::io::{self, Read, Write};
use std::net::SocketAddr;

use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};
use slab::Slab;

const LISTENER: Token = Token(usize::MAX);

/// A connection, and the output that the kernel has not taken yet.
struct Connection {
    socket: TcpStream,
    pending: Vec<u8>,
    read_closed: bool,
}

/// Serves until the process is killed.
pub fn run(address: SocketAddr) -> io::Result<()> {
    let mut poll = Poll::new()?;
    let mut events = Events::with_capacity(256);
    let mut listener = TcpListener::bind(address)?;
    poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
    let mut connections = Slab::new();
    let mut buffer = vec![0; 32 * 1024]; // the fastest size: 64 KiB make it a third slower
    loop {
        poll.poll(&mut events, None)?;
        for event in &events {
            if event.token() == LISTENER {
                accept(&listener, &poll, &mut connections)?;
                continue;
            }
            let Token(key) = event.token();
            let Some(connection) = connections.get_mut(key) else { continue };
            connection.read_closed |= event.is_read_closed();
            if connection.echo(&mut buffer).is_err() {
                connections.remove(key);
            }
        }
    }
}

fn accept(listener: &TcpListener, poll: &Poll, connections: &mut Slab<Connection>) -> io::Result<()> {
    while let Ok((mut socket, _)) = listener.accept() {
        socket.set_nodelay(true)?;
        let entry = connections.vacant_entry();
        let interest = Interest::READABLE | Interest::WRITABLE;
        poll.registry().register(&mut socket, Token(entry.key()), interest)?;
        entry.insert(Connection { socket, pending: Vec::new(), read_closed: false });
    }
    Ok(())
}

impl Connection {
    /// Echoes until the socket would block. Returns an error at the end of the connection, also at a clean end.
    fn echo(&mut self, buffer: &mut [u8]) -> io::Result<()> {
        while self.flush()? {
            let length = match self.socket.read(buffer) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(length) => length,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            };
            let written = match self.socket.write(&buffer[..length]) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => 0,
                other => other?,
            };
            self.pending.extend_from_slice(&buffer[written..length]);
            if length < buffer.len() && self.pending.is_empty() && !self.read_closed {
                return Ok(()); // a short read has emptied the socket: the next byte brings an event
            }
        }
        Ok(())
    }

    /// Writes pending output. Returns whether all of it was written.
    fn flush(&mut self) -> io::Result<bool> {
        while !self.pending.is_empty() {
            match self.socket.write(&self.pending) {
                Ok(written) => drop(self.pending.drain(..written)),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
                Err(error) => return Err(error),
            }
        }
        Ok(true)
    }
}
