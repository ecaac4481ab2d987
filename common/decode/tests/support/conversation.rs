//! A session between two ends of rustls, with all its bytes.
#![allow(clippy::unwrap_used, dead_code)] // each test uses a part of it

use std::io::{Read as _, Write as _};
use std::sync::Arc;

use decode::secrets::{Secret, Secrets};
use decode::{Content, Decoder, Record};
use rustls::{ClientConfig, ClientConnection, Connection, ServerConfig, ServerConnection, Side};

use testing::configs::Configs;

/// Bytes of one sender, and the secrets that their receiver derived from them.
#[derive(Clone, Debug)]
pub struct Flight {
    pub sender: Side,
    pub bytes: Vec<u8>,
    pub secrets: Vec<Secret>,
}

/// One end of a session.
struct End {
    tls: Connection,
    secrets: Arc<Secrets>,
    sent: Vec<u8>,
    received: Vec<u8>,
    /// The error that it found in the bytes of the other end.
    error: Option<rustls::Error>,
}

pub struct Conversation {
    client: End,
    server: End,
    pub flights: Vec<Flight>,
}

impl Conversation {
    pub fn new(configs: &Configs) -> Self {
        let (client_secrets, server_secrets) = (Arc::<Secrets>::default(), Arc::<Secrets>::default());
        let mut config: ClientConfig = configs.client.clone();
        config.key_log = Arc::clone(&client_secrets) as _;
        let client = ClientConnection::new(Arc::new(config), "localhost".try_into().unwrap()).unwrap();
        let mut config: ServerConfig = configs.server.clone();
        config.key_log = Arc::clone(&server_secrets) as _;
        let server = ServerConnection::new(Arc::new(config)).unwrap();
        Self {
            client: End::new(client.into(), client_secrets),
            server: End::new(server.into(), server_secrets),
            flights: Vec::new(),
        }
    }

    fn ends(&mut self, side: Side) -> (&mut End, &mut End) {
        match side {
            Side::Client => (&mut self.client, &mut self.server),
            Side::Server => (&mut self.server, &mut self.client),
        }
    }

    pub fn tls(&mut self, side: Side) -> &mut Connection {
        &mut self.ends(side).0.tls
    }

    /// Returns the error of this end.
    pub fn error(&mut self, side: Side) -> Option<&rustls::Error> {
        self.ends(side).0.error.as_ref()
    }

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

    /// Sends early data.
    pub fn send_early_data(&mut self, text: &[u8]) {
        let Connection::Client(client) = &mut self.client.tls else { unreachable!() };
        client.early_data().unwrap().write_all(text).unwrap();
    }

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
        let secrets = other.secrets.take();
        self.flights.push(Flight { sender, bytes, secrets });
        true
    }
}

impl End {
    fn new(tls: Connection, secrets: Arc<Secrets>) -> Self {
        secrets.take(); // the secret of early data, which the programs never send
        Self { tls, secrets, sent: Vec::new(), received: Vec::new(), error: None }
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

/// Decodes a session at this end.
pub fn decode(end: Side, flights: &[Flight]) -> Vec<Record> {
    let mut decoder = Decoder::default();
    let mut records = Vec::new();
    for flight in flights {
        if flight.sender != end {
            decoder.learn(&flight.secrets);
        }
        records.extend(decoder.feed(flight.sender, &flight.bytes));
    }
    records
}

/// Returns the bytes of all records of one sender.
pub fn wire(sender: Side, records: &[Record]) -> Vec<u8> {
    records.iter().filter(|record| record.sender == sender).flat_map(|record| record.wire.clone()).collect()
}

/// Returns the application data of one sender.
pub fn application_data(sender: Side, records: &[Record]) -> Vec<u8> {
    let data =
        |record: &&Record| record.sender == sender && matches!(record.content, Content::ApplicationData(_));
    records.iter().filter(data).flat_map(|record| record.payload().to_vec()).collect()
}

/// Describes each record: its sender and its content, in braces if it was encrypted.
pub fn transcript(records: &[Record]) -> Vec<String> {
    let line = |record: &Record| {
        let content = match &record.content {
            Content::Handshake(_) => {
                record.messages().map(|message| message.name().unwrap()).collect::<Vec<_>>().join(" ")
            }
            Content::ApplicationData(length) => format!("data {length}"),
            Content::Alert(alert) => format!("alert {:?}", alert.description),
            content => format!("{content:?}"),
        };
        let sender = if record.sender == Side::Client { 'C' } else { 'S' };
        if record.is_encrypted() { format!("{sender} {{{content}}}") } else { format!("{sender} {content}") }
    };
    records.iter().map(line).collect()
}
