//! Sessions in memory, decoded at both ends, with the values of their keys.

use std::sync::Arc;

use decode::recorder::Recorder;
use decode::secrets::Secrets;
use decode::{Decoder, Record};
use rustls::Side;
use testing::configs::{Configs, Shape};
use testing::conversation::{Conversation, Flight};

const SIDES: [Side; 2] = [Side::Client, Side::Server];

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

impl Ends {
    pub(super) fn new(shape: &Shape) -> Self {
        let recorders = [Recorder::default(), Recorder::default()];
        let secrets = [Arc::<Secrets>::default(), Arc::<Secrets>::default()];
        let mut configs = Configs::with_providers(shape, |side, provider| {
            recorders[usize::from(side == Side::Server)].provider(&provider)
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

    /// Runs a session. The client sends early data if it may. Both ends send data, update their keys in TLS 1.3, send data
    /// again, and close. Returns the records that the client has seen, and those that the server has seen.
    pub(super) fn converse(&self, data: &[u8]) -> [Vec<Record>; 2] {
        let mut conversation = Conversation::new(self.configs.client.clone(), self.configs.server.clone());
        conversation.send_early_data(b"too early");
        conversation.exchange();
        for updates in [true, false] {
            for side in SIDES {
                conversation.send(side, data);
                if updates {
                    conversation.update_keys(side);
                }
            }
        }
        conversation.close();
        [0, 1].map(|end| self.decode(end, &conversation.flights))
    }

    /// Decodes a session as this end sees it. All its secrets are known before its first byte.
    fn decode(&self, end: usize, flights: &[Flight]) -> Vec<Record> {
        let mut decoder = Decoder::default();
        decoder.keep_values();
        decoder.learn(&self.secrets[end].take());
        decoder.learn_values(&self.recorders[end].take());
        let records = flights.iter().map(|Flight { sender, bytes, .. }| {
            let mut bytes = bytes.clone();
            if let Some(start) = bytes.windows(NAME.len()).position(|window| window == NAME) {
                bytes[start..start + NAME.len()].copy_from_slice(self.name);
            }
            decoder.feed(*sender, &bytes)
        });
        records.flatten().collect()
    }
}
