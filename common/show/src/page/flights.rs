//! Flights: the messages that one end sends before the other answers (RFC 8446, 2).

use std::collections::HashMap;

use rustls::{ProtocolVersion, Side};

use super::names::Look;
use super::rows::{Drawn, Row};
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

/// Returns the flights with handshake messages. The key is the row in which the flight begins.
pub(super) fn of<'a>(rows: impl Iterator<Item = (usize, &'a Row)>) -> HashMap<usize, Flight> {
    let records: Vec<(usize, &Drawn)> =
        rows.filter_map(|(index, row)| Some((index, row.record()?))).collect();
    let mut flights = HashMap::new();
    for flight in records.chunk_by(|(_, one), (_, next)| one.record.sender == next.record.sender) {
        let Some((starts_at, first)) = flight.first() else { continue };
        let mut handshake: Vec<&Drawn> = flight.iter().map(|(_, drawn)| *drawn).collect();
        handshake.retain(|drawn| Look::of(&drawn.record) == Look::Handshake);
        if !handshake.is_empty() {
            let (number, sender) = (flights.len() + 1, first.record.sender);
            flights
                .insert(*starts_at, Flight { number, sender, purpose: purpose(number, sender, &handshake) });
        }
    }
    flights
}

/// Returns the purpose of a flight, which one of its messages reveals. `number` counts the flights from 1.
fn purpose(number: usize, sender: Side, records: &[&Drawn]) -> &'static str {
    let has = |title: &str| records.iter().any(|drawn| drawn.titles.iter().any(|other| other == title));
    let mut messages = records.iter().flat_map(|drawn| drawn.record.messages());
    let own = match sender {
        Side::Client => of_client(number, messages.any(Message::offers_tls13), &has),
        Side::Server => {
            let version = messages.filter_map(|message| message.version).last();
            of_server(version == Some(ProtocolVersion::TLSv1_3), &has)
        }
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

fn of_client(number: usize, offers_tls13: bool, has: &impl Fn(&str) -> bool) -> Option<&'static str> {
    Some(if has("ClientHello") && number > 1 {
        "The client sends its hello again, with a key share of the group that the server wants."
    } else if has("ClientHello") && !offers_tls13 {
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

fn of_server(is_tls13: bool, has: &impl Fn(&str) -> bool) -> Option<&'static str> {
    Some(if has("HelloRetryRequest") {
        "The server wants a key share of another group. It asks the client for another hello."
    } else if has("CertificateVerify") && is_tls13 {
        "The server chooses, and sends its half of the key exchange. Both ends have keys now, so everything after this \
         message is encrypted. Then the server proves its identity."
    } else if has("ServerHello") && is_tls13 {
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
