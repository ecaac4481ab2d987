//! `complete_io`: why a loop on non-blocking sockets does not use it.

use std::io::{self, ErrorKind, Read, Write};

use rustls::version::TLS13;
use rustls::{Connection, Error};

use super::support::{Pair, damaged, output, plaintext, read, receive, seal, tls};

/// A non-blocking socket with these bytes to read. Behind them comes `WouldBlock`, or end-of-file.
struct Socket<'a> {
    incoming: &'a [u8],
    ends: bool,
    takes: bool,
    written: Vec<u8>,
}

impl<'a> Socket<'a> {
    fn of(incoming: &'a [u8]) -> Self {
        Self { incoming, ends: false, takes: true, written: Vec::new() }
    }
}

impl Read for Socket<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.incoming.is_empty() && !self.ends {
            true => Err(ErrorKind::WouldBlock.into()),
            false => self.incoming.read(buffer),
        }
    }
}

impl Write for Socket<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.takes {
            true => self.written.write(bytes),
            false => Err(ErrorKind::WouldBlock.into()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn complete_io_returns_zeros_at_end_of_file() {
    let mut client = Pair::established(&TLS13).client;
    let mut socket = Socket { ends: true, ..Socket::of(&[]) };
    assert_eq!(client.complete_io(&mut socket).unwrap(), (0, 0));
    assert_eq!(read(&mut client), Err(ErrorKind::UnexpectedEof)); // only the reader knows
    assert_eq!(client.complete_io(&mut socket).unwrap(), (0, 0)); // a loop around it would spin
}

#[test]
fn complete_io_returns_zeros_if_nothing_is_wanted() {
    let Pair { mut client, mut server } = Pair::established(&TLS13);
    receive(&mut server, &seal(&mut client, b"unread")).unwrap();
    assert_eq!(server.complete_io(&mut Socket::of(&[])).unwrap(), (0, 0));
    plaintext(&mut server);
    let error = server.complete_io(&mut Socket::of(&[])).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WouldBlock);
}

#[test]
fn complete_io_does_not_say_which_direction_would_block() {
    let mut client = Pair::of(tls(&TLS13)).client;
    let mut full = Socket { takes: false, ..Socket::of(&[]) };
    assert_eq!(client.complete_io(&mut full).unwrap_err().kind(), ErrorKind::WouldBlock);
    output(&mut client);
    let error = client.complete_io(&mut Socket::of(&[])).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WouldBlock);
}

#[test]
fn complete_io_after_a_write_does_not_read() {
    let Pair { mut client, mut server } = Pair::established(&TLS13);
    let bytes = seal(&mut client, b"hello");
    server.writer().write_all(b"welcome").unwrap();
    let mut socket = Socket::of(&bytes);
    let (read, written) = server.complete_io(&mut socket).unwrap();
    assert_eq!((read, written), (0, socket.written.len()));
    assert_eq!(socket.incoming.len(), bytes.len());
}

#[test]
fn complete_io_wraps_the_tls_error_and_tries_once_to_write_the_alert() {
    let Pair { mut client, mut server } = Pair::established(&TLS13);
    let bad = damaged(seal(&mut client, b"bad"));
    let mut full = Socket { takes: false, ..Socket::of(&bad) };
    let error = server.complete_io(&mut full).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidData);
    assert_eq!(error.get_ref().unwrap().downcast_ref(), Some(&Error::DecryptError));
    assert!(server.wants_write()); // the alert is still there

    let mut other: Connection = Pair::of(tls(&TLS13)).server;
    let mut socket = Socket::of(b"GET / HTTP/1.1\r\n\r\n");
    other.complete_io(&mut socket).unwrap_err();
    assert_eq!(socket.written.len(), 7);
}

#[test]
fn complete_io_in_the_handshake_goes_on_until_the_socket_blocks_or_ends() {
    let Pair { mut client, mut server } = Pair::of(tls(&TLS13));
    let mut socket = Socket::of(&[]);
    assert_eq!(client.complete_io(&mut socket).unwrap_err().kind(), ErrorKind::WouldBlock);
    assert!(!client.wants_write()); // although it has written the ClientHello
    receive(&mut server, &socket.written).unwrap();
    let flight = output(&mut server);
    let mut socket = Socket::of(&flight);
    assert_eq!(client.complete_io(&mut socket).unwrap(), (flight.len(), socket.written.len()));
    assert!(!client.is_handshaking() && !client.wants_write());

    let mut socket = Socket { ends: true, ..Socket::of(&[]) };
    assert_eq!(server.complete_io(&mut socket).unwrap_err().kind(), ErrorKind::UnexpectedEof);
}
