//! How much of what has come a session takes in one turn, and what it leaves for the next.

use crate::support::pattern;
use crate::support::roles::Echo;
use crate::support::tls::{Tls, VERSIONS};
use crate::support::visit::Visit;
use tls_session::readiness::Interest;

const READ_SIZE: usize = 32 * 1024;

/// A visit whose session has so many bytes of plaintext before it, and has not been turned since they came.
fn beset(version: &'static rustls::SupportedProtocolVersion, bytes: usize) -> Visit<Echo> {
    let mut visit = Visit::to_server(Tls::new(version), Echo::default()).established();
    visit.raw.say(&pattern(bytes));
    while visit.raw.write() {}
    visit.session.seen.lines.clear();
    visit
}

/// Whoever waits for a turn waits for one helping of each of the others, and for its answer.
#[test]
fn a_turn_takes_one_helping_and_answers_it_before_it_yields() {
    for version in VERSIONS {
        let mut visit = beset(version, 3 * READ_SIZE);
        let before = visit.session.end.taken();
        assert!(visit.session.round(visit.now));

        assert_eq!(visit.session.end.taken() - before, READ_SIZE);
        let lines = &visit.session.seen.lines;
        assert_eq!(lines.iter().filter(|line| *line == "recv").count(), 1);
        assert_eq!(lines.last().map(String::as_str), Some("write_tls"), "what is owed is written: {lines:?}");
        assert_eq!(visit.session.interest(), Interest::READABLE, "so nothing is left to write");
        assert!(visit.session.is_runnable(), "no event will announce the rest");

        visit.settle();
        assert_eq!(visit.raw.heard, pattern(3 * READ_SIZE));
    }
}

/// How much each turn takes of what there is, in KiB.
fn helpings(visit: &mut Visit<Echo>) -> Vec<usize> {
    let mut helpings = Vec::new();
    let mut before = visit.session.end.taken();
    while visit.session.round(visit.now) {
        let after = visit.session.end.taken();
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
    alone.raw.say(&pattern(2 * READ_SIZE));
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
        let mut visit = beset(version, 16 * 1024);
        assert!(visit.session.round(visit.now));
        assert!(!visit.session.is_runnable());

        while visit.raw.read() {}
        assert_eq!(visit.raw.heard, pattern(16 * 1024));
    }
}

#[test]
fn a_socket_that_is_found_empty_behind_full_reads_has_nobody_far_ahead() {
    let mut visit = beset(VERSIONS[0], 16 * READ_SIZE);
    let before = visit.session.end.taken();
    visit.session.end.incoming().arriving = before + (32 + 32 + 32 + 48 + 64) * 1024;
    assert_eq!(helpings(&mut visit), [32, 32, 32, 48, 64, 0]);
    visit.session.end.incoming().arriving = usize::MAX;
    assert_eq!(helpings(&mut visit)[..2], [32, 32]);
}

/// A session that always has something to read is never `Blocked`, and yet has to hear that it can write again.
#[test]
fn who_yields_waits_to_write_as_well() {
    for version in VERSIONS {
        let mut visit = beset(version, 16 * READ_SIZE);
        visit.session.end.outgoing().capacity = READ_SIZE;
        while !visit.session.seen.lines.iter().any(|line| line == "write blocked") {
            assert!(visit.session.round(visit.now));
        }
        assert!(visit.session.is_runnable(), "there is more to read");

        let before = visit.session.end.sent().len();
        while visit.raw.read() {}
        visit.session.round(visit.now);
        assert!(visit.session.is_runnable(), "still");
        assert!(visit.session.end.sent().len() > before, "what there is room for is written");
    }
}
