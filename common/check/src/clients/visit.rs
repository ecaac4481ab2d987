//! One connection of the client, for the code of a case.

use std::cell::Cell;
use std::io::{self, Read as _};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use super::case::Serve;
use super::happened::Happened;
use super::identities::Kind;
use super::message::{Delimiter, Message, Mode, USUAL};
use super::stage::Stage;
use crate::case::Version;
use crate::evidence::Evidence;
use crate::wire::end::records;
use crate::wire::{Connection, End, Forge, Server};

/// The longest head of a request.
const LONGEST_HEAD: usize = 64 * 1024;
/// How long a client of an echo may take until it has begun to close a session, or has shown the first data.
const SETTLE: Duration = Duration::from_millis(200);
/// The type of a record with an alert.
const ALERT: u8 = 21;

/// One connection of the client.
pub struct Visit<'a> {
    /// The certificates, the protocol of the client, and the versions that the server allows.
    pub stage: &'a Stage,
    /// The events on all connections.
    pub happened: &'a Happened,
    /// The number of the connection, from 0.
    pub number: usize,
    /// Which bytes came, and when.
    pub evidence: Evidence,
    /// Forges records of this connection's session.
    pub forge: Forge,
    /// The end of the case.
    pub deadline: Instant,
    /// Whether the client has sent a FIN without close_notify, and may still read.
    pub half_closed: Cell<bool>,
}

