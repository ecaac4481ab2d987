//! A blocking TLS peer.

mod client;

use std::io::{self, Read, Write};
use std::ops::DerefMut;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustls::{ClientConnection, ConnectionCommon, ServerConfig, ServerConnection, SideData, Stream};

use super::connection::Connection;
use super::end::End;

/// A client.
pub type Client = Peer<ClientConnection>;
/// A server.
pub type Server = Peer<ServerConnection>;

/// The most plaintext that [`Peer::receive_to_end`] keeps.
const MOST: usize = 256 << 20;
/// The most plaintext that [`Peer::leave`] reads.
const FAREWELL: usize = 1 << 20;

/// A client or a server on a connection. Each call that reads ends after the limit of the connection.
pub struct Peer<C> {
    tls: C,
    connection: Connection,
    /// The evidence says already how the peer ended TLS. rustls reports it again at each later call.
    end_is_noted: bool,
}

impl Server {
    /// Creates a server on an accepted connection, before its handshake.
    ///
    /// # Errors
    /// rustls refuses the configuration.
    pub fn new(connection: Connection, config: Arc<ServerConfig>) -> io::Result<Self> {
        let tls = ServerConnection::new(config).map_err(io::Error::other)?;
        Ok(Self { tls, connection, end_is_noted: false })
    }
}

