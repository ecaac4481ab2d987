//! A resumed session names the session that issued its ticket or its session ID.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

mod support {
    pub mod conversation;
}

use decode::tickets::Tickets;
use decode::{Message, Record};
use rustls::{HandshakeType, ProtocolVersion, Side};
use support::conversation::{begin, decode};
use testing::configs::{Configs, Shape, suite};

/// Runs sessions with the same configurations. Returns the origin that each has.
fn origins(shape: &Shape, sessions: u64) -> Vec<Option<u64>> {
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
        messages.iter().for_each(|message| tickets.saw(message, number));
        origin
    };
    (1..=sessions).map(&mut session).collect()
}

#[test]
fn a_resumed_session_names_its_origin() {
    let resumption = Shape { resumption: true, ..Shape::default() };
    let tls12 = suite("TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256");
    for (shape, expected) in [
        // Each session resumes the last ticket of the session before it.
        (resumption.clone(), [None, Some(1), Some(2)]),
        (Shape { retry: true, ..resumption.clone() }, [None, Some(1), Some(2)]),
        (Shape { suite: tls12, ticketer: true, ..resumption.clone() }, [None, Some(1), Some(2)]),
        // A session ID stays that of the first session.
        (Shape { suite: tls12, ..resumption }, [None, Some(1), Some(1)]),
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
        tickets.origin(&hello, &answer)
    };
    (0..5000).for_each(|number| tickets.saw(&hellos(number)[0], number.into()));
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
    tickets.saw(&new_session_ticket(Side::Server, &[]), 1);
    let [answer, hello] = hellos(7);
    assert_eq!(tickets.origin(&hello, &answer), None);
    tickets.saw(&answer, 2);
    assert_eq!(tickets.origin(&hello, &answer), Some(2));
}

#[test]
fn a_client_issues_no_tickets() {
    let mut tickets = Tickets::default();
    let [answer, hello] = hellos(7);
    tickets.saw(&answer, 1);
    for number in 0..5000_u32 {
        tickets.saw(&new_session_ticket(Side::Client, &number.to_be_bytes()), 2);
        let forged = Message { sender: Side::Client, ..hellos(number + 8)[0].clone() };
        tickets.saw(&forged, 2);
    }
    assert_eq!(tickets.origin(&hello, &answer), Some(1));
    let [answer, hello] = hellos(8);
    assert_eq!(tickets.origin(&hello, &answer), None);
}
