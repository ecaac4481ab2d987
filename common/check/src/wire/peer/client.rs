//! The client's part of a handshake: its hello, and its flights.

use std::io;
use std::sync::Arc;

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, ProtocolVersion};

use super::Client;
use crate::wire::connection::Connection;
use crate::wire::end::{End, records};

impl Client {
    /// Creates a client of this server, before its handshake.
    ///
    /// # Errors
    /// rustls refuses the configuration.
    pub fn new(
        connection: Connection,
        config: Arc<ClientConfig>,
        name: ServerName<'static>,
    ) -> io::Result<Self> {
        let tls = ClientConnection::new(config, name).map_err(io::Error::other)?;
        Ok(Self { tls, connection, end_is_noted: false })
    }

    /// Sends a ClientHello and reads nothing.
    ///
    /// # Errors
    /// The peer closes the connection.
    pub fn send_client_hello(&mut self) -> io::Result<()> {
        let hello = self.outgoing()?;
        self.connection.send(&hello)
    }

    /// Sends the first half of a ClientHello.
    ///
    /// # Errors
    /// The peer closes the connection.
    pub fn send_half_a_client_hello(&mut self) -> io::Result<()> {
        let hello = self.outgoing()?;
        self.connection.send(&hello[..hello.len() / 2])
    }

    /// Sends a ClientHello and reads the server's flight. Returns the client's second flight, which ends with
    /// Finished in both versions.
    ///
    /// # Errors
    /// The connection ends, or TLS fails.
    pub fn second_flight(&mut self) -> io::Result<Vec<u8>> {
        self.send_client_hello()?;
        self.last_flight()
    }

    /// Reads the server's flight. Returns the client's last flight, which ends with Finished in both versions. Sends
    /// a second ClientHello if the server asks for one (RFC 8446, 4.1.4).
    ///
    /// # Errors
    /// The connection ends, or TLS fails.
    pub fn last_flight(&mut self) -> io::Result<Vec<u8>> {
        let by = self.connection.end_of_call();
        let mut flight = Vec::new();
        loop {
            flight.extend(self.next_flight_by(by)?);
            let is_hello = |record: &[u8]| matches!(record, [22, _, _, _, _, 1, ..]);
            if self.tls.protocol_version() == Some(ProtocolVersion::TLSv1_2) || !self.tls.is_handshaking() {
                return Ok(flight); // In TLS 1.2 the client has one flight, in TLS 1.3 it has finished.
            } else if records(&flight).any(is_hello) {
                self.connection.send(&flight)?;
                flight.clear();
            }
            // Otherwise this is the ChangeCipherSpec of TLS 1.3, which does not wait for the rest of the server's
            // flight.
        }
    }

    /// Finishes the handshake, and sends each flight with this function. The limit is for each flight of the server.
    ///
    /// # Errors
    /// As [`handshake`](Self::handshake). If a write fails, the error says how the server ended the connection.
    pub fn handshake_sent_by(
        &mut self,
        mut send: impl FnMut(&mut Connection, &[u8]) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut by = self.connection.end_of_call();
        loop {
            let flight = self.outgoing()?;
            if !flight.is_empty() {
                if let Err(error) = send(&mut self.connection, &flight) {
                    let end = self.receive_up_to(1).1.unwrap_or(End::Open);
                    let text = format!("{error}; the server answered with {end}");
                    return Err(io::Error::new(error.kind(), text));
                }
                by = self.connection.end_of_call();
            }
            if !self.tls.is_handshaking() {
                return Ok(());
            }
            self.read_more(by)?;
        }
    }
}
