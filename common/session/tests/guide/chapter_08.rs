//! Chapter 8: a turn of one session is bounded, so the others have theirs.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use crate::peer::{Peer, drive, listener};
use crate::steps::{step_07, step_08};

const SHORT: Option<Duration> = Some(Duration::from_millis(1));
/// The most that rustls reads at once: a record of the largest size.
const ONE_READ: usize = 18_437;

#[test]
fn chapter_08_runs() {
    step_08::main().unwrap();
}

/// Lets a client send as fast as it can. Returns the largest number of bytes that one turn of the server has read
/// from it.
fn most_in_a_turn(
    address: SocketAddr,
    turn: impl Fn(),
    read_bytes: impl Fn() -> usize,
    record: &[u8],
) -> usize {
    let mut peer = Peer::established(address, &turn);
    peer.send(b"hello");
    peer.hears(&turn, b"hello"); // the handshake is over at both ends
    peer.received.clear();
    let records = if record.len() == 1 { 20_000 } else { 200 };
    for _ in 0..records {
        peer.send(record);
    }
    let mut most = 0;
    let mut before = read_bytes();
    drive(
        || {
            turn();
            most = most.max(read_bytes() - before);
            before = read_bytes();
        },
        || {
            peer.write();
            peer.read();
            peer.received.len() == records * record.len()
        },
    );
    most
}

/// [`most_in_a_turn`] of the server of chapter 7.
fn most_in_chapter_07(record: &[u8]) -> usize {
    let (listener, address) = listener();
    let server = RefCell::new(step_07::Server::new(listener, 64).unwrap());
    let turn = || server.borrow_mut().turn(Instant::now, SHORT).unwrap();
    let read_bytes = || server.borrow().sessions.values().map(|timed| timed.session.read_bytes).sum();
    most_in_a_turn(address, turn, read_bytes, record)
}

/// [`most_in_a_turn`] of the server of chapter 8.
fn most_in_chapter_08(record: &[u8]) -> usize {
    let (listener, address) = listener();
    let server = RefCell::new(step_08::Server::new(listener).unwrap());
    let turn = || server.borrow_mut().turn(Instant::now, SHORT).unwrap();
    let read_bytes = || server.borrow().sessions().map(|session| session.read_bytes).sum();
    most_in_a_turn(address, turn, read_bytes, record)
}

#[test]
fn chapter_08_a_turn_without_a_limit_reads_what_a_fast_client_sends() {
    let most = most_in_chapter_07(&[7; 10_000]);
    assert!(most > 2 * ONE_READ, "{most}");
}

#[test]
fn chapter_08_a_turn_is_one_read_of_each_session() {
    let most = most_in_chapter_08(&[7; 10_000]);
    assert!(most <= ONE_READ, "{most}");
}

/// The length of a record with one byte: header, byte, type, and the tag of the AEAD (RFC 8446, 5.2).
const SMALL_RECORD: usize = 5 + 1 + 1 + 16;

#[test]
fn chapter_08_one_read_without_a_limit_of_records_holds_many_tiny_ones() {
    let most = most_in_chapter_07(b"7");
    assert!(most > 5 * 64 * SMALL_RECORD, "{most}");
}

#[test]
fn chapter_08_a_turn_is_at_most_64_records() {
    let most = most_in_chapter_08(b"7");
    assert!(
        most < 65 * SMALL_RECORD,
        "{most}: 64 records, and the rest of one that began in the turn before"
    );
}

#[test]
fn chapter_08_a_quiet_session_is_served_beside_fast_ones() {
    let (listener, address) = listener();
    let server = RefCell::new(step_08::Server::new(listener).unwrap());
    let turn = || server.borrow_mut().turn(Instant::now, SHORT).unwrap();
    let mut fast: Vec<Peer> = (0..5).map(|_| Peer::established(address, turn)).collect();
    let mut quiet = Peer::established(address, turn);
    for peer in &mut fast {
        peer.send(&[7; 5_000_000]);
    }
    for _ in 0..5 {
        quiet.received.clear();
        quiet.send(b"hello");
        drive(turn, || {
            for peer in &mut fast {
                peer.write();
                peer.read();
            }
            quiet.write();
            quiet.read();
            quiet.received == b"hello"
        });
    }
    assert!(fast.iter().all(|peer| peer.received.len() < 5_000_000), "they are still busy");
}

#[test]
fn chapter_08_the_server_forgets_a_late_session() {
    let (listener, address) = listener();
    let server = RefCell::new(step_08::Server::new(listener).unwrap());
    let now = std::cell::Cell::new(Instant::now());
    let turn = || server.borrow_mut().turn(|| now.get(), SHORT).unwrap();
    let mut peer = Peer::established(address, turn);
    peer.send(b"hello");
    peer.hears(turn, b"hello");
    now.set(now.get() + step_07::IDLE);
    drive(turn, || server.borrow().sessions().count() == 0);
}
