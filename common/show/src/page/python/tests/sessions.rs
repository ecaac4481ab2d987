//! Sessions in memory, decoded at both ends, with the values of their keys.

use std::io::{Read as _, Write as _};
use std::sync::Arc;

use decode::recorder::Recorder;
use decode::secrets::Secrets;
use decode::{Decoder, Record};
use rustls::{ClientConnection, Connection, ServerConnection, Side};
use testing::configs::{Configs, Shape};

/// The configurations of both ends, with a recorder and a key log at each. Sessions with the same configurations can resume
/// each other.
pub(super) struct Ends {
    configs: Configs,
    recorders: [Recorder; 2],
    secrets: [Arc<Secrets>; 2],
    /// The decoders see this name instead of `localhost`.
    name: &'static [u8; NAME.len()],
}

const NAME: &[u8; 9] = b"localhost";

/// One end of a session, and the records that it has seen.
struct End {
    side: Side,
    tls: Connection,
    recorder: Recorder,
    secrets: Arc<Secrets>,
    decoder: Decoder,
    name: &'static [u8; NAME.len()],
    records: Vec<Record>,
}

impl Ends {
    pub(super) fn new(shape: &Shape) -> Self {
        let recorders = [Recorder::default(), Recorder::default()];
        let secrets = [Arc::<Secrets>::default(), Arc::<Secrets>::default()];
        let mut configs = Configs::with_providers(shape, |side, provider| match side {
            Side::Client => recorders[0].provider(&provider),
            Side::Server => recorders[1].provider(&provider),
        });
        configs.client.key_log = Arc::clone(&secrets[0]) as _;
        configs.server.key_log = Arc::clone(&secrets[1]) as _;
        Self { configs, recorders, secrets, name: NAME }
    }

    /// Lets the decoders see this name of the server instead of `localhost`.
    pub(super) fn with_name(self, name: &'static [u8; NAME.len()]) -> Self {
        Self { name, ..self }
    }

    /// Lets the client offer these protocols, and the server choose the last one.
    pub(super) fn with_protocols(mut self, protocols: &[&[u8]]) -> Self {
        self.configs.client.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
        self.configs.server.alpn_protocols = protocols.last().iter().map(|name| name.to_vec()).collect();
        self
    }

    /// Runs a session in which the client sends early data if it may, and both ends send data, update their keys if it is TLS 1.3, send data again, and close. Returns
    /// the records that the client has seen, and those that the server has seen.
    pub(super) fn converse(&self, data: &[u8]) -> [Vec<Record>; 2] {
        let name = "localhost".try_into().unwrap();
        let mut client = ClientConnection::new(Arc::new(self.configs.client.clone()), name).unwrap();
        if let Some(mut early_data) = client.early_data() {
            early_data.write_all(b"too early").unwrap();
        }
        let server = ServerConnection::new(Arc::new(self.configs.server.clone())).unwrap();
        let end = |side, tls, index: usize| {
            let (recorder, secrets) = (self.recorders[index].clone(), Arc::clone(&self.secrets[index]));
            let mut decoder = Decoder::default();
            decoder.keep_values();
            let mut end = End { side, tls, recorder, secrets, decoder, name: self.name, records: Vec::new() };
            end.learn();
            end
        };
        let mut ends = [end(Side::Client, client.into(), 0), end(Side::Server, server.into(), 1)];
        exchange(&mut ends);
        for round in 0..2 {
            for sender in 0..2 {
                ends[sender].tls.writer().write_all(data).unwrap();
                exchange(&mut ends);
                if round == 0 && ends[sender].is_tls13() {
                    ends[sender].tls.refresh_traffic_keys().unwrap();
                }
            }
        }
        for sender in 0..2 {
            ends[sender].tls.send_close_notify();
            exchange(&mut ends);
        }
        ends.map(|end| end.records)
    }
}

/// Passes bytes until neither end has more.
fn exchange(ends: &mut [End; 2]) {
    while ends.iter().any(|end| end.tls.wants_write()) {
        for sender in 0..2 {
            let bytes = ends[sender].write();
            ends[1 - sender].read(&bytes);
        }
    }
}

impl End {
    fn is_tls13(&self) -> bool {
        self.tls.protocol_version() == Some(rustls::ProtocolVersion::TLSv1_3)
    }

    fn peer(&self) -> Side {
        if self.side == Side::Client { Side::Server } else { Side::Client }
    }

    /// Passes the secrets to the decoder, as `Show` does.
    fn learn(&mut self) {
        self.decoder.learn(&self.secrets.take());
        self.decoder.learn_values(&self.recorder.take());
    }

    fn write(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        while self.tls.wants_write() {
            self.tls.write_tls(&mut bytes).unwrap();
        }
        self.decode(self.side, &bytes);
        bytes
    }

    fn read(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        while !rest.is_empty() {
            self.tls.read_tls(&mut rest).unwrap();
            self.tls.process_new_packets().unwrap();
            let mut data = Vec::new();
            match self.tls.reader().read_to_end(&mut data) {
                Ok(_) => {}
                Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::WouldBlock),
            }
        }
        self.learn();
        self.decode(self.peer(), bytes);
    }

    fn decode(&mut self, sender: Side, bytes: &[u8]) {
        let mut bytes = bytes.to_vec();
        if let Some(start) = bytes.windows(NAME.len()).position(|window| window == NAME) {
            bytes[start..start + NAME.len()].copy_from_slice(self.name);
        }
        self.records.extend(self.decoder.feed(sender, &bytes));
    }
}
