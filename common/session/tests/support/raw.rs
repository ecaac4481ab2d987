//! The other end as a plain rustls connection.

use std::io::{Read as _, Write as _};

use rustls::{Connection, Error};
use tls_session::transport::Transport as _;

use super::wire::End;

/// A peer that a test drives step by step, to do what no session would do.
pub struct Raw {
    /// The connection.
    pub tls: Connection,
    /// This end of the wire.
    pub end: End,
    /// The plaintext that came.
    pub heard: Vec<u8>,
    /// What was wrong with what came, if anything was.
    pub error: Option<Error>,
    /// Whether close_notify came.
    pub closed: bool,
}

impl Raw {
    /// A connection at the start of its handshake.
    pub fn new(tls: impl Into<Connection>, end: &End) -> Self {
        let mut tls = tls.into();
        tls.set_buffer_limit(None);
        Self { tls, end: end.clone(), heard: Vec::new(), error: None, closed: false }
    }

    /// Queues plaintext, in one record if it fits into one.
    pub fn say(&mut self, plaintext: &[u8]) {
        self.tls.writer().write_all(plaintext).unwrap();
    }

    /// Writes what the wire takes. `false` if that is nothing.
    pub fn write(&mut self) -> bool {
        let mut moved = false;
        while self.tls.wants_write() && self.tls.write_tls(&mut self.end).is_ok() {
            moved = true;
        }
        moved
    }

    /// Reads what the wire gives. `false` if that is nothing.
    pub fn read(&mut self) -> bool {
        let mut moved = false;
        while self.error.is_none() && !self.closed {
            match self.tls.read_tls(&mut self.end) {
                Ok(0) | Err(_) => break,
                Ok(_) => moved = true,
            }
            match self.tls.process_new_packets() {
                Ok(state) => self.closed = state.peer_has_closed(),
                Err(error) => self.error = Some(error),
            }
            let _ = self.tls.reader().read_to_end(&mut self.heard); // ends in WouldBlock, having read it all
        }
        moved
    }

    /// Leaves with a FIN and nothing else.
    pub fn leave(&mut self) {
        self.end.shutdown_write().unwrap();
    }
}
