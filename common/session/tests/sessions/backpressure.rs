//! A peer that talks and does not listen costs a bounded amount of memory, for a bounded time.

use rustls::Error;
use tls_session::application::HIGH_WATER_MARK;
use tls_session::close_reason::CloseReason;
use tls_session::deadline::{Timeout, Timeouts};
use tls_session::readiness::Interest;

use crate::support::pair::Pair;
use crate::support::roles::{Echo, Talker};
use crate::support::tls::{TIMEOUTS, Tls, VERSIONS};
use crate::support::visit::Visit;
use crate::support::{pattern, seconds};

/// What one turn can take in: a large helping, and the record that it completes.
const READ_SIZE: usize = 64 * 1024 + 18 * 1024;
/// What rustls adds: a header and a tag to each record of the echo, and its own handshake messages.
const SLACK: usize = 8 * 1024;
/// What the kernel holds for each direction.
const CAPACITY: usize = 128 * 1024;

/// A visitor who says so much, in records of this size, and reads nothing, not even at the end.
fn torrent(version: &'static rustls::SupportedProtocolVersion, record: usize, total: usize) -> Visit<Echo> {
    let mut visit = Visit::to_server(Tls::new(version), Echo::default()).established();
    visit.raw.end.outgoing().capacity = CAPACITY;
    visit.raw.end.incoming().capacity = CAPACITY;
    visit.deaf = true;
    for _ in 0..total / record {
        visit.raw.say(&vec![b'x'; record]);
    }
    visit.settle();
    visit
}

#[test]
fn four_megabytes_that_nobody_takes_back_are_not_taken_in() {
    for version in VERSIONS {
        let visit = torrent(version, 16 * 1024, 4 << 20);
        let server = &visit.session;
        let held = server.end.taken() - server.end.sent().len();
        assert!(held > HIGH_WATER_MARK, "{held}: the test does not press hard enough");
        assert!(held <= HIGH_WATER_MARK + READ_SIZE + SLACK, "{held}");
        assert!(server.seen.peak_owed <= HIGH_WATER_MARK + READ_SIZE + SLACK, "{}", server.seen.peak_owed);
    }
}

/// A record of one byte is 22 to 30 bytes on the wire and one byte of an answer: here it is the number of records
/// that could cost memory, and the echo joins them.
#[test]
fn one_byte_records_are_not_hoarded_either() {
    for version in VERSIONS {
        let visit = torrent(version, 1, 400_000);
        let server = &visit.session;
        let said = server.seen.said.len();
        assert!(said > HIGH_WATER_MARK, "{said}: the test does not press hard enough");
        let held = said.saturating_sub(server.end.sent().len());
        assert!(held <= HIGH_WATER_MARK + READ_SIZE + SLACK, "{held}");
        assert!(server.seen.peak_owed <= HIGH_WATER_MARK + READ_SIZE + SLACK, "{}", server.seen.peak_owed);
    }
}

#[test]
fn while_too_much_is_owed_the_poll_is_not_asked_for_more() {
    let mut visit = torrent(VERSIONS[0], 16 * 1024, 4 << 20);
    assert_eq!(visit.session.interest(), Interest::WRITABLE);
    visit.deaf = false;
    visit.settle();
    assert_eq!(visit.raw.heard.len(), 4 << 20, "all is taken and answered once somebody reads");
    assert_eq!(visit.session.interest(), Interest::READABLE);
}

/// Invariants I4 and I6: the slot is free again, and nothing certifies an answer that was not given.
#[test]
fn the_write_deadline_ends_it_and_no_close_notify_is_said() {
    for version in VERSIONS {
        let mut visit = torrent(version, 16 * 1024, 4 << 20);
        visit.advance(seconds(30));
        assert_eq!(visit.session.reason(), Some(&CloseReason::TimedOut(Timeout::Write)));
        assert!(!visit.session.seen.entered("Closing") && !visit.session.seen.entered("Finishing"));

        visit.deaf = false;
        visit.settle();
        assert!(!visit.raw.closed);
        assert_eq!(visit.raw.error, None::<Error>);
        assert!(visit.raw.heard.len() < visit.session.heard().len());
    }
}

/// The same between two sessions, when the client does not read either before most of what it has to say is gone.
#[test]
fn two_sessions_that_both_write_first_are_parted_by_the_write_deadline() {
    let patient = Timeouts { write: Some(seconds(300)), idle: None, ..TIMEOUTS };
    let tls = Tls::new(VERSIONS[0]).client_timeouts(patient);
    let message = pattern(4 << 20);
    let mut pair = Pair::new(tls, Talker::says(&message).leaves_after(message.len()), Echo::default());
    pair.client.end.outgoing().capacity = CAPACITY;
    pair.client.end.incoming().capacity = CAPACITY;
    let started = pair.now;
    pair.run();
    assert_eq!(pair.now - started, seconds(30));
    assert_eq!(pair.server.reason(), Some(&CloseReason::TimedOut(Timeout::Write)));
    assert_eq!(pair.client.reason(), Some(&CloseReason::Truncated { established: true }));
    assert!(message.starts_with(pair.client.heard()));
}

/// A client that answers nothing reads on while it writes, and so gets everything through an echo that has no more
/// room than it needs.
#[test]
fn a_client_that_reads_while_it_writes_needs_no_deadline() {
    let message = pattern(4 << 20);
    let client = Talker::says(&message).leaves_after(message.len()).always_reads();
    let mut pair = Pair::new(Tls::new(VERSIONS[0]), client, Echo::default());
    pair.client.end.outgoing().capacity = CAPACITY;
    pair.client.end.incoming().capacity = CAPACITY;
    let started = pair.now;
    pair.run();
    assert_eq!(pair.now, started, "somebody waited for a deadline");
    assert!(pair.client.is_clean() && pair.server.is_clean());
    assert_eq!(pair.client.heard(), message);
}
