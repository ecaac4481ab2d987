//! Flights: what one end says before the other answers (RFC 8446, 2).

use std::collections::HashMap;

use rustls::{ProtocolVersion, Side};

use super::names::Look;
use super::story::{Drawn, Row};
use decode::Message;

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
    offers_tls13: bool,
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
    let Some(flight @ Open { has_handshake: true, .. }) = open else { return };
    let number = flights.len() + 1;
    let Open { starts_at, sender, .. } = flight;
    flights.insert(starts_at, Flight { number, sender, purpose: purpose(number, &flight) });
}

impl Open {
    fn new(index: usize, drawn: &Drawn) -> Self {
        let sender = drawn.record.sender;
        let mut open = Self {
            starts_at: index,
            sender,
            titles: Vec::new(),
            version: None,
            offers_tls13: false,
            has_handshake: false,
        };
        open.add(drawn);
        open
    }

    fn add(&mut self, drawn: &Drawn) {
        if Look::of(&drawn.record) != Look::Handshake {
            return;
        }
        self.has_handshake = true;
        self.titles.extend(drawn.titles.iter().cloned());
        self.offers_tls13 |= drawn.record.messages().any(Message::offers_tls13);
        self.version = drawn.record.messages().find_map(|message| message.version).or(self.version);
    }
}

/// What a flight is for, by the first of its messages that says it; `number` counts the flights from 1.
fn purpose(number: usize, flight: &Open) -> &'static str {
    let has = |title: &str| flight.titles.iter().any(|other| other == title);
    let own = match flight.sender {
        Side::Client => of_client(number, flight.offers_tls13, &has),
        Side::Server => of_server(flight.version == Some(ProtocolVersion::TLSv1_3), &has),
    };
    match own {
        Some(purpose) => purpose,
        None if has("Finished") => {
            "A hash of the whole handshake under the new keys: had anybody changed a byte of it, it would not match."
        }
        None if has("NewSessionTicket") => "Tickets, by which the client can resume this session later.",
        None if has("KeyUpdate") => "New keys for this direction.",
        None => "",
    }
}

fn of_client(number: usize, new: bool, has: &impl Fn(&str) -> bool) -> Option<&'static str> {
    Some(if has("ClientHello") && number > 1 {
        "The same once more, with the half that the server has asked for."
    } else if has("ClientHello") && !new {
        "The client says what it can do."
    } else if has("ClientHello") {
        "The client says what it can do, and sends its half of the key exchange ahead if it guesses the group."
    } else if has("ClientKeyExchange") {
        "The client sends its half, and from its ChangeCipherSpec on what it says is encrypted."
    } else if has("CertificateVerify") {
        "The client proves who it is, too. Finished is a hash of the whole handshake under the new keys."
    } else {
        return None;
    })
}

fn of_server(new: bool, has: &impl Fn(&str) -> bool) -> Option<&'static str> {
    Some(if has("HelloRetryRequest") {
        "The server needs a half of another group: the client is to say hello once more."
    } else if has("CertificateVerify") && new {
        "The server chooses, and sends its half: both have keys now, and all that follows is encrypted. Then it proves \
         who it is."
    } else if has("ServerHello") && new {
        "The server chooses, and sends its half: both have keys now, and all that follows is encrypted."
    } else if has("ServerHello") && has("ServerHelloDone") {
        "The server chooses, shows its certificate, and signs its half of the key exchange. All of this can be read on \
         the way."
    } else if has("ServerHello") {
        "The server chooses, and takes up the session that the client remembers."
    } else {
        return None;
    })
}
