//! A resumed session names the session that issued its ticket or its session ID.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

mod support {
    pub mod conversation;
}

use decode::tickets::{Issuer, Tickets};
use decode::{Message, Record};
use rustls::{HandshakeType, ProtocolVersion, Side};
use support::conversation::{begin, decode};
use testing::configs::{Configs, Shape, suite};

/// Runs sessions with the same configurations. Returns the origin that each has.
fn origins(shape: &Shape, sessions: u64) -> Vec<Option<Issuer>> {
    let configs = Configs::new(shape);
    let mut tickets = Tickets::default();
    let mut session = |number| {
        let mut conversation = begin(&configs);
        conversation.exchange();
        conversation.close();
        let records = decode(Side::Client, &conversation.flights);
        let messages: Vec<&Message> = records.iter().flat_map(Record::messages).collect();
        let is_answer = |message: &&&Message| {
            message.kind == HandshakeType::ServerHello && !message.is_hello_retry_request()
        };
        let hello = messages.iter().rfind(|message| message.kind == HandshakeType::ClientHello).unwrap();
        let answer = messages.iter().find(is_answer).unwrap();
        let origin = tickets.origin(hello, answer);
        let issued = |message: &&&Message| message.kind == HandshakeType::NewSessionTicket;
        for (at, message) in messages.iter().enumerate() {
            let before = messages.iter().take(at).filter(issued).count();
            tickets.saw(message, number, before.try_into().unwrap());
        }
        origin
    };
    (1..=sessions).map(&mut session).collect()
}

#[test]
fn a_resumed_session_names_its_origin() {
    let resumption = Shape { resumption: true, ..Shape::default() };
    let tls12 = suite("TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256");
    let by = |session, ticket| Some(Issuer { session, ticket });
    for (shape, expected) in [
        // Each session resumes the last ticket of the session before it.
        (resumption.clone(), [None, by(1, Some(1)), by(2, Some(1))]),
        (Shape { retry: true, ..resumption.clone() }, [None, by(1, Some(1)), by(2, Some(1))]),
        (
            Shape { suite: tls12, ticketer: true, ..resumption.clone() },
            [None, by(1, Some(0)), by(2, Some(0))],
        ),
        // A session ID stays that of the first session.
        (Shape { suite: tls12, ..resumption }, [None, by(1, None), by(1, None)]),
        (Shape::default(), [None; 3]),
        (Shape { suite: tls12, ..Shape::default() }, [None; 3]),
    ] {
        assert_eq!(origins(&shape, 3), expected, "{shape:?}");
    }
}

/// Returns a ServerHello of TLS 1.2 that issues a session ID, and a ClientHello that offers it.
fn hellos(number: u32) -> [Message; 2] {
    let id = [&[4], &number.to_be_bytes()[..]].concat();
    let message = |sender, kind: HandshakeType, rest: &[u8]| Message {
        sender,
        kind,
        version: Some(ProtocolVersion::TLSv1_2),
        bytes: [&[u8::from(kind), 0, 0, 0, 3, 3], &[7; 32][..], &id, rest].concat(),
    };
    [
        message(Side::Server, HandshakeType::ServerHello, &[0xc0, 0x2b, 0]),
        message(Side::Client, HandshakeType::ClientHello, &[0, 2, 0xc0, 0x2b, 1, 0]),
    ]
}

#[test]
fn the_oldest_tickets_are_forgotten() {
    let mut tickets = Tickets::default();
    let origin = |tickets: &Tickets, number| {
        let [answer, hello] = hellos(number);
        Some(tickets.origin(&hello, &answer)?.session)
    };
    (0..5000).for_each(|number| tickets.saw(&hellos(number)[0], number.into(), 0));
    let known: Vec<bool> = (0..5000).map(|number| origin(&tickets, number) == Some(number.into())).collect();
    assert_eq!(known.iter().filter(|known| **known).count(), 4096);
    assert!(known[5000 - 4096..].iter().all(|known| *known));
}

/// Returns a NewSessionTicket of TLS 1.2.
fn new_session_ticket(sender: Side, ticket: &[u8]) -> Message {
    let length = u16::try_from(ticket.len()).unwrap().to_be_bytes();
    let kind = HandshakeType::NewSessionTicket;
    let bytes = [&[u8::from(kind), 0, 0, 0, 0, 0, 0, 0], &length[..], ticket].concat();
    Message { sender, kind, version: Some(ProtocolVersion::TLSv1_2), bytes }
}

#[test]
fn an_empty_ticket_names_no_session() {
    // "then it sends a zero-length ticket in the NewSessionTicket handshake message" (RFC 5077, 3.3)
    let mut tickets = Tickets::default();
    tickets.saw(&new_session_ticket(Side::Server, &[]), 1, 0);
    let [answer, hello] = hellos(7);
    assert_eq!(tickets.origin(&hello, &answer), None);
    tickets.saw(&answer, 2, 0);
    assert_eq!(tickets.origin(&hello, &answer), Some(Issuer { session: 2, ticket: None }));
}

#[test]
fn a_client_issues_no_tickets() {
    let mut tickets = Tickets::default();
    let [answer, hello] = hellos(7);
    tickets.saw(&answer, 1, 0);
    for number in 0..5000_u32 {
        tickets.saw(&new_session_ticket(Side::Client, &number.to_be_bytes()), 2, 0);
        let forged = Message { sender: Side::Client, ..hellos(number + 8)[0].clone() };
        tickets.saw(&forged, 2, 0);
    }
    assert_eq!(tickets.origin(&hello, &answer), Some(Issuer { session: 1, ticket: None }));
    let [answer, hello] = hellos(8);
    assert_eq!(tickets.origin(&hello, &answer), None);
}
