//! Chapter 6: a session that stops reading while its client does not read. The server is that of chapter 4.

use std::io::{self, ErrorKind, Read, Write};
use std::mem;
use std::net::Shutdown;

use mio::event::Event;
use mio::net::TcpStream;
use mio::{Interest, Registry, Token};
use rustls::ServerConnection;

use super::step_04::{Serve, serve_one};
use super::tls;

#[derive(Clone, Copy, PartialEq)]
enum Phase {
    Open,
    /// The peer sends no more. The rest of the answer is being written.
    Answering {
        end: End,
    },
    /// Our last bytes are inside rustls: close_notify, or an alert. They are being written.
    Flushing,
    /// Our FIN is sent. What the peer still sends is read and dropped.
    Draining {
        dropped: usize,
    },
    Over,
}

#[derive(Clone, Copy, PartialEq)]
enum End {
    CloseNotify,
    Fin,
}

/// The largest number of bytes that are read after the end.
const MAX_DROPPED: usize = 64 * 1024;

pub struct Session {
    tls: ServerConnection,
    socket: TcpStream,
    phase: Phase,
    /// What the kernel has reported and not taken back.
    readable: bool,
    writable: bool,
    watched: Option<Interest>,
    unsent: Vec<u8>,
    /// The most that one read takes. 0: the socket is known to be empty. Chapter 8 needs this.
    pub read_limit: usize,
    /// How many bytes the kernel has given and taken.
    pub read_bytes: usize,
    pub written_bytes: usize,
}

impl Serve for Session {
    fn new(socket: TcpStream) -> Self {
        let (readable, writable, watched, unsent) = (false, true, None, Vec::new());
        let (tls, phase, read_limit) = (tls::server(), Phase::Open, usize::MAX);
        let (read_bytes, written_bytes) = (0, 0);
        Self {
            tls,
            socket,
            phase,
            readable,
            writable,
            watched,
            unsent,
            read_limit,
            read_bytes,
            written_bytes,
        }
    }

    fn ready(&mut self, event: &Event) {
        self.readable |= event.is_readable() || event.is_read_closed() || event.is_error();
        self.writable |= event.is_writable() || event.is_write_closed() || event.is_error();
    }

    fn turn(&mut self) -> io::Result<bool> {
        while self.step()? {}
        Ok(!self.is_over())
    }

    fn watch(&mut self, registry: &Registry, token: Token) -> io::Result<()> {
        let readable = self.wants_read().then_some(Interest::READABLE);
        let writable = self.tls.wants_write().then_some(Interest::WRITABLE);
        let wanted = match (readable, writable) {
            (Some(readable), Some(writable)) => Some(readable | writable),
            (one, other) => one.or(other),
        };
        match (mem::replace(&mut self.watched, wanted), wanted) {
            (before, after) if before == after => Ok(()),
            (None, Some(wanted)) => registry.register(&mut self.socket, token, wanted),
            (Some(_), Some(wanted)) => registry.reregister(&mut self.socket, token, wanted),
            (_, None) => registry.deregister(&mut self.socket), // mio has no empty interest
        }
    }

    fn socket(&mut self) -> &mut TcpStream {
        &mut self.socket
    }
}

impl Session {
    /// Returns how much plaintext waits for a client that does not read.
    pub fn unsent(&self) -> usize {
        self.unsent.len()
    }

    /// Writes what is possible, and then reads once. Returns whether there may be more to read now.
    pub fn step(&mut self) -> io::Result<bool> {
        self.write()?;
        self.advance()?;
        if !self.can_read() {
            return Ok(false);
        }
        match self.phase {
            Phase::Draining { dropped } => self.drain(dropped)?,
            _ => self.read()?,
        }
        self.write()?;
        self.advance()?;
        Ok(self.can_read())
    }

    fn can_read(&self) -> bool {
        self.readable && self.wants_read()
    }

    /// Returns whether the session wants bytes. It does not while rustls has no room for what came before.
    fn wants_read(&self) -> bool {
        match self.phase {
            Phase::Open => self.unsent.is_empty(),
            Phase::Draining { .. } => true,
            Phase::Answering { .. } | Phase::Flushing | Phase::Over => false,
        }
    }

    pub fn is_over(&self) -> bool {
        self.phase == Phase::Over
    }

    pub fn is_handshaking(&self) -> bool {
        self.tls.is_handshaking()
    }

    /// Returns whether the session is at its end: close_notify or an alert is queued or sent.
    pub fn is_closing(&self) -> bool {
        !matches!(self.phase, Phase::Open | Phase::Answering { .. })
    }

    /// Makes the next step try both directions, whatever the kernel has reported.
    pub fn try_again(&mut self) {
        (self.readable, self.writable) = (true, true);
    }

    /// Returns whether the session waits for its client to read.
    pub fn is_blocked(&self) -> bool {
        !self.writable && self.tls.wants_write()
    }

    /// Enters the next phase when all output is written.
    fn advance(&mut self) -> io::Result<()> {
        if let Phase::Answering { end } = self.phase
            && self.unsent.is_empty()
        {
            if end == End::CloseNotify {
                self.tls.send_close_notify(); // confirms that the answer is complete, so it comes last
            }
            self.phase = Phase::Flushing;
            self.write()?;
        }
        if self.phase == Phase::Flushing && !self.tls.wants_write() {
            let _ = self.socket.shutdown(Shutdown::Write); // fails if the peer has reset the connection
            self.phase = Phase::Draining { dropped: 0 };
        }
        Ok(())
    }

    fn write(&mut self) -> io::Result<()> {
        while self.writable {
            if !self.unsent.is_empty() {
                let taken = self.tls.writer().write(&self.unsent)?;
                self.unsent.drain(..taken);
            }
            if !self.tls.wants_write() {
                break;
            }
            match self.tls.write_tls(&mut self.socket) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(length) => self.written_bytes += length,
                Err(error) if error.kind() == ErrorKind::WouldBlock => self.writable = false,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Reads once.
    fn read(&mut self) -> io::Result<()> {
        if self.read_limit == 0 {
            self.readable = false;
            return Ok(());
        }
        let mut socket = Read::take(&self.socket, self.read_limit as u64);
        match self.tls.read_tls(&mut socket) {
            Ok(length) => self.read_bytes += length,
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                self.readable = false;
                return Ok(()); // nothing has come, so there is nothing to process
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => return Ok(()),
            Err(error) => return Err(error),
        }
        if self.tls.process_new_packets().is_err() {
            self.unsent.clear(); // a failed machine takes no plaintext
            self.phase = Phase::Flushing; // its alert is queued
            return Ok(());
        }
        match self.tls.reader().read_to_end(&mut self.unsent) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(_) => self.phase = Phase::Answering { end: End::Fin },
            Ok(_) => self.phase = Phase::Answering { end: End::CloseNotify },
        }
        Ok(())
    }

    /// Reads once, and drops the bytes.
    fn drain(&mut self, dropped: usize) -> io::Result<()> {
        match self.socket.read(&mut [0; 4096]) {
            Ok(length @ 1..) if dropped + length < MAX_DROPPED => {
                self.phase = Phase::Draining { dropped: dropped + length };
            }
            Ok(_) => self.phase = Phase::Over, // the peer's FIN, or too much
            Err(error) if error.kind() == ErrorKind::WouldBlock => self.readable = false,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }
}

/// Serves one client.
pub fn main() -> io::Result<()> {
    println!("the client has {:?}", serve_one::<Session>()?);
    Ok(())
}
