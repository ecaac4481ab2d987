//! Sessions of rustls in memory, and their records.
#![allow(clippy::unwrap_used, dead_code)] // each test uses a part of it

use std::sync::Arc;

use decode::secrets::{Secret, Secrets};
use decode::{Content, Decoder, Record};
use rustls::Side;
use testing::configs::Configs;

/// Bytes of one sender, and the secrets that their receiver derived from them.
pub type Flight = testing::conversation::Flight<Vec<Secret>>;

pub type Conversation = testing::conversation::Conversation<Vec<Secret>>;

/// Begins a session. It has no secrets for early data.
pub fn begin(configs: &Configs) -> Conversation {
    let secrets = [(); 2].map(|()| Arc::<Secrets>::default());
    let (mut client, mut server) = (configs.client.clone(), configs.server.clone());
    client.key_log = Arc::clone(&secrets[0]) as _;
    server.key_log = Arc::clone(&secrets[1]) as _;
    let own = secrets.clone();
    let learn = move |end| own[usize::from(end == Side::Server)].take();
    let conversation = Conversation::with_learning(client, server, learn);
    secrets[0].take(); // the secret of early data, which the programs never send
    conversation
}

/// Decodes a session at this end.
pub fn decode(end: Side, flights: &[Flight]) -> Vec<Record> {
    let mut decoder = Decoder::default();
    let mut records = Vec::new();
    for flight in flights {
        if flight.sender != end {
            decoder.learn(&flight.learnt);
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
