//! The work of a turn has a limit in records, not only in bytes.

use rustls::SupportedProtocolVersion;
use rustls::version::TLS13;

use tls_session::simulation::pattern;
use tls_session::simulation::raw_pair::RawPair;
use tls_session::simulation::roles::Echo;
use tls_session::simulation::tls::{Tls, VERSIONS};

use crate::support::echo;

/// One turn passes so many records to rustls.
const RECORDS: usize = 64;

/// A server's session with so many unread records of one byte.
fn flooded(version: &'static SupportedProtocolVersion, records: usize) -> RawPair<Echo> {
    let mut pair = echo(version);
    for byte in pattern(records) {
        pair.raw.send(&[byte]);
    }
    pair.raw.write();
    pair
}

#[test]
fn a_turn_processes_64_records_and_yields() {
    for version in VERSIONS {
        let mut pair = flooded(version, 3 * RECORDS);
        pair.raw.send_fin(); // it counts after the records before it
        assert!(pair.session.round(pair.now));
        assert_eq!(pair.session.received().len(), RECORDS);
        assert!(pair.session.is_runnable(), "no event will report the rest, because it was read");
        let reads = pair.session.socket.incoming().reads;
        assert!(pair.session.round(pair.now));
        assert_eq!(pair.session.received().len(), 2 * RECORDS);
        assert_eq!(pair.session.socket.incoming().reads, reads, "the rest comes before another read");
        pair.settle();
        assert_eq!(pair.raw.received, pattern(3 * RECORDS));
        assert!(pair.session.seen.entered("PeerClosed"));
    }
}

#[test]
fn key_updates_count_as_records() {
    let mut pair = echo(&TLS13);
    for byte in pattern(RECORDS) {
        pair.raw.tls.refresh_traffic_keys().unwrap();
        pair.raw.send(&[byte]);
    }
    pair.raw.write();
    assert!(pair.session.round(pair.now));
    assert_eq!(pair.session.received().len(), RECORDS / 2);
    pair.settle();
    assert_eq!(pair.raw.received, pattern(RECORDS));
}

/// Invariant I4: at most one read is kept unprocessed, and nothing is read while it is there.
#[test]
fn unprocessed_records_wait_for_room_like_those_in_the_socket() {
    for version in VERSIONS {
        let mut pair = echo(version);
        pair.raw.socket.incoming().capacity = 0;
        pair.peer_paused = true;
        pair.send(&pattern(100_000)); // above the high-water mark
        let taken = pair.session.socket.taken();
        for _ in 0..500 {
            pair.raw.send(b"x");
        }
        pair.settle();
        let ahead = pair.session.socket.taken() - taken;
        assert!(ahead <= 64 * 1024, "{ahead} bytes were read and not processed");
        pair.peer_paused = false;
        pair.raw.socket.incoming().capacity = usize::MAX;
        pair.settle();
        assert_eq!(pair.raw.received.len(), 100_500);
    }
}

/// A handshake is not split. The records that follow it in the same read are.
#[test]
fn records_after_the_handshake_count_too() {
    let mut pair = RawPair::server(Tls::new(&TLS13), Echo::default());
    pair.raw.write();
    pair.session.settle(pair.now);
    pair.raw.read();
    for byte in pattern(1000) {
        pair.raw.send(&[byte]);
    }
    pair.raw.write();
    pair.session.round(pair.now);
    assert_eq!(pair.session.phase().name(), "Established");
    let received = pair.session.received().len();
    assert!(received <= 4096 / 24 + RECORDS, "{received} records in the turn that ends the handshake");
    pair.settle();
    assert_eq!(pair.raw.received, pattern(1000));
}
