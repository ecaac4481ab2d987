//! A peer that sends and does not read costs a bounded amount of memory, for a bounded time.

use rustls::Error;
use tls_session::application::HIGH_WATER_MARK;
use tls_session::close_reason::CloseReason;
use tls_session::deadline::{Timeout, Timeouts};
use tls_session::readiness::Interest;

use tls_session::simulation::pair::Pair;
use tls_session::simulation::raw_pair::RawPair;
use tls_session::simulation::roles::{Echo, Talker};
use tls_session::simulation::tls::{TIMEOUTS, Tls, VERSIONS};
use tls_session::simulation::{pattern, seconds};

/// What one turn can take in: a large read, and the record that it completes.
const READ_SIZE: usize = 64 * 1024 + 18 * 1024;
/// What rustls adds: a header and a tag to each record of the echo, and its own handshake messages.
const SLACK: usize = 8 * 1024;
/// What the kernel holds for each direction.
const CAPACITY: usize = 128 * 1024;

/// A peer that sends so many bytes, in records of this size, and reads nothing, not even at the end.
fn flooded(version: &'static rustls::SupportedProtocolVersion, record: usize, total: usize) -> RawPair<Echo> {
    let mut pair = RawPair::server(Tls::new(version), Echo::default()).established();
    pair.raw.socket.outgoing().capacity = CAPACITY;
    pair.raw.socket.incoming().capacity = CAPACITY;
    pair.peer_paused = true;
    for _ in 0..total / record {
        pair.raw.send(&vec![b'x'; record]);
    }
    pair.settle();
    pair
}

#[test]
fn four_megabytes_are_not_read_while_the_peer_reads_nothing() {
    for version in VERSIONS {
        let pair = flooded(version, 16 * 1024, 4 << 20);
        let server = &pair.session;
        let held = server.socket.taken() - server.socket.sent().len();
        assert!(held > HIGH_WATER_MARK, "{held}: the test sends too little");
        assert!(held <= HIGH_WATER_MARK + READ_SIZE + SLACK, "{held}");
        assert!(
            server.seen.peak_pending <= HIGH_WATER_MARK + READ_SIZE + SLACK,
            "{}",
            server.seen.peak_pending
        );
    }
}

/// A record of one byte takes 22 to 30 bytes on the wire, and its answer has one byte. Here the number of records could cost
/// memory. The echo joins them.
#[test]
fn records_of_one_byte_are_not_hoarded() {
    for version in VERSIONS {
        let pair = flooded(version, 1, 400_000);
        let server = &pair.session;
        let answered = server.seen.plaintext_out.len();
        assert!(answered > HIGH_WATER_MARK, "{answered}: the test sends too little");
        let held = answered.saturating_sub(server.socket.sent().len());
        assert!(held <= HIGH_WATER_MARK + READ_SIZE + SLACK, "{held}");
        assert!(
            server.seen.peak_pending <= HIGH_WATER_MARK + READ_SIZE + SLACK,
            "{}",
            server.seen.peak_pending
        );
    }
}

#[test]
fn above_the_high_water_mark_the_poll_is_not_asked_for_bytes() {
    let mut pair = flooded(VERSIONS[0], 16 * 1024, 4 << 20);
    assert_eq!(pair.session.interest(), Interest::WRITABLE);
    pair.peer_paused = false;
    pair.settle();
    assert_eq!(pair.raw.received.len(), 4 << 20, "everything is read and answered after the peer has read");
    assert_eq!(pair.session.interest(), Interest::READABLE);
}

/// Invariants I4 and I6: the slot is free again, and no close_notify certifies an answer that was not sent.
#[test]
fn the_write_deadline_ends_it_without_close_notify() {
    for version in VERSIONS {
        let mut pair = flooded(version, 16 * 1024, 4 << 20);
        pair.advance(seconds(30));
        assert_eq!(pair.session.reason(), Some(&CloseReason::TimedOut(Timeout::Write)));
        assert!(!pair.session.seen.entered("Closing") && !pair.session.seen.entered("Finishing"));

        pair.peer_paused = false;
        pair.settle();
        assert!(!pair.raw.closed);
        assert_eq!(pair.raw.error, None::<Error>);
        assert!(pair.raw.received.len() < pair.session.received().len());
    }
}

/// The same between two sessions. The client does not read either, before most of its message is written.
#[test]
fn the_write_deadline_ends_two_sessions_that_both_write_first() {
    let patient = Timeouts { write: Some(seconds(300)), idle: None, ..TIMEOUTS };
    let tls = Tls::new(VERSIONS[0]).client_timeouts(patient);
    let message = pattern(4 << 20);
    let mut pair = Pair::new(tls, Talker::sends(&message).closes_after(message.len()), Echo::default());
    pair.client.socket.outgoing().capacity = CAPACITY;
    pair.client.socket.incoming().capacity = CAPACITY;
    let started = pair.now;
    pair.run();
    assert_eq!(pair.now - started, seconds(30));
    assert_eq!(pair.server.reason(), Some(&CloseReason::TimedOut(Timeout::Write)));
    assert_eq!(pair.client.reason(), Some(&CloseReason::Truncated { established: true }));
    assert!(message.starts_with(pair.client.received()));
}

/// A client that answers nothing reads on while it writes. So everything goes through an echo that has no more room than
/// it needs.
#[test]
fn a_client_that_reads_while_it_writes_needs_no_deadline() {
    let message = pattern(4 << 20);
    let client = Talker::sends(&message).closes_after(message.len()).always_reads();
    let mut pair = Pair::new(Tls::new(VERSIONS[0]), client, Echo::default());
    pair.client.socket.outgoing().capacity = CAPACITY;
    pair.client.socket.incoming().capacity = CAPACITY;
    let started = pair.now;
    pair.run();
    assert_eq!(pair.now, started, "a session waited for a deadline");
    assert!(pair.client.is_clean() && pair.server.is_clean());
    assert_eq!(pair.client.received(), message);
}
