//! An observer sees every byte that goes through the transport, and every byte of plaintext.

use std::io::ErrorKind;
use std::sync::Arc;
use std::time::Instant;

use rustls::version::TLS13;
use tls_session::application::Application;
use tls_session::observer::{Observer, SessionId, Step};
use tls_session::simulation::driver::Driver;
use tls_session::simulation::network::{FailedCall, connection};
use tls_session::simulation::pair::Pair;
use tls_session::simulation::raw::Raw;
use tls_session::simulation::roles::{Echo, Talker};
use tls_session::simulation::tls::{Tls, VERSIONS};
use tls_session::simulation::{pattern, seconds};

use crate::support::echo;

fn assert_saw_everything(peer: &Driver<impl Application>) {
    assert!(peer.seen.ciphertext_out == *peer.socket.sent(), "what was written");
    let lane = peer.socket.incoming();
    assert!(peer.seen.ciphertext_in == lane.log[..lane.taken], "what was read");
    let totals = format!("{} in, {} out", peer.received().len(), peer.seen.plaintext_out.len());
    assert!(peer.seen.lines.last().unwrap().ends_with(&totals), "the sums of the steps");
}

#[test]
fn an_observer_sees_every_byte_for_all_sizes() {
    let message = pattern(50_000);
    for version in VERSIONS {
        let tls = Tls::new(version).shared();
        for (segment, chunk, capacity) in
            [(usize::MAX, usize::MAX, usize::MAX), (1000, 7, 10_000), (29, 4097, 5000), (1, 100, 1000)]
        {
            let talker = Talker::sends(&message).closes_after(message.len());
            let mut pair = Pair::new(&tls, talker, Echo::greeting(b"welcome!\n"));
            for end in [&pair.client.socket, &pair.server.socket] {
                let mut lane = end.outgoing();
                (lane.segment, lane.chunk, lane.capacity) = (segment, chunk, capacity);
            }
            pair.run();
            assert!(pair.client.is_clean());
            assert_saw_everything(&pair.client);
            assert_saw_everything(&pair.server);
            let answered = [b"welcome!\n", pair.server.received()].concat();
            assert!(pair.server.seen.plaintext_out == answered, "what the application received");
            assert!(pair.client.seen.plaintext_out == pair.server.seen.plaintext_in);
            assert!(pair.server.seen.plaintext_out == pair.client.seen.plaintext_in);
        }
    }
}

/// A read that a signal handler has interrupted did not happen. Nothing is reported, and the session does not yield.
#[test]
fn an_interrupted_read_is_tried_again_within_the_turn() {
    let mut pair = echo(&TLS13);
    pair.raw.send(b"hello");
    pair.raw.write();
    let reads = pair.session.socket.incoming().reads;
    pair.session.socket.incoming().failing_read =
        Some(FailedCall { call: reads, kind: ErrorKind::Interrupted });
    let lines = pair.session.seen.lines.len();
    assert!(pair.session.round(pair.now));
    assert!(!pair.session.is_runnable());
    let received = ["recv", "read_tls", "processed", "plaintext_in 5", "plaintext_out 5", "write_tls"];
    assert_eq!(pair.session.seen.lines[lines..], received);
}

/// The steps about the timer of the application.
#[derive(Default)]
struct TimerSteps(Vec<Option<Instant>>);

impl Observer for TimerSteps {
    fn step(&mut self, _now: Instant, _id: SessionId, step: &Step<'_>) {
        if let Step::TimerSet(at) = step {
            self.0.push(*at);
        }
    }
}

#[test]
fn the_timer_is_reported_when_the_application_moves_it() {
    let (tls, (near, far)) = (Tls::new(&TLS13).shared(), connection());
    let mut now = Instant::now();
    let mut raw = Raw::new(tls.server(), &far);
    let (talker, config) = (Talker::sends(b"hello").pauses(3, seconds(3)), Arc::clone(&tls.client_sessions));
    let mut client = Driver::observed(tls.client(), &near, talker, &config, now, TimerSteps::default());
    let mut settle = |client: &mut Driver<_, _>, now| while raw.write() | raw.read() | client.round(now) {};
    settle(&mut client, now);
    let at = now + seconds(3);
    assert_eq!(client.seen.0, [Some(at)]);
    now = at;
    settle(&mut client, now);
    assert_eq!(client.seen.0, [Some(at), None]);
}
