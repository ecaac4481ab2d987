//! Sessions of rustls with a recorder at each end, and the values of their keys.
#![allow(clippy::unwrap_used, clippy::panic, dead_code)] // each test uses a part of it

use std::collections::BTreeMap;

use decode::recorder::{Observed, Recorder};
use decode::schedule::{Key, Part, Transcript};
use decode::{Decoder, Record};
use rustls::Side;
use testing::configs::{Configs, Shape};

use super::conversation::{Flight, begin};

pub const SIDES: [Side; 2] = [Side::Client, Side::Server];

/// Sessions of one shape, with a recorder at each end.
pub struct Sessions {
    pub shape: Shape,
    pub configs: Configs,
    pub recorders: [Recorder; 2],
}

/// One session: its bytes, and what each end computed for it.
pub struct Session {
    pub flights: Vec<Flight>,
    pub observed: [Vec<Observed>; 2],
}

impl Sessions {
    pub fn new(shape: Shape) -> Self {
        let recorders = [Recorder::default(), Recorder::default()];
        let configs = Configs::with_providers(&shape, |side, provider| {
            recorders[usize::from(side == Side::Server)].provider(&provider)
        });
        Self { shape, configs, recorders }
    }

    /// Runs a session with data, key updates in TLS 1.3, and a clean end.
    pub fn run(&self) -> Session {
        let mut conversation = begin(&self.configs);
        if self.shape.early_data > 0 {
            conversation.send_early_data(b"early"); // not in the first session, which has no ticket
        }
        conversation.exchange();
        for side in SIDES {
            conversation.update_keys(side);
            conversation.exchange();
            conversation.tls(side).send_close_notify();
        }
        conversation.exchange();
        let observed = self.recorders.each_ref().map(Recorder::take);
        Session { flights: conversation.flights, observed }
    }
}

impl Session {
    /// Returns the records as `end` decodes them.
    pub fn records(&self, end: Side, with_values: bool) -> Vec<Record> {
        let mut decoder = Decoder::default();
        if with_values {
            decoder.keep_values();
        }
        decoder.learn_values(&self.observed[usize::from(end == Side::Server)]);
        let mut records = Vec::new();
        for flight in &self.flights {
            if flight.sender != end {
                decoder.learn(&flight.learnt);
            }
            records.extend(decoder.feed(flight.sender, &flight.bytes));
        }
        records
    }
}

/// Returns the name of each part of a transcript.
pub fn parts(transcript: &Transcript) -> Vec<&'static str> {
    let name = |part: &Part| match part {
        Part::Message { name, .. } => name,
        Part::MessageHash => "message_hash",
        Part::TruncatedClientHello => "truncated ClientHello",
    };
    transcript.parts.iter().map(name).collect()
}

/// Returns the values of all derivations. Asserts that each one is known.
pub fn values(records: &[Record]) -> BTreeMap<Key, Vec<u8>> {
    let mut values = BTreeMap::new();
    for derivation in records.iter().flat_map(|record| &record.derivations) {
        let value = derivation.value.as_ref().unwrap_or_else(|| panic!("{derivation:?}")).bytes();
        values.insert(derivation.key, value.to_vec());
    }
    values
}
