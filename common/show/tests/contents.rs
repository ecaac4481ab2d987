//! What a read or a write carried, in the words of the text.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test says what is wrong by panicking"
)]

mod support {
    #[path = "../../../decode/tests/support/conversation.rs"]
    pub mod conversation;
    pub mod memory;
}

use std::sync::Arc;
use std::time::Instant;

use decode::secrets::Secrets;
use decode::{Decoder, Protection, Record};
use program::ending::Endings;
use rustls::{NoKeyLog, Side};
use show::show::Show;
use show::sink::{Carried, Sink};
use show::trace::Trace;
use support::conversation::{Conversation, decode};
use support::memory::{self, Setup, Talk};
use testing::configs::{Configs, Shape, suite};
use tls_session::close_reason::{CloseReason, Party};
use tls_session::observer::Step;

/// What the line of a read says after its length.
fn told(records: Vec<Record>, left_over: usize) -> String {
    let start = Instant::now();
    let mut trace = Trace::text(Endings::of(Side::Server), start, Vec::new(), false);
    let carried = Carried { records, left_over, ..Carried::default() };
    trace.step(start, memory::id(1), &Step::ReadTls(b"?"), &carried);
    let line = String::from_utf8(trace.into_writer().unwrap()).unwrap();
    line.trim_end().split_once("1 B").unwrap().1.trim_start_matches(": ").to_owned()
}

/// The same of bytes that nobody encrypted.
fn told_of(bytes: &[u8]) -> String {
    let mut decoder = Decoder::default();
    let records = decoder.feed(Side::Client, bytes);
    told(records, decoder.left_over(Side::Client))
}

#[test]
fn nothing_is_said_of_nothing() {
    assert_eq!(told_of(b""), "");
}

#[test]
fn what_is_in_clear_has_no_braces() {
    assert_eq!(
        told_of(b"\x16\x03\x03\0\x04\x0e\0\0\0\x14\x03\x03\0\x01\x01"),
        "ServerHelloDone, ChangeCipherSpec"
    );
    assert_eq!(told_of(b"\x15\x03\x03\0\x02\x02\x30"), "Alert: fatal unknown_ca");
    assert_eq!(told_of(b"\x15\x03\x03\0\x02\x01\x64"), "Alert: warning no_renegotiation_RESERVED");
    assert_eq!(told_of(b"\x15\x03\x03\0\x02\x01\x00"), "Alert: close_notify");
    assert_eq!(told_of(b"\x15\x03\x03\0\x02\x09\xc8"), "Alert: level 9 200");
}

#[test]
fn what_is_odd_is_shown_as_what_it_is() {
    assert_eq!(told_of(b"\x14\x03\x03\0\x01\x02"), "malformed ChangeCipherSpec 1 B");
    assert_eq!(told_of(b"\x18\x03\x03\0\x03\x01\0\0"), "Heartbeat 3 B");
    assert_eq!(told_of(b"\x16\x03\x03\0\x04\x63\0\0\0"), "handshake message 99");
    assert_eq!(told_of(b"GET / HTTP/1.0\r\n\r\n"), r#"no TLS "GET / HTTP/1.0\r\n\r\n""#);
    assert_eq!(told_of(b"\x80\x2e\x01\x03\x01"), r#"no TLS "\x80.\x01\x03\x01""#);
}

#[test]
fn what_is_not_complete_is_counted() {
    assert_eq!(told_of(b"\x16\x03"), "2 B of the next record so far");
    assert_eq!(told_of(b"\x14\x03\x03\0\x01\x01\x16\x03\x03"), "ChangeCipherSpec + 3 B of the next record");
    assert_eq!(told_of(b"\x16\x03\x03\0\x06\x0e\0\0\0\x0b\0"), "ServerHelloDone, part of a message");
}

#[test]
fn a_list_has_an_end() {
    let messages: Vec<u8> =
        (0..4000_u32).flat_map(|number| [[0, 14][number as usize % 2], 0, 0, 0]).collect();
    let record = [&[22, 3, 3], &(messages.len() as u16).to_be_bytes()[..], &messages].concat();
    let line = told_of(&record);
    assert!(line.ends_with("ServerHelloDone, and 3984 more"), "{line}");
    let alerts = b"\x15\x03\x03\0\x02\x01\x00\x15\x03\x03\0\x02\x01\x5a".repeat(100);
    assert!(told_of(&alerts).ends_with("Alert: warning user_canceled, and 184 more"));
    assert_eq!(told_of(&b"\x16\x03\x03\0\x04\x0e\0\0\0".repeat(9)), "ServerHelloDone ×9");
    assert_eq!(told_of(&b"\x16\x03\x03\0\x08\x0e\0\0\0\x0e\0\0\0".repeat(2)), "ServerHelloDone ×2 ×2");
}

/// The records of what the client says after the handshake.
fn data(said: &[usize]) -> Vec<Record> {
    let mut conversation = Conversation::new(&Configs::new(&Shape {
        suite: suite("TLS13_AES_128_GCM_SHA256"),
        ..Shape::default()
    }));
    conversation.exchange();
    let before = decode(Side::Server, &conversation.flights).len();
    for &length in said {
        conversation.say(Side::Client, &vec![b'x'; length]);
    }
    decode(Side::Server, &conversation.flights).split_off(before)
}

#[test]
fn much_application_data_is_told_in_few_words() {
    assert_eq!(told(data(&[9]), 0), "{application data 9 B}");
    assert_eq!(told(data(&[9, 5]), 0), "{application data 9 B}, {application data 5 B}");
    assert_eq!(told(data(&[100_000]), 0), "{application data 16384 B} ×6, {application data 1696 B}");
    assert_eq!(told(data(&[1, 2, 1]), 0), "{application data 4 B in 3 records}");
    assert_eq!(told(data(&[1, 2, 3, 4]), 7), "{application data 10 B in 4 records} + 7 B of the next record");
}

#[test]
fn what_does_not_open_says_so() {
    let mut records = data(&[9]);
    records[0].protection = Protection::Sealed(decode::Sealed::NoSecret);
    records[0].content = decode::Content::Hidden;
    assert_eq!(told(records.clone(), 0), "{encrypted 26 B}");
    records[0].protection = Protection::Sealed(decode::Sealed::DoesNotOpen);
    assert_eq!(told(records, 0), "{encrypted 26 B, does not open}");
    let mut padded = data(&[9]);
    padded[0].protection = Protection::Opened { plaintext: vec![0; 9], padding: 100 };
    assert_eq!(told(padded, 0), "{application data 9 B, padded by 100 B}");
}

#[test]
fn a_decoder_that_understands_nothing_changes_no_session() {
    for knows_secrets in [true, false] {
        let (secrets, start) = (Arc::<Secrets>::default(), Instant::now());
        // It takes each end for the other, so that all it sees is wrong.
        let mut upside_down = Show::new(
            Side::Server,
            Arc::clone(&secrets),
            Trace::text(Endings::of(Side::Server), start, Vec::new(), false),
        );
        let setup = match knows_secrets {
            true => Setup::shaped(&Shape::default(), secrets, Arc::new(NoKeyLog)),
            false => Setup::new(),
        };
        let talk = Talk::new(&[b'x'; 50_000], 3);
        let ends = setup.converse(65536, talk, start, &mut upside_down, &mut ());
        assert_eq!(
            ends,
            (CloseReason::Clean { first: Party::Us }, CloseReason::Clean { first: Party::Peer })
        );
    }
}
