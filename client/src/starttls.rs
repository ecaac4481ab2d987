//! STARTTLS: before the session, the client asks the server in plaintext to begin TLS on this connection.
//!
//! The session begins afterwards. Its socket has the state of a new connection.
//!
//! The preamble is not encrypted, so an attacker on the path can append text to it. A program that keeps such text in
//! its line buffer takes it for text that came through TLS (CVE-2011-0411). This client ends the connection if the server
//! sends anything behind its last answer. It also forgets what the server said: RFC 3207, 4.2: "The client MUST discard
//! any knowledge obtained from the server, such as the list of SMTP service extensions".

mod dialogue;
mod error;

use std::io::{self, Read as _, Write as _};
use std::net::SocketAddr;

use mio::Registry;
use program::observer::LoopEvent;
use tls_session::readiness::Interest;

use self::dialogue::{Dialogue, MAX_LINE};
pub use self::error::StartTlsError;
use crate::connected::Connected;

/// A protocol that begins in plaintext.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Protocol {
    /// RFC 3207.
    Smtp,
    /// RFC 9051, 6.2.1.
    Imap,
    /// RFC 2595, 4.
    Pop3,
}

/// A connection on which TLS has not begun yet.
pub struct Preamble {
    connected: Connected,
    local: SocketAddr,
    dialogue: Dialogue,
}

impl Preamble {
    /// Begins on a new connection.
    ///
    /// # Errors
    /// The connection has no local address.
    pub fn new(protocol: Protocol, connected: Connected) -> io::Result<Self> {
        let local = connected.stream.local_addr()?;
        Ok(Self { connected, local, dialogue: Dialogue::new(protocol, local.ip()) })
    }

    /// Returns the local address of the connection, and the address of the server.
    pub fn ends(&self) -> (SocketAddr, SocketAddr) {
        (self.local, self.connected.peer)
    }

    /// Sends and reads what is possible now, without waiting. Returns whether TLS can begin. Call [`watch`](Self::watch)
    /// after each turn. If TLS cannot begin yet, take the next turn after the next event.
    ///
    /// # Errors
    /// TLS does not begin. Close the connection.
    pub fn turn(&mut self, report: &mut dyn FnMut(&LoopEvent<'_>)) -> Result<bool, StartTlsError> {
        let mut buffer = [0; MAX_LINE];
        loop {
            let can_read = self.send(report).map_err(|error| self.dialogue.failed(error))?;
            let read = if can_read {
                self.connected.stream.read(&mut buffer)
            } else {
                Err(io::ErrorKind::WouldBlock.into())
            };
            match read {
                Ok(0) => return Err(self.dialogue.closed()),
                Ok(length) => {
                    let bytes = buffer.get(..length).unwrap_or_default();
                    report(&LoopEvent::PreambleIn(self.connected.peer, bytes));
                    self.dialogue.received(bytes)?;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // The socket is empty, so nothing is behind the last answer.
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    return Ok(self.dialogue.is_done());
                }
                Err(error) => return Err(self.dialogue.failed(error)),
            }
        }
    }

    /// Sends the pending command. Returns whether the socket has taken all of it.
    fn send(&mut self, report: &mut dyn FnMut(&LoopEvent<'_>)) -> io::Result<bool> {
        while !self.dialogue.output.is_empty() {
            match self.connected.stream.write(&self.dialogue.output) {
                Ok(length) => {
                    let sent: Vec<u8> = self.dialogue.output.drain(..length).collect();
                    report(&LoopEvent::PreambleOut(self.connected.peer, &sent));
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(true)
    }

    /// Registers the socket for the next event. If TLS can begin, the socket gets the interest that a new connection has.
    /// The session wants another one, so the poll reports again what is ready.
    ///
    /// # Errors
    /// The poll failed.
    pub fn watch(&mut self, registry: &Registry) -> io::Result<()> {
        let is_done = self.dialogue.is_done();
        let is_sending = !self.dialogue.output.is_empty();
        let wanted = Interest { readable: !is_done, writable: is_done || is_sending };
        self.connected.registration.apply(registry, &mut self.connected.stream, wanted).map(drop)
    }

    /// Returns the error of a server that has not answered in time.
    pub fn timed_out(&self) -> StartTlsError {
        self.dialogue.timed_out()
    }

    /// Returns the connection, on which TLS can begin.
    pub fn into_connected(self) -> Connected {
        self.connected
    }
}
