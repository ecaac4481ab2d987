//! Flights: what one end says before the other answers (RFC 8446, 2).

use std::collections::HashMap;

use rustls::{ProtocolVersion, Side};

use super::names::{self, Look};
use super::story::{Drawn, Row};

/// A flight with handshake messages in it.
#[derive(Debug)]
pub(super) struct Flight {
    /// Among those of the session, from 1.
    pub(super) number: usize,
    pub(super) sender: Side,
    /// What it is for, in a sentence; may be empty.
    pub(super) purpose: &'static str,
}

/// What is known of a flight on the way through its records.
struct Open {
    starts_at: usize,
    sender: Side,
    titles: Vec<String>,
    version: Option<ProtocolVersion>,
    has_handshake: bool,
}

/// The flights with handshake messages in them, by the row in which each begins.
pub(super) fn of<'a>(rows: impl Iterator<Item = (usize, &'a Row)>) -> HashMap<usize, Flight> {
    let mut flights = HashMap::new();
    let mut open: Option<Open> = None;
    for (index, row) in rows {
        let Row::Record(drawn) = row else { continue };
        match &mut open {
            Some(open) if open.sender == drawn.record.sender => open.add(drawn),
            _ => close(open.replace(Open::new(index, drawn)), &mut flights),
        }
    }
    close(open, &mut flights);
    flights
}

fn close(open: Option<Open>, flights: &mut HashMap<usize, Flight>) {
    let Some(Open { starts_at, sender, titles, version, has_handshake: true }) = open else { return };
    let number = flights.len() + 1;
    flights.insert(
        starts_at,
        Flight { number, sender, purpose: names::purpose(number, sender, &titles, version) },
    );
}

impl Open {
    fn new(index: usize, drawn: &Drawn) -> Self {
        let sender = drawn.record.sender;
        let mut open =
            Self { starts_at: index, sender, titles: Vec::new(), version: None, has_handshake: false };
        open.add(drawn);
        open
    }

    fn add(&mut self, drawn: &Drawn) {
        if Look::of(&drawn.record) != Look::Handshake {
            return;
        }
        self.has_handshake = true;
        self.titles.extend(drawn.titles.iter().cloned());
        self.version = drawn.record.messages().find_map(|message| message.version).or(self.version);
    }
}
