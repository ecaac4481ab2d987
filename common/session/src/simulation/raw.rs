//! A plain rustls connection: a peer that does what no session would do.

use std::io::{Read as _, Write as _};

use rustls::{ClientConnection, Connection, Error};

use super::network::Socket;
use crate::transport::Transport as _;

/// A peer that a test drives step by step.
pub struct Raw {
    /// The connection.
    pub tls: Connection,
    /// This end of the network.
    pub socket: Socket,
    /// The plaintext that came.
    pub received: Vec<u8>,
    /// The first error of TLS.
    pub error: Option<Error>,
    /// Whether close_notify came.
    pub closed: bool,
}

impl Raw {
    /// A connection at the start of its handshake.
    pub fn new(tls: impl Into<Connection>, socket: &Socket) -> Self {
        let mut tls = tls.into();
        tls.set_buffer_limit(None);
        Self { tls, socket: socket.clone(), received: Vec::new(), error: None, closed: false }
    }

    /// Queues plaintext, in one record if it fits into one.
    pub fn send(&mut self, plaintext: &[u8]) {
        self.tls.writer().write_all(plaintext).unwrap();
    }

    /// Sends early data, right behind the ClientHello. Only a client whose ticket allows it can do that.
    pub fn send_early(&mut self, plaintext: &[u8]) {
        let early = self.client().early_data();
        early.expect("the ticket allows early data").write_all(plaintext).unwrap();
        self.write();
    }

    /// Whether the server has accepted the early data of this client.
    pub fn is_early_data_accepted(&mut self) -> bool {
        self.client().is_early_data_accepted()
    }

    fn client(&mut self) -> &mut ClientConnection {
        let Connection::Client(client) = &mut self.tls else { panic!("early data comes from a client") };
        client
    }

    /// Writes as much as the network takes. Returns whether that is anything.
    pub fn write(&mut self) -> bool {
        let mut moved = false;
        while self.tls.wants_write() && self.tls.write_tls(&mut self.socket).is_ok() {
            moved = true;
        }
        moved
    }

    /// Reads everything that has arrived. Returns whether that is anything.
    pub fn read(&mut self) -> bool {
        let mut moved = false;
        while self.error.is_none() && !self.closed {
            match self.tls.read_tls(&mut self.socket) {
                Ok(0) | Err(_) => break,
                Ok(_) => moved = true,
            }
            match self.tls.process_new_packets() {
                Ok(state) => self.closed = state.peer_has_closed(),
                Err(error) => self.error = Some(error),
            }
            let _ = self.tls.reader().read_to_end(&mut self.received); // WouldBlock, after it has read everything
        }
        moved
    }

    /// Sends a FIN and nothing else.
    pub fn send_fin(&mut self) {
        self.socket.shutdown_write().unwrap();
    }
}
