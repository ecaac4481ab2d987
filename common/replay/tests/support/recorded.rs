//! A session that is recorded in memory, and captures of it.
#![allow(clippy::unwrap_used, dead_code)] // each test uses a part of it

use decode::Record;
use rustls::Side;
use testing::configs::{Configs, Shape};

use super::frames::{PcapNg, Tcp};
use crate::conversation::{Flight, begin, decode};

/// The first sequence numbers are close to the end of their range, so that they wrap within the handshake.
pub const CLIENT_SYN: u32 = u32::MAX - 300;
pub const SERVER_SYN: u32 = u32::MAX - 900;

/// A session with data in both directions and a clean end.
pub struct Recorded {
    pub flights: Vec<Flight>,
    pub key_log: String,
    pub records: Vec<Record>,
}

impl Recorded {
    pub fn new(shape: &Shape) -> Self {
        let mut session = begin(&Configs::new(shape));
        session.exchange();
        session.send(Side::Client, b"hello");
        session.send(Side::Server, &[b'x'; 20_000]);
        session.send(Side::Client, &[b'y'; 3000]);
        session.close();
        Self::of_flights(session.flights)
    }

    pub fn of_flights(flights: Vec<Flight>) -> Self {
        let secrets = flights.iter().flat_map(|flight| &flight.learnt);
        let key_log = secrets.map(|secret| secret.line() + "\n").collect();
        let records = decode(Side::Client, &flights);
        Self { flights, key_log, records }
    }

    pub fn of(&self, sender: Side) -> Vec<&Record> {
        self.records.iter().filter(|record| record.sender == sender).collect()
    }

    pub fn bytes(&self, sender: Side) -> usize {
        self.of(sender).iter().map(|record| record.wire.len()).sum()
    }

    /// Cuts the flights into segments of at most `size` bytes.
    pub fn segments(&self, size: usize) -> Vec<Tcp> {
        let mut sequences = [CLIENT_SYN.wrapping_add(1), SERVER_SYN.wrapping_add(1)];
        let mut segments = Vec::new();
        for Flight { sender, bytes, .. } in &self.flights {
            let sequence = &mut sequences[usize::from(*sender == Side::Server)];
            for part in bytes.chunks(size) {
                segments.push(Tcp {
                    sender: *sender,
                    sequence: *sequence,
                    flags: "A",
                    payload: part.to_vec(),
                });
                *sequence = sequence.wrapping_add(part.len() as u32);
            }
        }
        segments
    }

    /// Returns both FINs.
    pub fn fins(&self) -> [Tcp; 2] {
        [(Side::Client, CLIENT_SYN), (Side::Server, SERVER_SYN)].map(|(sender, syn)| {
            let sequence = syn.wrapping_add(1).wrapping_add(self.bytes(sender) as u32);
            Tcp { sender, sequence, flags: "FA", payload: vec![] }
        })
    }
}

pub fn syns() -> [Tcp; 2] {
    [
        Tcp { sender: Side::Client, sequence: CLIENT_SYN, flags: "S", payload: vec![] },
        Tcp { sender: Side::Server, sequence: SERVER_SYN, flags: "SA", payload: vec![] },
    ]
}

/// Makes a capture of these segments.
pub fn capture(key_log: &str, segments: &[Tcp]) -> Vec<u8> {
    let mut file = PcapNg::ethernet();
    if !key_log.is_empty() {
        file.key_log(key_log);
    }
    file.segments(segments).bytes()
}
