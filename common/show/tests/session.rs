//! The client's trace of a session between two ends in memory.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod support {
    pub mod memory;
}

use std::sync::Arc;
use std::time::Instant;

use decode::secrets::Secrets;
use program::ending::Endings;
use rustls::Side;
use serde_json::Value;
use show::page::Clock;
use show::show::Show;
use show::trace::Trace;
use support::memory::{Setup, Talk};
use tls_session::close_reason::{CloseReason, Endpoint};

const ROOM: usize = 256 * 1024;

/// Runs a session. Returns the trace of its client.
fn traced(room: usize, talk: Talk, trace: impl FnOnce(Endings, Instant) -> Trace<Vec<u8>>) -> String {
    let (start, secrets) = (Instant::now(), Arc::<Secrets>::default());
    let trace = trace(Endings::of(Side::Client), start);
    let mut client = Show::new(Side::Client, Arc::clone(&secrets), trace);
    let setup = Setup::new().logged(secrets);
    let (client_end, server_end) = setup.converse(room, talk, start, &mut client, &mut ());
    assert_eq!(client_end, CloseReason::Clean { first: Endpoint::Local });
    assert_eq!(server_end, CloseReason::Clean { first: Endpoint::Peer });
    String::from_utf8(client.into_sink().into_writer().unwrap()).unwrap()
}

fn text(room: usize, talk: Talk) -> String {
    traced(room, talk, |endings, start| Trace::text(endings, start, Vec::new(), false))
}

