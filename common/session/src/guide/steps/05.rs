//! Chapter 5: a session that ends so that its last bytes arrive. The server is that of chapter 4.

use std::io::{self, ErrorKind, Read, Write};
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
}

impl Serve for Session {
    fn new(socket: TcpStream) -> Self {
        let (tls, phase, unsent) = (tls::server(), Phase::Open, Vec::new());
        Self { tls, socket, phase, readable: false, writable: true, watched: None, unsent }
    }

    fn ready(&mut self, event: &Event) {
        self.readable |= event.is_readable() || event.is_read_closed() || event.is_error();
        self.writable |= event.is_writable() || event.is_write_closed() || event.is_error();
    }

    fn turn(&mut self) -> io::Result<bool> {
        loop {
            self.write()?;
            self.advance()?;
            if !self.readable || !self.wants_read() {
                break;
            }
            match self.phase {
                Phase::Draining { dropped } => self.drain(dropped)?,
                _ => self.read()?,
            }
        }
        Ok(self.phase != Phase::Over)
    }

    fn watch(&mut self, registry: &Registry, token: Token) -> io::Result<()> {
        let wanted = match self.tls.wants_write() {
            true => Interest::READABLE | Interest::WRITABLE,
            false => Interest::READABLE,
        };
        match self.watched.replace(wanted) {
            None => registry.register(&mut self.socket, token, wanted),
            Some(watched) if watched == wanted => Ok(()),
            Some(_) => registry.reregister(&mut self.socket, token, wanted),
        }
    }
    fn socket(&mut self) -> &mut TcpStream {
        &mut self.socket
    }
}

impl Session {
    /// Returns whether our FIN is sent.
    pub fn has_sent_fin(&self) -> bool {
        matches!(self.phase, Phase::Draining { .. } | Phase::Over)
    }

    /// Returns how much plaintext waits for a client that does not read.
    pub fn unsent(&self) -> usize {
        self.unsent.len()
    }

    fn wants_read(&self) -> bool {
        matches!(self.phase, Phase::Open | Phase::Draining { .. })
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
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => self.writable = false,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Reads once.
    fn read(&mut self) -> io::Result<()> {
        match self.tls.read_tls(&mut self.socket) {
            Ok(_) => {}
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
