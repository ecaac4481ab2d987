//! A peer that talks and does not listen costs a bounded amount of memory, for a bounded time.

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

/// What one turn can take in: a large helping, and the record that it completes.
const READ_SIZE: usize = 64 * 1024 + 18 * 1024;
/// What rustls adds: a header and a tag to each record of the echo, and its own handshake messages.
const SLACK: usize = 8 * 1024;
/// What the kernel holds for each direction.
const CAPACITY: usize = 128 * 1024;

/// A visitor who says so much, in records of this size, and reads nothing, not even at the end.
fn torrent(version: &'static rustls::SupportedProtocolVersion, record: usize, total: usize) -> RawPair<Echo> {
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
fn four_megabytes_that_nobody_takes_back_are_not_taken_in() {
    for version in VERSIONS {
        let pair = torrent(version, 16 * 1024, 4 << 20);
        let server = &pair.session;
        let held = server.socket.taken() - server.socket.sent().len();
        assert!(held > HIGH_WATER_MARK, "{held}: the test does not press hard enough");
        assert!(held <= HIGH_WATER_MARK + READ_SIZE + SLACK, "{held}");
        assert!(
            server.seen.peak_pending <= HIGH_WATER_MARK + READ_SIZE + SLACK,
            "{}",
            server.seen.peak_pending
        );
    }
}

/// A record of one byte is 22 to 30 bytes on the wire and one byte of an answer: here it is the number of records
/// that could cost memory, and the echo joins them.
#[test]
fn one_byte_records_are_not_hoarded_either() {
    for version in VERSIONS {
        let pair = torrent(version, 1, 400_000);
        let server = &pair.session;
        let said = server.seen.plaintext_out.len();
        assert!(said > HIGH_WATER_MARK, "{said}: the test does not press hard enough");
        let held = said.saturating_sub(server.socket.sent().len());
        assert!(held <= HIGH_WATER_MARK + READ_SIZE + SLACK, "{held}");
        assert!(
            server.seen.peak_pending <= HIGH_WATER_MARK + READ_SIZE + SLACK,
            "{}",
            server.seen.peak_pending
        );
    }
}

#[test]
fn while_too_much_is_owed_the_poll_is_not_asked_for_more() {
    let mut pair = torrent(VERSIONS[0], 16 * 1024, 4 << 20);
    assert_eq!(pair.session.interest(), Interest::WRITABLE);
    pair.peer_paused = false;
    pair.settle();
    assert_eq!(pair.raw.received.len(), 4 << 20, "all is taken and answered once somebody reads");
    assert_eq!(pair.session.interest(), Interest::READABLE);
}

/// Invariants I4 and I6: the slot is free again, and nothing certifies an answer that was not given.
#[test]
fn the_write_deadline_ends_it_and_no_close_notify_is_said() {
    for version in VERSIONS {
        let mut pair = torrent(version, 16 * 1024, 4 << 20);
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

/// The same between two sessions, when the client does not read either before most of what it has to say is gone.
#[test]
fn two_sessions_that_both_write_first_are_parted_by_the_write_deadline() {
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

/// A client that answers nothing reads on while it writes, and so gets everything through an echo that has no more
/// room than it needs.
#[test]
fn a_client_that_reads_while_it_writes_needs_no_deadline() {
    let message = pattern(4 << 20);
    let client = Talker::sends(&message).closes_after(message.len()).always_reads();
    let mut pair = Pair::new(Tls::new(VERSIONS[0]), client, Echo::default());
    pair.client.socket.outgoing().capacity = CAPACITY;
    pair.client.socket.incoming().capacity = CAPACITY;
    let started = pair.now;
    pair.run();
    assert_eq!(pair.now, started, "somebody waited for a deadline");
    assert!(pair.client.is_clean() && pair.server.is_clean());
    assert_eq!(pair.client.received(), message);
}
