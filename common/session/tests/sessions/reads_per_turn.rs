//! How much a session reads in one turn, and what it leaves for the next.

use tls_session::readiness::Interest;
use tls_session::simulation::pattern;
use tls_session::simulation::raw_pair::RawPair;
use tls_session::simulation::roles::Echo;
use tls_session::simulation::tls::VERSIONS;

use crate::support::echo;

const READ_SIZE: usize = 32 * 1024;

/// A session with so many bytes of plaintext to read. It has had no turn since they came.
fn with_unread(version: &'static rustls::SupportedProtocolVersion, bytes: usize) -> RawPair<Echo> {
    let mut pair = echo(version);
    pair.raw.send(&pattern(bytes));
    while pair.raw.write() {}
    pair.session.seen.lines.clear();
    pair
}

/// A session that waits for its turn waits for one read of each of the others, and for the answers.
#[test]
fn a_turn_reads_once_and_answers_before_it_yields() {
    for version in VERSIONS {
        let mut pair = with_unread(version, 3 * READ_SIZE);
        let before = pair.session.socket.taken();
        assert!(pair.session.round(pair.now));

        assert_eq!(pair.session.socket.taken() - before, READ_SIZE);
        let lines = &pair.session.seen.lines;
        assert_eq!(lines.iter().filter(|line| *line == "recv").count(), 1);
        assert_eq!(
            lines.last().map(String::as_str),
            Some("write_tls"),
            "pending output is written: {lines:?}"
        );
        assert_eq!(pair.session.interest(), Interest::READABLE, "so nothing is left to write");
        assert!(pair.session.is_runnable(), "no event will announce the rest");

        pair.settle();
        assert_eq!(pair.raw.received, pattern(3 * READ_SIZE));

        // A session that has emptied its socket goes to sleep in the same turn. Another turn would cost a poll that reports
        // nothing.
        let mut pair = with_unread(version, READ_SIZE / 2);
        assert!(pair.session.round(pair.now));
        assert!(!pair.session.is_runnable());
        while pair.raw.read() {}
        assert_eq!(pair.raw.received, pattern(READ_SIZE / 2));
    }
}

/// How many KiB each turn reads.
fn sizes(pair: &mut RawPair<Echo>) -> Vec<usize> {
    let mut sizes = Vec::new();
    let mut before = pair.session.socket.taken();
    while pair.session.round(pair.now) {
        let after = pair.session.socket.taken();
        sizes.push((after - before) / 1024);
        before = after;
    }
    sizes
}

/// A peer that has sent so much without a pause does not wait for the answer to half of it.
#[test]
fn reads_grow_while_the_peer_is_far_ahead_and_no_other_session_waits() {
    let mut alone = with_unread(VERSIONS[0], 16 * READ_SIZE);
    assert!(matches!(sizes(&mut alone)[..], [32, 32, 32, 48, 64, 64, .., 0..64]));
    alone.raw.send(&pattern(2 * READ_SIZE));
    while alone.raw.write() {}
    assert!(matches!(sizes(&mut alone)[..], [32, 32, 0..32]), "the socket was empty in between");

    let mut among_others = with_unread(VERSIONS[0], 16 * READ_SIZE);
    among_others.session.share();
    let sizes = sizes(&mut among_others);
    let [most @ .., _] = &sizes[..] else { panic!("nothing was read") };
    assert!(most.iter().all(|size| *size == 32), "{sizes:?}");
}

#[test]
fn after_an_empty_socket_reads_are_small_again() {
    let mut pair = with_unread(VERSIONS[0], 16 * READ_SIZE);
    let before = pair.session.socket.taken();
    pair.session.socket.incoming().arriving = before + (32 + 32 + 32 + 48 + 64) * 1024;
    assert_eq!(sizes(&mut pair), [32, 32, 32, 48, 64, 0]);
    pair.session.socket.incoming().arriving = usize::MAX;
    assert_eq!(sizes(&mut pair)[..2], [32, 32]);
}

/// A session that always has something to read still has to learn that it can write again.
#[test]
fn a_session_that_yields_also_waits_for_room_to_write() {
    for version in VERSIONS {
        let mut pair = with_unread(version, 16 * READ_SIZE);
        pair.session.socket.outgoing().capacity = READ_SIZE;
        while !pair.session.seen.lines.iter().any(|line| line == "write blocked") {
            assert!(pair.session.round(pair.now));
        }
        assert!(pair.session.is_runnable(), "there is more to read");

        let before = pair.session.socket.sent().len();
        while pair.raw.read() {}
        pair.session.round(pair.now);
        assert!(pair.session.is_runnable(), "still");
        assert!(pair.session.socket.sent().len() > before, "it writes as much as there is room for");
    }
}
