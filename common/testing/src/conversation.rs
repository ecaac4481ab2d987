//! Sessions between two ends of rustls in memory, with all their bytes.

use std::io::{Read as _, Write as _};
use std::sync::Arc;

use rustls::{ClientConfig, ClientConnection, Connection, Error, ServerConfig, ServerConnection, Side};

/// Bytes of one sender.
#[derive(Clone, Debug)]
pub struct Flight<T = ()> {
    /// The sender.
    pub sender: Side,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// What their receiver learnt from them.
    pub learnt: T,
}

/// One end of a session.
struct End {
    tls: Connection,
    sent: Vec<u8>,
    received: Vec<u8>,
    /// The error that it found in the bytes of the other end.
    error: Option<Error>,
}

/// A session. Its bytes move only inside these functions.
pub struct Conversation<T = ()> {
    client: End,
    server: End,
    /// Returns what an end has learnt from the flight that it has just received.
    learn: Box<dyn FnMut(Side) -> T>,
    /// All bytes so far.
    pub flights: Vec<Flight<T>>,
}

impl Conversation {
    /// A session of these ends.
    pub fn new(client: ClientConfig, server: ServerConfig) -> Self {
        Self::with_learning(client, server, |_| ())
    }
}

impl<T> Conversation<T> {
    /// A session of these ends. After each flight `learn` is called with its receiver.
    pub fn with_learning(
        client: ClientConfig,
        server: ServerConfig,
        learn: impl FnMut(Side) -> T + 'static,
    ) -> Self {
        let client = ClientConnection::new(Arc::new(client), "localhost".try_into().unwrap()).unwrap();
        let server = ServerConnection::new(Arc::new(server)).unwrap();
        let [client, server] = [client.into(), server.into()].map(End::new);
        Self { client, server, learn: Box::new(learn), flights: Vec::new() }
    }

    fn ends(&mut self, side: Side) -> (&mut End, &mut End) {
        match side {
            Side::Client => (&mut self.client, &mut self.server),
            Side::Server => (&mut self.server, &mut self.client),
        }
    }

    /// Returns the connection of this end.
    pub fn tls(&mut self, side: Side) -> &mut Connection {
        &mut self.ends(side).0.tls
    }

    /// Returns the error of this end.
    pub fn error(&mut self, side: Side) -> Option<&Error> {
        self.ends(side).0.error.as_ref()
    }

    /// Returns the application data that this end has sent, without early data.
    pub fn sent(&mut self, side: Side) -> &[u8] {
        &self.ends(side).0.sent
    }

    /// Exchanges bytes until neither end has more.
    pub fn exchange(&mut self) {
        while self.pass(Side::Client) | self.pass(Side::Server) {}
    }

    /// Sends application data.
    pub fn send(&mut self, side: Side, text: &[u8]) {
        let (one, _) = self.ends(side);
        one.tls.set_buffer_limit(None);
        one.tls.writer().write_all(text).unwrap();
        one.sent.extend_from_slice(text);
        self.exchange();
        let (one, other) = self.ends(side);
        assert_eq!(one.sent, other.received);
    }

    /// Sends early data, if the client has a ticket that allows it. Returns whether it has.
    pub fn send_early_data(&mut self, text: &[u8]) -> bool {
        let Connection::Client(client) = &mut self.client.tls else { unreachable!() };
        let early_data = client.early_data();
        early_data.map(|mut early_data| early_data.write_all(text).unwrap()).is_some()
    }

    /// Changes the keys of this end, if it speaks TLS 1.3. The KeyUpdate precedes its next bytes.
    pub fn update_keys(&mut self, side: Side) {
        let tls = self.tls(side);
        if tls.protocol_version() == Some(rustls::ProtocolVersion::TLSv1_3) {
            tls.refresh_traffic_keys().unwrap();
        }
    }

    /// Closes both directions.
    pub fn close(&mut self) {
        for side in [Side::Client, Side::Server] {
            self.tls(side).send_close_notify();
            self.exchange();
        }
    }

    /// Passes the bytes of one end to the other. Returns whether there were any.
    fn pass(&mut self, sender: Side) -> bool {
        let (one, other) = self.ends(sender);
        let mut bytes = Vec::new();
        while one.tls.wants_write() {
            one.tls.write_tls(&mut bytes).unwrap();
        }
        if bytes.is_empty() {
            return false;
        }
        other.receive(&bytes);
        let learnt = (self.learn)(if sender == Side::Client { Side::Server } else { Side::Client });
        self.flights.push(Flight { sender, bytes, learnt });
        true
    }
}

impl End {
    fn new(tls: Connection) -> Self {
        Self { tls, sent: Vec::new(), received: Vec::new(), error: None }
    }

    fn receive(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() && self.error.is_none() {
            self.tls.read_tls(&mut bytes).unwrap();
            self.error = self.tls.process_new_packets().err();
            // The records show how the session ends.
            let _ = self.tls.reader().read_to_end(&mut self.received);
        }
    }
}
