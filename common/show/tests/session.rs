//! The client's trace of a session between two ends in memory.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod support {
    pub mod memory;
    pub mod names;
}

use std::io::Write;
use std::sync::Arc;
use std::time::Instant;

use decode::secrets::Secrets;
use program::ending::Endings;
use program::observer::{LoopEvent, Observer};
use rustls::{NoKeyLog, Side};
use serde_json::Value;
use show::show::Show;
use show::trace::Trace;
use support::memory::{Setup, Talk};
use support::names;
use testing::configs::Shape;
use tls_session::close_reason::{CloseReason, Endpoint};
use tls_session::observer::{SessionId, SocketEvent, Step};

const ROOM: usize = 256 * 1024;

/// The documented names of all steps and events.
#[derive(Default)]
struct Names(Vec<&'static str>);

impl tls_session::observer::Observer for Names {
    fn step(&mut self, _now: Instant, _id: SessionId, step: &Step<'_>) {
        self.0.push(names::of_step(step));
    }

    fn socket(&mut self, now: Instant, event: &SocketEvent<'_>) {
        self.event_loop(now, &event.into());
    }
}

impl Observer for Names {
    fn event_loop(&mut self, _now: Instant, event: &LoopEvent<'_>) {
        self.0.push(names::of_event(event));
    }
}

/// Runs a session. `client` observes the client, whose secrets go to `secrets`.
fn converse(room: usize, talk: Talk, start: Instant, secrets: Arc<Secrets>, client: &mut dyn Observer) {
    let setup = Setup::shaped(&Shape::default(), secrets, Arc::new(NoKeyLog));
    let (client_end, server_end) = setup.converse(room, talk, start, client, &mut ());
    assert_eq!(client_end, CloseReason::Clean { first: Endpoint::Local });
    assert_eq!(server_end, CloseReason::Clean { first: Endpoint::Peer });
}

fn show<W: Write>(trace: Trace<W>) -> (Show<Trace<W>>, Arc<Secrets>) {
    let secrets = Arc::<Secrets>::default();
    (Show::new(Side::Client, Arc::clone(&secrets), trace), secrets)
}

fn text(room: usize, talk: Talk) -> String {
    let start = Instant::now();
    let (mut trace, secrets) = show(Trace::text(Endings::of(Side::Client), start, Vec::new(), false));
    converse(room, talk, start, secrets, &mut trace);
    String::from_utf8(trace.into_sink().into_writer().unwrap()).unwrap()
}

fn json(room: usize, talk: Talk) -> (Vec<Value>, Names) {
    let start = Instant::now();
    let (trace, secrets) = show(Trace::json(Endings::of(Side::Client), start, Vec::new()));
    let mut observers = (trace, Names::default());
    converse(room, talk, start, secrets, &mut observers);
    let lines = String::from_utf8(observers.0.into_sink().into_writer().unwrap()).unwrap();
    (lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect(), observers.1)
}

/// Returns the lines without their times and numbers. A new version of rustls may change numbers.
fn shape(text: &str) -> Vec<String> {
    let masked = |line: &str| {
        line.chars().skip(10).fold(String::new(), |mut shape, c| {
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
    let lines = shape(&text);
    let shown: Vec<&str> = lines.iter().map(|line| line.split(", server").next().unwrap()).collect();
    assert_eq!(shown, EXPECTED.lines().skip(1).collect::<Vec<_>>());
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
fn all_details_begin_in_the_same_column() {
    for line in text(ROOM, Talk::new(b"hello", 1)).lines() {
        let column: Vec<char> = line.chars().skip(16).collect();
        assert!(matches!(column[0], ' ' | '┌' | '│'), "{line}");
        assert!(matches!(column[2], ' ' | 'w' | '◀' | '▶'), "{line}");
        assert!(column.len() <= 24 || (column[23] == ' ' && column[24] != ' '), "{line}");
    }
}

#[test]
fn json_has_one_object_for_each_step_under_its_name() {
    let (lines, Names(names)) = json(ROOM, Talk::new(&[b'x'; 100_000], 3));
    let events: Vec<&str> = lines.iter().map(|line| line["event"].as_str().unwrap()).collect();
    assert_eq!(events, names);

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
    assert!(last["t_ns"].as_u64().unwrap() % 1_000_000 == 0);
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

        let (lines, Names(names)) = json(ROOM, talk());
        assert_eq!(lines.len(), names.len());
        for line in lines.iter().filter(|line| line["event"] == "plaintext_in") {
            let preview = line["preview"].as_str().unwrap();
            assert!(preview.len() <= 32 && preview.chars().all(|c| c == ' ' || c.is_ascii_graphic()));
        }
    }
}

#[test]
fn the_only_escape_sequences_are_colours() {
    let start = Instant::now();
    let talk = || Talk::new(b"\x1b[31mred?\x1b[0m", 1);
    let (mut trace, secrets) = show(Trace::text(Endings::of(Side::Client), start, Vec::new(), true));
    converse(ROOM, talk(), start, secrets, &mut trace);
    let coloured = String::from_utf8(trace.into_sink().into_writer().unwrap()).unwrap();
    assert!(coloured.contains("\x1b["));
    let stripped: String = coloured
        .split('\x1b')
        .enumerate()
        .map(|(index, part)| if index == 0 { part } else { part.split_once('m').unwrap().1 })
        .collect();
    assert_eq!(shape(&stripped), shape(&text(ROOM, talk())));
    assert!(stripped.contains(r#"13 B "\x1b[31mred?\x1b[0m""#), "{stripped}");
}
