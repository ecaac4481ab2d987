//! The work of a turn is bounded in records, not only in bytes.

use rustls::SupportedProtocolVersion;
use rustls::version::TLS13;

use crate::support::pattern;
use crate::support::roles::Echo;
use crate::support::tls::{Tls, VERSIONS};
use crate::support::visit::Visit;

/// So many records one turn gives to rustls.
const RECORDS: usize = 64;

/// A server's session in front of which so many records of one byte wait.
fn flooded(version: &'static SupportedProtocolVersion, records: usize) -> Visit<Echo> {
    let mut visit = Visit::to_server(Tls::new(version), Echo::default()).established();
    for byte in pattern(records) {
        visit.raw.say(&[byte]);
    }
    visit.raw.write();
    visit
}

#[test]
fn a_turn_processes_so_many_records_and_yields() {
    for version in VERSIONS {
        let mut visit = flooded(version, 3 * RECORDS);
        assert!(visit.session.round(visit.now));
        assert_eq!(visit.session.heard().len(), RECORDS);
        assert!(visit.session.is_runnable(), "no event will announce the rest: it was read");
        let reads = visit.session.end.incoming().reads;
        assert!(visit.session.round(visit.now));
        assert_eq!(visit.session.heard().len(), 2 * RECORDS);
        assert_eq!(visit.session.end.incoming().reads, reads, "the rest comes before another read");
        visit.settle();
        assert_eq!(visit.raw.heard, pattern(3 * RECORDS));
    }
}

#[test]
fn key_updates_count_as_records() {
    let mut visit = Visit::to_server(Tls::new(&TLS13), Echo::default()).established();
    for byte in pattern(RECORDS) {
        visit.raw.tls.refresh_traffic_keys().unwrap();
        visit.raw.say(&[byte]);
    }
    visit.raw.write();
    assert!(visit.session.round(visit.now));
    assert_eq!(visit.session.heard().len(), RECORDS / 2);
    visit.settle();
    assert_eq!(visit.raw.heard, pattern(RECORDS));
}

/// The end of a peer comes behind what it said.
#[test]
fn a_fin_is_judged_when_the_records_before_it_are_used_up() {
    for version in VERSIONS {
        let mut visit = flooded(version, 2 * RECORDS + 1);
        visit.raw.leave();
        visit.settle();
        assert_eq!(visit.session.heard().len(), 2 * RECORDS + 1);
        assert!(visit.session.seen.entered("PeerClosed"));
        assert_eq!(visit.raw.heard, pattern(2 * RECORDS + 1));
    }
}

/// Invariant I4: what is kept is at most one read, and more is not read while it is there.
#[test]
fn records_that_are_kept_wait_for_room_like_those_in_the_socket() {
    for version in VERSIONS {
        let mut visit = Visit::to_server(Tls::new(version), Echo::default()).established();
        visit.raw.end.incoming().capacity = 0;
        visit.deaf = true;
        visit.say(&pattern(100_000)); // above the high-water mark
        let taken = visit.session.end.taken();
        for _ in 0..500 {
            visit.raw.say(b"x");
        }
        visit.settle();
        let ahead = visit.session.end.taken() - taken;
        assert!(ahead <= 64 * 1024, "{ahead} bytes were read and not processed");
        visit.deaf = false;
        visit.raw.end.incoming().capacity = usize::MAX;
        visit.settle();
        assert_eq!(visit.raw.heard.len(), 100_500);
    }
}

/// A handshake is not cut, and what follows it in the same read is.
#[test]
fn records_behind_the_handshake_are_bounded_too() {
    let mut visit = Visit::to_server(Tls::new(&TLS13), Echo::default());
    visit.raw.write();
    visit.session.settle(visit.now);
    visit.raw.read();
    for byte in pattern(1000) {
        visit.raw.say(&[byte]);
    }
    visit.raw.write();
    visit.session.round(visit.now);
    assert_eq!(visit.session.phase().name(), "Established");
    let heard = visit.session.heard().len();
    assert!(heard <= 4096 / 24 + RECORDS, "{heard} records in the turn that ends the handshake");
    visit.settle();
    assert_eq!(visit.raw.heard, pattern(1000));
}