fn json(room: usize, talk: Talk) -> Vec<Value> {
    let lines = traced(room, talk, |endings, start| Trace::json(endings, Clock::at(start), Vec::new()));
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Returns the lines without their times, numbers and paths. A new version of rustls may change numbers.
fn shape(text: &str) -> Vec<String> {
    let masked = |line: &str| {
        line.split(", server").next().unwrap().chars().skip(10).fold(String::new(), |mut shape, c| {
            let c = if c.is_ascii_digit() { '#' } else { c };
            if c != '#' || !shape.ends_with('#') {
                shape.push(c);
            }
            shape
        })
    };
    text.lines().map(masked).collect()
}

#[test]
fn the_text_has_every_line_of_a_session() {
    let text = text(ROOM, Talk::new(b"hello", 1));
    assert!(text.starts_with("+    0.000    1     began               at our 127.0.0.1:50000\n"), "{text}");
    assert_eq!(shape(&text), EXPECTED.lines().skip(1).collect::<Vec<_>>());
}

const EXPECTED: &str = "
    #     began               at our #.#.#.#:#
    #     deadline            wait set to +#s
 loop ┌ woke                  # event
    # │   ready               readable, writable
    # │ ▶ write_tls           # B (# slice): ClientHello
    # │   read blocked        the kernel has no more
 loop ┌ woke                  # event
    # │   ready               readable, writable
    # │ ◀ recv                # B
    # │   deadline            wait stopped
    # │   deadline            handshake set to +#s
    # │   read_tls            # B: ServerHello, ChangeCipherSpec, {EncryptedExtensions, Certificate, CertificateVerify, Finished}
    # │   process_new_packets → to write #, plaintext #
    # │   established         TLS#.# TLS_AES_#_GCM_SHA# X#
    # │   phase               Handshaking → Established
    # │   deadline            handshake stopped
    # │   deadline            idle set to +#s
    # │ ▶ plaintext out       # B \"hello\"
    # │ ▶ write_tls           # B (# slices): ChangeCipherSpec, {Finished}, {application data # B}
 loop ┌ woke                  # event
    # │   ready               readable, writable
    # │ ◀ recv                # B
    # │   read_tls            # B: {NewSessionTicket ×#}, {application data # B}
    # │   process_new_packets → to write #, plaintext #
    # │ ◀ plaintext in        # B \"hello\"
    # │   phase               Established → Closing: close requested; close_notify queued
    # │   deadline            idle stopped (moved once)
    # │   deadline            close set to +#s
    # │ ▶ write_tls           # B (# slice): {Alert: close_notify}
 loop ┌ woke                  # event
    # │   ready               readable, writable
    # │ ◀ recv                # B
    # │   read_tls            # B: {Alert: close_notify}
    # │   process_new_packets → to write #, plaintext #, peer has closed
    # │   phase               Closing → Closed
    # │ ▶ FIN sent
    # │   closed              closed cleanly, we first; # B received, # B sent";

#[test]
fn the_json_of_a_session_has_all_bytes_and_records() {
    let lines = json(ROOM, Talk::new(&[b'x'; 100_000], 3));
    let sum = |event: &str| -> u64 {
        let lines = lines.iter().filter(|line| line["event"] == event);
        lines.map(|line| line["bytes"].as_u64().unwrap()).sum()
    };
    assert_eq!(sum("plaintext_in"), 300_000);
    assert_eq!(sum("plaintext_out"), 300_000);
    assert_eq!(sum("send"), sum("write_tls"));
    assert_eq!(sum("recv"), sum("read_tls"));

    for event in ["read_tls", "write_tls"] {
        let records = lines.iter().filter(|line| line["event"] == event);
        let records: Vec<&Value> = records.flat_map(|line| line["records"].as_array().unwrap()).collect();
        assert!(records.iter().all(|record| record["sealed"].is_null() && record["malformed"] == false));
        let lengths = |of: &dyn Fn(&Value) -> bool, length: &str| -> u64 {
            records.iter().filter(|record| of(record)).map(|record| record[length].as_u64().unwrap()).sum()
        };
        assert_eq!(lengths(&|_| true, "wire_length"), sum(event));
        assert_eq!(lengths(&|record| record["content_type"] == "application_data", "length"), 300_000);
    }

    let last = lines.last().unwrap();
    assert_eq!(last["reason"], "clean");
    assert_eq!((&last["received"], &last["sent"]), (&300_000.into(), &300_000.into()));
    assert_eq!((&last["wire_received"], &last["wire_sent"]), (&sum("recv").into(), &sum("send").into()));
    assert!(last["t_ns"].as_u64().unwrap().is_multiple_of(1_000_000));
}

#[test]
fn the_text_has_blocked_writes_and_counts_the_moves_of_the_idle_deadline() {
    let text = text(30_000, Talk::new(&[b'x'; 100_000], 2));
    assert!(text.contains("write blocked       the kernel takes no more"), "{text}");
    assert!(text.contains("deadline            write set to +30s"), "{text}");
    assert!(text.contains("{Finished}, {application data 16384 B} + "), "{text}");
    assert!(text.contains(" B of the next record so far\n"), "{text}");
    let idle: Vec<&str> = text.lines().filter(|line| line.contains("deadline            idle")).collect();
    let [set, stopped] = idle[..] else { panic!("{idle:?}") };
    assert!(set.ends_with("idle set to +60s"), "{set}");
    assert!(stopped.contains("idle stopped (moved ") && stopped.ends_with(" times)"), "{stopped}");
}

#[test]
fn hostile_plaintext_is_escaped() {
    let hostile = b"\x1b]0;owned\x07\x1b[2J\n+    0.000 loop forged\r\xff\xfe\x00\xe2\x80\xae\"\\";
    for end in 1..=hostile.len() {
        let talk = || Talk::new(&hostile[hostile.len() - end..], 1);
        let text = text(ROOM, talk());
        let harmless = |c: char| c == '\n' || !(c.is_control() || "\u{202e}\u{fffd}".contains(c));
        assert!(text.chars().all(harmless), "{text}");
        assert!(
            text.lines().all(|line| line.starts_with('+') && !line.contains("forged") || line.contains('"'))
        );

        for line in json(ROOM, talk()).iter().filter(|line| line["event"] == "plaintext_in") {
            let preview = line["preview"].as_str().unwrap();
            assert!(preview.len() <= 32 && preview.chars().all(|c| c == ' ' || c.is_ascii_graphic()));
        }
    }
}

#[test]
fn the_only_escape_sequences_are_colours() {
    let talk = || Talk::new(b"\x1b[31mred?\x1b[0m", 1);
    let coloured = traced(ROOM, talk(), |endings, start| Trace::text(endings, start, Vec::new(), true));
    assert!(coloured.contains("\x1b["));
    let stripped: String = coloured
        .split('\x1b')
        .enumerate()
        .map(|(index, part)| if index == 0 { part } else { part.split_once('m').unwrap().1 })
        .collect();
    assert_eq!(shape(&stripped), shape(&text(ROOM, talk())));
    assert!(stripped.contains(r#"13 B "\x1b[31mred?\x1b[0m""#), "{stripped}");
}

/// Yellow is the client's colour, and cyan the server's.
#[test]
fn lines_with_bytes_have_the_colour_of_their_sender() {
    let setup = Setup::new();
    let start = Instant::now();
    let end = |local| {
        let trace = Trace::text(Endings::of(local), start, Vec::new(), true);
        Show::new(local, Arc::<Secrets>::default(), trace)
    };
    let (mut client, mut server) = (end(Side::Client), end(Side::Server));
    setup.converse(ROOM, Talk::new(b"hello", 1), start, &mut client, &mut server);
    for ended in [client, server] {
        let text = String::from_utf8(ended.into_sink().into_writer().unwrap()).unwrap();
        for (message, colour) in [(" ClientHello", "\x1b[33m"), (" ServerHello", "\x1b[36m")] {
            let line = text.lines().find(|line| line.contains(message)).unwrap();
            assert!(line.contains(colour), "{line:?}");
        }
    }
}
