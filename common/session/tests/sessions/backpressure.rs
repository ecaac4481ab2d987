//! A peer that sends and does not read costs a bounded amount of memory, for a bounded time.

use rustls::Error;
use tls_session::application::HIGH_WATER_MARK;
use tls_session::close_reason::CloseReason;
use tls_session::deadline::Timeout;
use tls_session::readiness::Interest;

use tls_session::simulation::raw_pair::RawPair;
use tls_session::simulation::roles::Echo;
use tls_session::simulation::seconds;
use tls_session::simulation::tls::{Tls, VERSIONS};

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

/// A record of one byte takes 22 to 30 bytes on the wire, and its answer has one byte. Here the number of records
/// could cost memory. The echo joins them.
#[test]
fn what_a_peer_sends_is_not_hoarded_while_it_reads_nothing() {
    for version in VERSIONS {
        for (record, total) in [(16 * 1024, 4 << 20), (1, 400_000)] {
            let mut pair = flooded(version, record, total);
            let (seen, written) = (&pair.session.seen, pair.session.socket.sent().len());
            let read = if record == 1 { seen.plaintext_out.len() } else { pair.session.socket.taken() };
            assert!(read > CAPACITY, "{read}: the test sends too little");
            assert!(read - written <= HIGH_WATER_MARK + READ_SIZE + SLACK, "{read}, {written}");
            assert!(seen.peak_pending <= HIGH_WATER_MARK + READ_SIZE + SLACK, "{}", seen.peak_pending);

            assert_eq!(pair.session.interest(), Interest::WRITABLE);
            pair.peer_paused = false;
            pair.settle();
            assert_eq!(pair.raw.received.len(), total, "everything is answered after the peer has read");
            assert_eq!(pair.session.interest(), Interest::READABLE);
        }
    }
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
