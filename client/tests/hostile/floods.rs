//! Servers that send very much, or very slowly.

use std::io::{self, Write as _};
use std::thread;
use std::time::Duration;

use check::wire::hello::handshake;
use rustls::ContentType;
use testing::peer::TlsServer;
use testing::program::Program;
use testing::test_server::TestServer;

use crate::case::{Case, Stage, check_all};
use crate::row::{Row, check_rows, row};

/// The client never closes first.
const NEVER_CLOSES: [&str; 2] = ["--linger", "off"];
/// The largest memory of a client, whatever the server sends: buffers and code.
const PEAK: usize = 32 * 1024 * 1024;
const MEGABYTE: usize = 1 << 20;

/// Asserts that a client has never needed much memory.
fn assert_small(client: &Program) {
    let peak = client.usage().map_or(0, |usage| usage.peak);
    assert!(peak < PEAK, "{peak}");
}

/// Sends this many forged records, as fast as the client reads.
fn forged(stage: &Stage, count: usize, kind: ContentType, content: &[u8]) -> TlsServer {
    let mut session = stage.session();
    let records = (0..count).flat_map(|_| {
        stage.forge.next(kind, content);
        session.seal(b"x")
    });
    let records: Vec<u8> = records.collect();
    session.write_raw(&records);
    session
}

/// A NewSessionTicket: lifetime, age_add, a nonce, a ticket of 1000 bytes, no extensions (RFC 8446, 4.6.1).
fn ticket() -> Vec<u8> {
    handshake(4, &[&[0, 0, 1, 0, 1, 2, 3, 4, 1, 9, 3, 232][..], &[5; 1000], &[0, 0]].concat()).unwrap()
}

/// The cases of mio-check.
pub fn rows() -> Vec<Row> {
    let large = "closed cleanly, the server first; 16,777,216 bytes received";
    let clean = "closed cleanly, the server first; 2,048 bytes received";
    let rows = [
        row("large-body", 0, large).shows(16 * MEGABYTE),
        row("late-reader-of-stdout", 0, large).shows(16 * MEGABYTE),
        row("slow-body", 0, clean).shows(2048),
        row("flood-of-empty-records", 3, "TooManyEmptyFragments").shows(1024),
        row("flood-of-key-updates", 3, "TLS failed: peer misbehaved: TooManyKeyUpdateRequests").shows(1024),
        row("flood-of-tickets", 0, clean).shows(2048),
    ];
    rows.map(|row| row.flags(&NEVER_CLOSES)).into()
}

#[test]
fn floods() {
    check_rows(&rows());
}

#[test]
fn tickets_need_no_memory() {
    check_all(&[Case::new(
        "tickets",
        |stage| {
            let _session = forged(stage, 5000, ContentType::Handshake, &ticket());
            assert_small(&stage.client);
        },
        4,
        "truncated",
    )]);
}

#[test]
fn a_large_greeting_needs_no_memory() {
    let server = TestServer::new();
    let (mut reader, writer) = io::pipe().unwrap();
    let mut client = server.client().args(NEVER_CLOSES).stdout(writer).start();
    let counter = thread::spawn(move || io::copy(&mut reader, &mut io::sink()).unwrap());
    let mut session = server.accept();
    for _ in 0..64 {
        session.send(&vec![b'~'; MEGABYTE]);
    }
    assert_small(&client);
    session.close_notify();
    client.expect_exit(0);
    drop(client); // and with it our copy of the pipe's writer
    assert_eq!(counter.join().unwrap(), 64 * MEGABYTE as u64);
}

/// Backpressure: if stdout is not read, the server cannot send, and the client does not buffer.
#[test]
fn an_unread_stdout_stops_the_server() {
    let server = TestServer::new();
    let (reader, writer) = io::pipe().unwrap();
    let mut client = server.client().args(NEVER_CLOSES).stdout(writer).start();
    let mut session = server.accept();
    let greeting = session.seal(&vec![b'~'; 64 * MEGABYTE]);
    let mut socket = session.into_connection();
    socket.set_limit(Duration::from_millis(500));
    let blocked = socket.write_all(&greeting).unwrap_err();
    assert_eq!(blocked.kind(), io::ErrorKind::TimedOut);
    assert_small(&client);
    drop(reader);
    client.expect_exit(0);
}