impl Visit<'_> {
    /// Serves a connection, and keeps the error of the server.
    pub fn run(&self, serve: Serve, socket: TcpStream) {
        let limit = self.deadline.saturating_duration_since(Instant::now());
        let result = Connection::new(socket, limit)
            .map(|connection| connection.record(&self.evidence).until(self.deadline))
            .and_then(|connection| serve(self, connection));
        if let Err(error) = result {
            self.evidence.note(format!("the server stopped: {error}"));
            self.happened.facts().error = Some(error.to_string());
        }
    }

    /// Says that the preparation is over. What happens from now on is the case.
    pub fn reached(&self) {
        self.happened.facts().reached = true;
    }

    /// The protocol of the client.
    pub fn mode(&self) -> Mode {
        self.stage.mode()
    }

    /// The usual message.
    pub fn message(&self, delimiter: Delimiter) -> Message {
        Message::new(self.mode(), USUAL, delimiter)
    }

    /// Reads the ClientHello, and returns its record.
    ///
    /// # Errors
    /// The client has ended the connection.
    pub fn hello(&self, connection: &mut Connection) -> io::Result<Vec<u8>> {
        let hello = connection.read_record()?;
        self.reached();
        Ok(hello)
    }

    /// A server with this certificate, before its handshake.
    ///
    /// # Errors
    /// rustls refuses the configuration.
    pub fn server_with(&self, kind: Kind, connection: Connection) -> io::Result<Server> {
        let config = self.stage.config(kind, self.forge.provider())?;
        Server::new(connection, config)
    }

    /// A server with a valid certificate, before its handshake.
    ///
    /// # Errors
    /// rustls refuses the configuration.
    pub fn server(&self, connection: Connection) -> io::Result<Server> {
        self.server_with(Kind::Good, connection)
    }

    /// Reads the ClientHello, and returns the connection and the server's first flight, which is not sent.
    ///
    /// # Errors
    /// The client has ended the connection.
    pub fn flight(&self, connection: Connection) -> io::Result<(Connection, Vec<u8>)> {
        let mut server = self.server(connection)?;
        let flight = server.next_flight()?;
        self.reached();
        Ok((server.into_connection(), flight))
    }

    /// Finishes a handshake with a valid certificate, and reads the client's request, if it speaks HTTP.
    ///
    /// # Errors
    /// The client has ended the connection.
    pub fn session(&self, connection: Connection) -> io::Result<Server> {
        let mut server = self.server(connection)?;
        self.prepare(&mut server)?;
        self.reached();
        Ok(server)
    }

    /// Finishes the handshake, and reads the client's request, if it speaks HTTP.
    ///
    /// # Errors
    /// The client has ended the connection.
    pub fn prepare(&self, server: &mut Server) -> io::Result<()> {
        server.handshake()?;
        self.keep_version(server);
        if self.mode() == Mode::Http {
            self.request(server, Vec::new())?;
        }
        Ok(())
    }

    /// Keeps the version of a session.
    pub fn keep_version(&self, server: &mut Server) {
        self.happened.facts().version = match server.tls().protocol_version() {
            Some(rustls::ProtocolVersion::TLSv1_3) => Some(Version::Tls13),
            Some(rustls::ProtocolVersion::TLSv1_2) => Some(Version::Tls12),
            _ => None,
        };
    }

    /// Reads the rest of the head of an HTTP request. `head` has the bytes that were read before.
    ///
    /// # Errors
    /// The client has ended the connection, or sends no end of a head.
    pub fn request(&self, server: &mut Server, mut head: Vec<u8>) -> io::Result<()> {
        while super::message::find(&head, b"\r\n\r\n").is_none() {
            let more = server.receive_some(4096)?;
            if more.is_empty() || head.len() > LONGEST_HEAD {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "the client sent no HTTP request"));
            }
            head.extend(more);
        }
        Ok(())
    }

    /// Finishes a session's handshake, and sends the first half of a message. The client has time to show it.
    ///
    /// # Errors
    /// The client has ended the connection.
    pub fn half(&self, connection: Connection, delimiter: Delimiter) -> io::Result<(Server, Message)> {
        let mut server = self.server(connection)?;
        self.prepare(&mut server)?;
        let message = self.message(delimiter);
        server.send(&message.first)?;
        self.settle(&mut server)?;
        self.reached();
        Ok((server, message))
    }

    /// Gives a client of an echo time to close the session by itself. A client that does so cannot be judged by what comes
    /// later.
    ///
    /// # Errors
    /// The client has closed the session.
    pub fn settle(&self, server: &mut Server) -> io::Result<()> {
        if self.mode() == Mode::Http {
            return Ok(()); // it waits for the rest of the answer
        }
        let by = Instant::now() + SETTLE;
        let left = loop {
            let rest = by.saturating_duration_since(Instant::now());
            if rest.is_zero() || server.connection().is_silent_for(rest)? {
                break None;
            }
            match server.receive_some(4096) {
                Ok(bytes) if bytes.is_empty() => break Some(End::CloseNotify),
                Ok(_) => {}
                Err(error) if End::of(&error) == End::Fin => {
                    self.half_closed.set(true);
                    self.pause_until(by);
                    break self.happened.over().then_some(End::Fin);
                }
                Err(error) => break Some(End::of(&error)),
            }
        };
        match left {
            None => Ok(()),
            Some(end) => {
                self.happened.facts().left_before = true;
                Err(io::Error::other(format!("the client ended the session first, with {end}")))
            }
        }
    }

    /// Waits until this moment, or until the client has ended.
    fn pause_until(&self, by: Instant) {
        while !self.happened.over() && Instant::now() < by {
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Sends bytes that a client need not take: it may have closed the connection.
    pub fn attack(&self, connection: &mut Connection, bytes: &[u8]) {
        let _ = connection.send(bytes);
    }

    /// Keeps a connection open until the client ends it, sends an unencrypted alert, or has ended. Reads what comes, so that
    /// no reset destroys what was sent.
    ///
    /// # Errors
    /// Never. The result is that of a server whose last step this is.
    pub fn hold(&self, mut connection: Connection) -> io::Result<()> {
        let mut buffer = vec![0; 64 * 1024];
        while !self.happened.over() {
            match connection.read(&mut buffer) {
                Ok(length @ 1..) if records(&buffer[..length]).any(|record| record[0] == ALERT) => break,
                Ok(1..) => {}
                Ok(0) | Err(_) => break,
            }
        }
        Ok(())
    }

    /// Keeps a session open until the client ends it with close_notify or an alert, ends the connection, or has ended.
    ///
    /// # Errors
    /// As [`hold`](Self::hold).
    pub fn hold_session(&self, mut server: Server) -> io::Result<()> {
        self.receive_the_end(&mut server);
        if self.half_closed.get() {
            self.pause_until(self.deadline);
        }
        Ok(())
    }

    /// Closes a connection with a reset.
    ///
    /// # Errors
    /// The system refuses the option.
    pub fn reset(&self, connection: Connection) -> io::Result<()> {
        self.happened.forget(self.number); // the kernel sends the reset when the last handle is closed
        self.happened.facts().closed = true;
        connection.reset()
    }

    /// Sends a FIN, and keeps the other direction open.
    ///
    /// # Errors
    /// As [`hold`](Self::hold).
    pub fn fin(&self, mut connection: Connection) -> io::Result<()> {
        self.happened.facts().closed = true;
        match connection.fin() {
            Ok(()) => self.hold(connection),
            Err(_) => Ok(()), // the client has ended the connection
        }
    }

    /// [`fin`](Self::fin) below a session. Keeps how the client ends it.
    ///
    /// # Errors
    /// As [`hold`](Self::hold).
    pub fn fin_session(&self, mut server: Server) -> io::Result<()> {
        self.happened.facts().closed = true;
        if server.connection().fin().is_ok() {
            self.receive_the_end(&mut server);
        }
        Ok(())
    }

    /// Ends a session properly: close_notify, then a FIN. Reads up to the end of the client's side, and keeps that.
    ///
    /// # Errors
    /// The client has ended the connection.
    pub fn finish(&self, mut server: Server, length: usize) -> io::Result<()> {
        // A client that knows the length may close as soon as it has the body.
        self.happened.facts().complete = Some(length);
        server.close_notify()?;
        server.connection().fin()?;
        self.happened.facts().closed = true;
        self.receive_the_end(&mut server);
        Ok(())
    }

    /// Reads up to the end of the client's side, and keeps that.
    fn receive_the_end(&self, server: &mut Server) {
        let (_, end) = server.receive_to_end();
        self.happened.facts().end = Some(end);
    }

    /// Sends a complete message, and ends the session properly.
    ///
    /// # Errors
    /// The client has ended the connection.
    pub fn answer(&self, mut server: Server, delimiter: Delimiter) -> io::Result<()> {
        server.send(&self.message(delimiter).whole())?;
        self.finish(server, USUAL)
    }
}
