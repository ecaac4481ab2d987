//! The decoder and its explanations. Every byte ends up in a record, or waits for the rest of its record. Every explained field
//! lies within the field around it.
//!
//! The first bit of an input decides what is decoded. With 0 it is the rest of the input, in pieces. Each piece begins with a
//! byte for its side and its length. With 1 it is a real session whose secrets are known. The rest of the input says how it
//! is damaged, with four bytes for each change.

use std::ops::Range;
use std::sync::{Arc, LazyLock};

use decode::explain::{self, Field};
use decode::secrets::{Secret, Secrets};
use decode::{Decoder, Record};
use rustls::Side;

use crate::tls::{Versions, ends_with_log};

/// Decodes one input.
pub fn run(input: &[u8]) {
    let Some((&how, rest)) = input.split_first() else { return };
    if how & 1 == 0 {
        arbitrary(rest);
    } else {
        damaged(&SESSIONS[usize::from(how >> 1 & 1)], how, rest);
    }
}

fn arbitrary(mut input: &[u8]) {
    let mut followed = Followed::default();
    while let Some((&head, rest)) = input.split_first() {
        let (bytes, rest) = rest.split_at(usize::from(head & 127).min(rest.len()));
        followed.feed(if head & 128 == 0 { Side::Client } else { Side::Server }, bytes);
        input = rest;
    }
}

/// Two bits of `how` say when the secrets are known: in time, from the beginning, too late, or never. Two more are the size of
/// the pieces.
fn damaged(session: &[Flight], how: u8, damages: &[u8]) {
    let mut flights = session.to_vec();
    for damage in damages.chunks_exact(4) {
        let index = usize::from(damage[0]) % flights.len();
        let bytes = &mut flights[index].bytes;
        let at = usize::from(u16::from_le_bytes([damage[1], damage[2]])) % (bytes.len() + 1);
        match damage[0] >> 6 {
            0 => bytes.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= damage[3].max(1)),
            1 => drop(bytes.drain(at..(at + usize::from(damage[3])).min(bytes.len()))),
            2 => bytes.insert(at, damage[3]),
            _ => bytes.truncate(at),
        }
    }
    let piece = [usize::MAX, 1, 5, 100][usize::from(how >> 4 & 3)];
    let mut followed = Followed::default();
    let secrets: Vec<_> = flights.iter().flat_map(|flight| flight.secrets.clone()).collect();
    if how >> 2 & 3 == 1 {
        followed.decoder.learn(&secrets);
    }
    for flight in &flights {
        if how >> 2 & 3 == 0 {
            followed.decoder.learn(&flight.secrets);
        }
        flight.bytes.chunks(piece).for_each(|bytes| followed.feed(flight.sender, bytes));
    }
    if how >> 2 & 3 == 2 {
        followed.decoder.learn(&secrets);
        followed.feed(Side::Client, &[23, 3, 3, 0, 1, 0]);
    }
}

/// A decoder, and the bytes that it got.
#[derive(Default)]
struct Followed {
    decoder: Decoder,
    client: Direction,
    server: Direction,
}

#[derive(Default)]
struct Direction {
    fed: Vec<u8>,
    decoded: usize,
    records: u64,
}

impl Followed {
    fn feed(&mut self, sender: Side, bytes: &[u8]) {
        let direction = match sender {
            Side::Client => &mut self.client,
            Side::Server => &mut self.server,
        };
        direction.fed.extend_from_slice(bytes);
        for record in self.decoder.feed(sender, bytes) {
            assert_eq!(record.sender, sender);
            direction.take(&record);
            check(&record);
        }
        let waiting = direction.fed.len() - direction.decoded;
        assert_eq!(self.decoder.left_over(sender), waiting, "bytes are lost");
    }
}

impl Direction {
    fn take(&mut self, record: &Record) {
        assert_eq!(record.number, self.records, "a record is missing");
        assert!(!record.wire.is_empty(), "a record of nothing");
        assert!(self.fed[self.decoded..].starts_with(&record.wire), "a record that was not sent");
        self.decoded += record.wire.len();
        self.records += 1;
    }
}

fn check(record: &Record) {
    nested(&explain::header(record), 0..record.wire.len());
    nested(&explain::content(record), 0..record.payload().len());
    if let decode::Content::Handshake(pieces) = &record.content {
        ordered(pieces.iter().map(|piece| &piece.range), &(0..record.payload().len()));
    }
    for message in record.messages() {
        nested(&explain::message(message), 0..message.bytes.len());
    }
}

fn nested(fields: &[Field], within: Range<usize>) {
    ordered(fields.iter().map(|field| &field.range), &within);
    for field in fields {
        let words = [&*field.name, &*field.value, &*field.says, field.rfc];
        assert!(!words.concat().contains(|c: char| c.is_control()), "a control character: {field:?}");
        nested(&field.fields, field.range.clone());
    }
}

fn ordered<'a>(ranges: impl Iterator<Item = &'a Range<usize>>, within: &Range<usize>) {
    let mut end = within.start;
    for range in ranges {
        assert!(end <= range.start && range.start <= range.end, "{range:?} begins before {end}");
        assert!(range.end <= within.end, "{range:?} is not within {within:?}");
        end = range.end;
    }
}

/// What one end sent at once, and the secrets that were new then.
#[derive(Clone)]
struct Flight {
    sender: Side,
    bytes: Vec<u8>,
    secrets: Vec<Secret>,
}

static SESSIONS: LazyLock<[Vec<Flight>; 2]> =
    LazyLock::new(|| [Versions::Tls13, Versions::Tls12].map(recorded));

/// A session with a client's certificate, data both ways, key updates in TLS 1.3, and a clean end.
fn recorded(versions: Versions) -> Vec<Flight> {
    let secrets = Arc::new(Secrets::default());
    let ends = ends_with_log(versions, &secrets).shared();
    let mut flights = Vec::new();
    crate::seeds::converse(&ends, |sender, bytes| {
        flights.push(Flight { sender, bytes: bytes.to_vec(), secrets: secrets.take() });
    });
    flights
}
