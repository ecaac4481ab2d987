//! An observer is told every byte that goes through the transport, and every byte of plaintext.

use crate::support::pair::Pair;
use crate::support::pattern;
use crate::support::peer::Peer;
use crate::support::roles::{Echo, Heard, Talker};
use crate::support::tls::{Tls, VERSIONS};
use crate::support::visit::Visit;
use crate::support::wire::Hiccup;
use rustls::version::TLS13;
use std::io::ErrorKind;
use tls_session::application::Application;

fn assert_told_everything<A: Application + Heard>(peer: &Peer<A>) {
    assert!(peer.seen.taken == *peer.end.sent(), "what the transport took");
    let lane = peer.end.incoming();
    assert!(peer.seen.given == lane.log[..lane.taken], "what the transport gave");
    assert!(peer.seen.heard == peer.heard(), "what the application heard");
}

#[test]
fn every_byte_is_shown_whatever_the_sizes() {
    let message = pattern(50_000);
    for version in VERSIONS {
        let tls = Tls::new(version).shared();
        for (segment, chunk, capacity) in
            [(usize::MAX, usize::MAX, usize::MAX), (1000, 7, 10_000), (29, 4097, 5000), (1, 100, 1000)]
        {
            let talker = Talker::says(&message).leaves_after(message.len());
            let mut pair = Pair::new(&tls, talker, Echo::greeting(b"welcome!\n"));
            for end in [&pair.client.end, &pair.server.end] {
                let mut lane = end.outgoing();
                (lane.segment, lane.chunk, lane.capacity) = (segment, chunk, capacity);
            }
            pair.run();
            assert!(pair.client.is_clean());
            assert_told_everything(&pair.client);
            assert_told_everything(&pair.server);
            assert!(pair.client.seen.said == pair.server.seen.heard);
            assert!(pair.server.seen.said == pair.client.seen.heard);
        }
    }
}

/// The last line counts what the lines before it have shown.
#[test]
fn the_totals_are_those_of_the_steps() {
    let talker = Talker::says(b"hello").leaves_after(14);
    let mut pair = Pair::new(Tls::new(VERSIONS[0]), talker, Echo::greeting(b"welcome!\n"));
    pair.run();
    assert_eq!(pair.client.seen.lines.last().unwrap(), "Clean { first: Us }, 14 in, 5 out");
    assert_eq!(pair.server.seen.lines.last().unwrap(), "Clean { first: Peer }, 5 in, 14 out");
    assert_eq!((pair.client.seen.heard.len(), pair.client.seen.said.len()), (14, 5));
}

/// A read that a signal handler has interrupted did not happen: nothing is reported, and the session does not yield.
#[test]
fn an_interrupted_read_is_tried_again_within_the_turn() {
    let mut visit = Visit::to_server(Tls::new(&TLS13), Echo::default()).established();
    visit.raw.say(b"hello");
    visit.raw.write();
    let reads = visit.session.end.incoming().reads;
    visit.session.end.incoming().read_hiccup = Some(Hiccup { call: reads, kind: ErrorKind::Interrupted });
    let lines = visit.session.seen.lines.len();
    assert!(visit.session.round(visit.now));
    assert!(!visit.session.is_runnable());
    let received = ["recv", "read_tls", "processed", "plaintext_in 5", "plaintext_out 5", "write_tls"];
    assert_eq!(visit.session.seen.lines[lines..], received);
}
