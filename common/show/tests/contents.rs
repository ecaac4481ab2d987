//! How the text trace describes the records of a read or a write.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod support {
    #[path = "../../../decode/tests/support/conversation.rs"]
    pub mod conversation;
}

use std::time::Instant;

use decode::{Decoder, Protection, Record};
use program::ending::Endings;
use rustls::Side;
use show::sink::{Carried, Sink};
use show::trace::Trace;
use support::conversation::{begin, decode};
use testing::configs::{Configs, Shape, suite};
use tls_session::observer::{SessionId, Step};

/// Returns the description in the line of a read.
fn described(records: Vec<Record>, left_over: usize) -> String {
    let start = Instant::now();
    let mut trace = Trace::text(Endings::of(Side::Server), start, Vec::new(), false);
    let carried = Carried { records, left_over, ..Carried::default() };
    let id = SessionId { number: 1, peer: "127.0.0.1:1".parse().unwrap() };
    trace.step(start, id, &Step::ReadTls(b"?"), &carried);
    let line = String::from_utf8(trace.into_writer().unwrap()).unwrap();
    line.trim_end().split_once("1 B").unwrap().1.trim_start_matches(": ").to_owned()
}

/// Decodes clear text and returns its description.
fn described_bytes(bytes: &[u8]) -> String {
    let mut decoder = Decoder::default();
    let records = decoder.feed(Side::Client, bytes);
    described(records, decoder.left_over(Side::Client))
}

#[test]
fn records_and_their_messages_are_described() {
    for (bytes, description) in [
        (&b""[..], ""),
        // Clear records have no braces.
        (b"\x16\x03\x03\0\x04\x0e\0\0\0\x14\x03\x03\0\x01\x01", "ServerHelloDone, ChangeCipherSpec"),
        (b"\x15\x03\x03\0\x02\x02\x30", "Alert: fatal unknown_ca"),
        (b"\x15\x03\x03\0\x02\x01\x64", "Alert: warning no_renegotiation_RESERVED"),
        (b"\x15\x03\x03\0\x02\x01\x00", "Alert: close_notify"),
        (b"\x15\x03\x03\0\x02\x09\xc8", "Alert: level 9 200"),
        // Malformed and unknown ones.
        (b"\x14\x03\x03\0\x01\x02", "malformed ChangeCipherSpec 1 B"),
        (b"\x18\x03\x03\0\x03\x01\0\0", "Heartbeat 3 B"),
        (b"\x16\x03\x03\0\x04\x63\0\0\0", "handshake message 99"),
        (b"GET / HTTP/1.0\r\n\r\n", r#"no TLS "GET / HTTP/1.0\r\n\r\n""#),
        (b"\x80\x2e\x01\x03\x01", r#"no TLS "\x80.\x01\x03\x01""#),
        (b"GET / HTTP/1.0\r\nHost: localhost\x1b[2J", r#"no TLS "GET / HTTP/1.0\r\nHost: localhos"…"#),
        // Incomplete ones.
        (b"\x16\x03", "2 B of the next record so far"),
        (b"\x14\x03\x03\0\x01\x01\x16\x03\x03", "ChangeCipherSpec + 3 B of the next record"),
        (b"\x16\x03\x03\0\x06\x0e\0\0\0\x0b\0", "ServerHelloDone, part of a message"),
    ] {
        assert_eq!(described_bytes(bytes), description);
    }
}

#[test]
fn long_lists_are_shortened() {
    let messages: Vec<u8> =
        (0..4000_u32).flat_map(|number| [[0, 14][number as usize % 2], 0, 0, 0]).collect();
    let record = [&[22, 3, 3], &(messages.len() as u16).to_be_bytes()[..], &messages].concat();
    let line = described_bytes(&record);
    assert!(line.ends_with("ServerHelloDone, and 3984 more"), "{line}");
    let alerts = b"\x15\x03\x03\0\x02\x01\x00\x15\x03\x03\0\x02\x01\x5a".repeat(100);
    assert!(described_bytes(&alerts).ends_with("Alert: warning user_canceled, and 184 more"));
    assert_eq!(described_bytes(&b"\x16\x03\x03\0\x04\x0e\0\0\0".repeat(9)), "ServerHelloDone ×9");
    assert_eq!(
        described_bytes(&b"\x16\x03\x03\0\x08\x0e\0\0\0\x0e\0\0\0".repeat(2)),
        "ServerHelloDone ×2 ×2"
    );
}

/// Returns the records of a client that sends application data of these lengths.
fn data(lengths: &[usize]) -> Vec<Record> {
    let mut conversation =
        begin(&Configs::new(&Shape { suite: suite("TLS13_AES_128_GCM_SHA256"), ..Shape::default() }));
    conversation.exchange();
    let before = decode(Side::Server, &conversation.flights).len();
    for &length in lengths {
        conversation.send(Side::Client, &vec![b'x'; length]);
    }
    decode(Side::Server, &conversation.flights).split_off(before)
}

#[test]
fn records_of_application_data_are_summed_up() {
    assert_eq!(described(data(&[9]), 0), "{application data 9 B}");
    assert_eq!(described(data(&[9, 5]), 0), "{application data 9 B}, {application data 5 B}");
    assert_eq!(described(data(&[100_000]), 0), "{application data 16384 B} ×6, {application data 1696 B}");
    assert_eq!(described(data(&[1, 2, 1]), 0), "{application data 4 B in 3 records}");
    assert_eq!(
        described(data(&[1, 2, 3, 4]), 7),
        "{application data 10 B in 4 records} + 7 B of the next record"
    );
}

#[test]
fn records_that_cannot_be_decrypted_are_described() {
    let mut records = data(&[9]);
    records[0].protection = Protection::Sealed(decode::Sealed::NoSecret);
    records[0].content = decode::Content::Hidden;
    assert_eq!(described(records.clone(), 0), "{encrypted 26 B}");
    records[0].protection = Protection::Sealed(decode::Sealed::DoesNotOpen);
    assert_eq!(described(records, 0), "{encrypted 26 B, does not open}");
    let mut padded = data(&[9]);
    padded[0].protection = Protection::Opened { plaintext: vec![0; 9], padding: 100 };
    assert_eq!(described(padded, 0), "{application data 9 B, padded by 100 B}");
}