impl<C, S: SideData> Peer<C>
where
    C: DerefMut<Target = ConnectionCommon<S>>,
{
    /// Finishes the handshake.
    ///
    /// # Errors
    /// The connection ends, or TLS fails. The alert has been sent.
    pub fn handshake(&mut self) -> io::Result<()> {
        let mut call = self.connection.call();
        while self.tls.is_handshaking() || self.tls.wants_write() {
            if let Err(error) = self.tls.complete_io(&mut call) {
                self.note_alert(&error);
                return Err(error);
            }
        }
        Ok(())
    }

    /// Reads until TLS has something to send, and returns that. Empty if the handshake ends before.
    ///
    /// # Errors
    /// The connection ends, or TLS fails.
    pub fn next_flight(&mut self) -> io::Result<Vec<u8>> {
        self.next_flight_by(self.connection.end_of_call())
    }

    fn next_flight_by(&mut self, by: Instant) -> io::Result<Vec<u8>> {
        let began_in_handshake = self.tls.is_handshaking();
        while !self.tls.wants_write() && self.tls.is_handshaking() == began_in_handshake {
            self.read_more(by)?;
        }
        self.outgoing()
    }

    /// Sends plaintext.
    ///
    /// # Errors
    /// The peer has closed the connection, or takes nothing.
    pub fn send(&mut self, plaintext: &[u8]) -> io::Result<()> {
        let mut stream = Stream::new(&mut self.tls, &mut self.connection);
        stream.write_all(plaintext)?;
        stream.flush()
    }

    /// Takes the pending output of TLS. The case can cut or damage it before it sends it.
    ///
    /// # Errors
    /// Never: a `Vec` takes everything.
    pub fn outgoing(&mut self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        while self.tls.wants_write() {
            self.tls.write_tls(&mut bytes)?;
        }
        Ok(bytes)
    }

    /// Seals plaintext without sending it.
    ///
    /// # Errors
    /// As [`outgoing`](Self::outgoing).
    pub fn seal(&mut self, plaintext: &[u8]) -> io::Result<Vec<u8>> {
        self.tls.set_buffer_limit(None);
        self.tls.writer().write_all(plaintext)?;
        self.outgoing()
    }

    /// Seals close_notify without sending it.
    ///
    /// # Errors
    /// As [`outgoing`](Self::outgoing).
    pub fn seal_close_notify(&mut self) -> io::Result<Vec<u8>> {
        self.tls.send_close_notify();
        let bytes = self.outgoing()?;
        self.connection.note(format!("we seal close_notify ({} bytes)", bytes.len()));
        Ok(bytes)
    }

    /// Adds a KeyUpdate to the pending output (RFC 8446, 4.6.3).
    ///
    /// # Errors
    /// The version is TLS 1.2.
    pub fn update_keys(&mut self) -> io::Result<()> {
        self.tls.refresh_traffic_keys().map_err(io::Error::other)
    }

    /// Sends plaintext on a thread, so that the case does not wait for the peer to read. The connection must send
    /// nothing else before the thread has ended. The thread ends at the limit of the connection.
    ///
    /// # Errors
    /// There is no free file descriptor.
    pub fn send_in_background(&mut self, plaintext: &[u8]) -> io::Result<JoinHandle<io::Result<()>>> {
        let ciphertext = self.seal(plaintext)?;
        let mut connection = self.connection.try_clone()?;
        Ok(thread::spawn(move || connection.send(&ciphertext)))
    }

    /// Receives this many bytes of plaintext.
    ///
    /// # Errors
    /// The connection ends before, or TLS fails.
    pub fn receive(&mut self, length: usize) -> io::Result<Vec<u8>> {
        let mut plaintext = vec![0; length];
        let mut call = self.connection.call();
        let read = Stream::new(&mut self.tls, &mut call).read_exact(&mut plaintext);
        if let Err(error) = &read {
            self.note_alert(error);
        }
        read.map(|()| plaintext)
    }

    /// Receives the next bytes, at most so many. Empty after close_notify.
    ///
    /// # Errors
    /// The connection ends without close_notify, or TLS fails.
    pub fn receive_some(&mut self, most: usize) -> io::Result<Vec<u8>> {
        self.receive_some_by(most, self.connection.end_of_call())
    }

    /// [`receive_some`](Self::receive_some) up to this moment: one of several calls with one limit.
    ///
    /// # Errors
    /// As [`receive_some`](Self::receive_some).
    pub fn receive_some_by(&mut self, most: usize, by: Instant) -> io::Result<Vec<u8>> {
        let mut plaintext = vec![0; most];
        let mut call = self.connection.call_until(by);
        let read = Stream::new(&mut self.tls, &mut call).read(&mut plaintext);
        match &read {
            Ok(0) => self.note_end(&End::CloseNotify),
            Ok(_) => {}
            Err(error) => self.note_alert(error),
        }
        plaintext.truncate(read?);
        Ok(plaintext)
    }

    /// Sends plaintext and receives as many bytes.
    ///
    /// # Errors
    /// The connection ends before, or TLS fails.
    pub fn round_trip(&mut self, plaintext: &[u8]) -> io::Result<Vec<u8>> {
        self.send(plaintext)?;
        self.receive(plaintext.len())
    }

    /// Receives until the peer ends the session. Returns the plaintext and the end.
    pub fn receive_to_end(&mut self) -> (Vec<u8>, End) {
        self.receive_to_end_up_to(MOST)
    }

    fn receive_to_end_up_to(&mut self, most: usize) -> (Vec<u8>, End) {
        let by = self.connection.end_of_call();
        let mut plaintext = Vec::new();
        loop {
            match self.receive_some_by(64 * 1024, by) {
                Ok(more) if more.is_empty() => return (plaintext, End::CloseNotify),
                Ok(_) if plaintext.len() > most => {
                    return (plaintext, End::Other("the peer sends without end".to_owned()));
                }
                Ok(more) => plaintext.extend(more),
                Err(error) => return (plaintext, End::of(&error)),
            }
        }
    }

    /// Receives up to this many bytes of plaintext, and sends nothing. Returns them. If they are fewer, also returns
    /// the end of the session.
    pub fn receive_up_to(&mut self, length: usize) -> (Vec<u8>, Option<End>) {
        let by = self.connection.end_of_call();
        let mut plaintext = Vec::new();
        let mut buffer = vec![0; 64 * 1024];
        while plaintext.len() < length {
            let most = buffer.len().min(length - plaintext.len());
            match self.tls.reader().read(&mut buffer[..most]) {
                Ok(0) => {
                    self.note_end(&End::CloseNotify);
                    return (plaintext, Some(End::CloseNotify));
                }
                Ok(more) => plaintext.extend_from_slice(&buffer[..more]),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    if let Err(error) = self.read_more(by) {
                        return (plaintext, Some(End::of(&error)));
                    }
                }
                Err(error) => return (plaintext, Some(End::of(&error))),
            }
        }
        (plaintext, None)
    }

    /// Sends close_notify, and no FIN.
    ///
    /// # Errors
    /// The peer has closed the connection.
    pub fn close_notify(&mut self) -> io::Result<()> {
        self.tls.send_close_notify();
        let bytes = self.outgoing()?;
        self.connection.note("we send close_notify");
        self.connection.send(&bytes)
    }

    /// Sends close_notify and receives until the end. Returns the plaintext and the end.
    ///
    /// # Errors
    /// The peer has closed the connection before.
    pub fn close(&mut self) -> io::Result<(Vec<u8>, End)> {
        self.close_notify()?;
        Ok(self.receive_to_end())
    }

    /// Sends close_notify, and waits this long for the server's end, so that a server with one slot has it free. Reads no
    /// more than a megabyte. For a session whose end is not judged.
    pub fn leave(mut self, limit: Duration) {
        self.connection.set_limit(limit);
        if self.close_notify().is_ok() {
            self.receive_to_end_up_to(FAREWELL);
        }
    }

    /// The state of TLS.
    pub fn tls(&mut self) -> &mut C {
        &mut self.tls
    }

    /// The connection, below TLS.
    pub fn connection(&mut self) -> &mut Connection {
        &mut self.connection
    }

    /// Takes the state of TLS and the connection.
    pub fn into_parts(self) -> (C, Connection) {
        (self.tls, self.connection)
    }

    /// Takes the connection.
    pub fn into_connection(self) -> Connection {
        self.connection
    }

    /// Reads once, up to this moment, and processes the bytes.
    fn read_more(&mut self, by: Instant) -> io::Result<()> {
        if self.tls.read_tls(&mut self.connection.call_until(by))? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if let Err(error) = self.tls.process_new_packets() {
            let error = io::Error::new(io::ErrorKind::InvalidData, error);
            self.note_alert(&error);
            return Err(error);
        }
        Ok(())
    }

    /// Adds an alert of the peer to the evidence, which shows only an encrypted record.
    fn note_alert(&mut self, error: &io::Error) {
        if let End::Alert(_) = End::of(error) {
            self.note_end(&End::of(error));
        }
    }

    fn note_end(&mut self, end: &End) {
        if !self.end_is_noted {
            self.end_is_noted = true;
            self.connection.note(format!("{end} came"));
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
