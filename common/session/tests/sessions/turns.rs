//! How much of what has come a session takes in one turn, and what it leaves for the next.

use tls_session::readiness::Interest;
use tls_session::simulation::pattern;
use tls_session::simulation::raw_pair::RawPair;
use tls_session::simulation::roles::Echo;
use tls_session::simulation::tls::{Tls, VERSIONS};

const READ_SIZE: usize = 32 * 1024;

/// A pair whose session has so many bytes of plaintext before it, and has not been turned since they came.
fn beset(version: &'static rustls::SupportedProtocolVersion, bytes: usize) -> RawPair<Echo> {
    let mut pair = RawPair::server(Tls::new(version), Echo::default()).established();
    pair.raw.send(&pattern(bytes));
    while pair.raw.write() {}
    pair.session.seen.lines.clear();
    pair
}

/// Whoever waits for a turn waits for one helping of each of the others, and for its answer.
#[test]
fn a_turn_takes_one_helping_and_answers_it_before_it_yields() {
    for version in VERSIONS {
        let mut pair = beset(version, 3 * READ_SIZE);
        let before = pair.session.socket.taken();
        assert!(pair.session.round(pair.now));

        assert_eq!(pair.session.socket.taken() - before, READ_SIZE);
        let lines = &pair.session.seen.lines;
        assert_eq!(lines.iter().filter(|line| *line == "recv").count(), 1);
        assert_eq!(lines.last().map(String::as_str), Some("write_tls"), "what is owed is written: {lines:?}");
        assert_eq!(pair.session.interest(), Interest::READABLE, "so nothing is left to write");
        assert!(pair.session.is_runnable(), "no event will announce the rest");

        pair.settle();
        assert_eq!(pair.raw.received, pattern(3 * READ_SIZE));
    }
}

/// How much each turn takes of what there is, in KiB.
fn helpings(pair: &mut RawPair<Echo>) -> Vec<usize> {
    let mut helpings = Vec::new();
    let mut before = pair.session.socket.taken();
    while pair.session.round(pair.now) {
        let after = pair.session.socket.taken();
        helpings.push((after - before) / 1024);
        before = after;
    }
    helpings
}

/// A peer that has sent so much in a row does not wait for the answer to half of it.
#[test]
fn of_a_peer_that_is_far_ahead_more_is_taken_unless_others_wait_for_their_turn() {
    let mut alone = beset(VERSIONS[0], 16 * READ_SIZE);
    assert!(matches!(helpings(&mut alone)[..], [32, 32, 32, 48, 64, 64, .., 0..64]));
    alone.raw.send(&pattern(2 * READ_SIZE));
    while alone.raw.write() {}
    assert!(matches!(helpings(&mut alone)[..], [32, 32, 0..32]), "it was found waiting in between");

    let mut among_others = beset(VERSIONS[0], 16 * READ_SIZE);
    among_others.session.share();
    let helpings = helpings(&mut among_others);
    let [most @ .., _] = &helpings[..] else { panic!("nothing was taken") };
    assert!(most.iter().all(|helping| *helping == 32), "{helpings:?}");
}

/// A session that has what there was goes to sleep in the same turn: to yield would cost a poll that finds nothing.
#[test]
fn a_message_is_read_answered_and_waited_behind_in_one_turn() {
    for version in VERSIONS {
        let mut pair = beset(version, 16 * 1024);
        assert!(pair.session.round(pair.now));
        assert!(!pair.session.is_runnable());

        while pair.raw.read() {}
        assert_eq!(pair.raw.received, pattern(16 * 1024));
    }
}

#[test]
fn a_socket_that_is_found_empty_behind_full_reads_has_nobody_far_ahead() {
    let mut pair = beset(VERSIONS[0], 16 * READ_SIZE);
    let before = pair.session.socket.taken();
    pair.session.socket.incoming().arriving = before + (32 + 32 + 32 + 48 + 64) * 1024;
    assert_eq!(helpings(&mut pair), [32, 32, 32, 48, 64, 0]);
    pair.session.socket.incoming().arriving = usize::MAX;
    assert_eq!(helpings(&mut pair)[..2], [32, 32]);
}

/// A session that always has something to read is never `Blocked`, and yet has to hear that it can write again.
#[test]
fn who_yields_waits_to_write_as_well() {
    for version in VERSIONS {
        let mut pair = beset(version, 16 * READ_SIZE);
        pair.session.socket.outgoing().capacity = READ_SIZE;
        while !pair.session.seen.lines.iter().any(|line| line == "write blocked") {
            assert!(pair.session.round(pair.now));
        }
        assert!(pair.session.is_runnable(), "there is more to read");

        let before = pair.session.socket.sent().len();
        while pair.raw.read() {}
        pair.session.round(pair.now);
        assert!(pair.session.is_runnable(), "still");
        assert!(pair.session.socket.sent().len() > before, "what there is room for is written");
    }
}
