//! Flights: the messages that one end sends before the other answers (RFC 8446, 2).

use std::collections::HashMap;

use rustls::{ProtocolVersion, Side};

use super::names::Look;
use super::story::{Drawn, Row};
use decode::Message;

/// A flight with handshake messages in it.
#[derive(Debug)]
pub(super) struct Flight {
    /// Counts the flights of the session from 1.
    pub(super) number: usize,
    pub(super) sender: Side,
    /// Its purpose in a sentence; may be empty.
    pub(super) purpose: &'static str,
}

/// A flight whose records are being read.
struct Open {
    starts_at: usize,
    sender: Side,
    titles: Vec<String>,
    version: Option<ProtocolVersion>,
    offers_tls13: bool,
    has_handshake: bool,
}

/// Returns the flights with handshake messages. The key is the row in which the flight begins.
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

/// Returns the purpose of a flight, which one of its messages reveals. `number` counts the flights from 1.
fn purpose(number: usize, flight: &Open) -> &'static str {
    let has = |title: &str| flight.titles.iter().any(|other| other == title);
    let own = match flight.sender {
        Side::Client => of_client(number, flight.offers_tls13, &has),
        Side::Server => of_server(flight.version == Some(ProtocolVersion::TLSv1_3), &has),
    };
    match own {
        Some(purpose) => purpose,
        None if has("Finished") => {
            "Finished proves with a hash of the whole handshake that nobody has changed a byte of it."
        }
        None if has("NewSessionTicket") => "The client can resume this session later with these tickets.",
        None if has("KeyUpdate") => "This direction gets new keys.",
        None => "",
    }
}

fn of_client(number: usize, new: bool, has: &impl Fn(&str) -> bool) -> Option<&'static str> {
    Some(if has("ClientHello") && number > 1 {
        "The client sends its hello again, with a key share of the group that the server wants."
    } else if has("ClientHello") && !new {
        "The client offers its versions and algorithms."
    } else if has("ClientHello") {
        "The client offers its versions and algorithms. It sends its half of the key exchange at once, for the groups that it \
         expects the server to choose."
    } else if has("ClientKeyExchange") {
        "The client sends its half of the key exchange. After its ChangeCipherSpec everything that it sends is encrypted."
    } else if has("CertificateVerify") {
        "The client proves its identity as well. Finished proves that nobody has changed the handshake."
    } else {
        return None;
    })
}

fn of_server(new: bool, has: &impl Fn(&str) -> bool) -> Option<&'static str> {
    Some(if has("HelloRetryRequest") {
        "The server wants a key share of another group. It asks the client for another hello."
    } else if has("CertificateVerify") && new {
        "The server chooses, and sends its half of the key exchange. Both ends have keys now, so everything after this \
         message is encrypted. Then the server proves its identity."
    } else if has("ServerHello") && new {
        "The server chooses, and sends its half of the key exchange. Both ends have keys now, so everything after this \
         message is encrypted."
    } else if has("ServerHello") && has("ServerHelloDone") {
        "The server chooses, sends its certificate, and signs its half of the key exchange. All of this is in clear \
         text."
    } else if has("ServerHello") {
        "The server chooses, and resumes the session that the client remembers."
    } else {
        return None;
    })
}
