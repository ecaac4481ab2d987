//! However the bytes are cut into reads and writes, the session is the same.

use std::io::ErrorKind;

use tls_session::simulation::network::{FailedCall, Lane, Socket};
use tls_session::simulation::pair::Pair;
use tls_session::simulation::pattern;
use tls_session::simulation::roles::{Echo, Talker};
use tls_session::simulation::tls::{Shared, Tls, VERSIONS};

const GREETING: &[u8] = b"welcome!\n";

fn pair(tls: &Shared, message: &[u8]) -> Pair<Talker, Echo> {
    let answer = GREETING.len() + message.len();
    Pair::new(tls, Talker::sends(message).closes_after(answer), Echo::greeting(GREETING))
}

/// Runs a session whose lanes are as `adjust` makes them, and makes sure that nobody could tell.
fn run(tls: &Shared, message: &[u8], adjust: impl Fn(&Socket)) -> Pair<Talker, Echo> {
    let mut pair = pair(tls, message);
    let started = pair.now;
    adjust(&pair.client.socket);
    pair.run();
    assert!(pair.client.is_clean(), "{:?}", pair.client.reason());
    assert!(pair.server.is_clean(), "{:?}", pair.server.reason());
    assert!(pair.server.received() == message);
    assert!(pair.client.received() == [GREETING, message].concat());
    assert_eq!(pair.now, started, "somebody had to wait for a deadline");
    pair
}

fn both(end: &Socket, adjust: impl Fn(&mut Lane)) {
    adjust(&mut end.outgoing());
    adjust(&mut end.incoming());
}

#[test]
fn one_byte_at_a_time_both_ways() {
    for version in VERSIONS {
        let tls = Tls::new(version).shared();
        run(&tls, &pattern(40_000), |end| both(end, |lane| lane.segment = 1));
    }
}

#[test]
fn one_byte_at_a_time_is_taken_by_the_kernel() {
    for version in VERSIONS {
        let tls = Tls::new(version).shared();
        run(&tls, &pattern(40_000), |end| both(end, |lane| lane.chunk = 1));
    }
}

/// A client of TLS 1.3 says ChangeCipherSpec while the server is still speaking. That much has to fit between the
/// two: before the handshake is done rustls wants to read nothing as long as it has something to write.
const CHANGE_CIPHER_SPEC: usize = 6;

#[test]
fn hardly_a_byte_fits_between_the_two() {
    for version in VERSIONS {
        let tls = Tls::new(version).shared();
        run(&tls, &pattern(40_000), |end| {
            end.outgoing().capacity = CHANGE_CIPHER_SPEC;
            end.incoming().capacity = 1;
        });
    }
}

#[test]
fn any_sizes_of_reads_and_writes() {
    for version in VERSIONS {
        let tls = Tls::new(version).shared();
        for size in [2, 5, 6, 29, 1448, 4095, 4096, 4097, 16_406, 65_535, 65_536, 65_537] {
            run(&tls, &pattern(100_000), |end| {
                both(end, |lane| {
                    (lane.segment, lane.capacity) = (size, CHANGE_CIPHER_SPEC.max(2 * size));
                });
            });
            run(&tls, &pattern(100_000), |end| {
                end.outgoing().segment = size;
                end.incoming().chunk = size;
            });
        }
    }
}

/// As soon as it has the ServerHello, a client of TLS 1.3 wants to write, and cannot, and rustls reads nothing before
/// it has; the server does the same with the rest of its flight. Both wait for the other to read.
#[test]
fn one_byte_is_all_that_fits_between_the_two() {
    let tls = Tls::new(VERSIONS[0]).shared();
    run(&tls, b"hello", |end| both(end, |lane| lane.capacity = 1));
}

/// The calls of a session, by the lane that they concern, with nothing in their way.
fn calls(tls: &Shared, message: &[u8]) -> [(usize, usize); 2] {
    let pair = run(tls, message, |_| {});
    let calls = |end: &Socket| {
        let lane = end.incoming();
        (lane.reads, lane.writes)
    };
    [calls(&pair.server.socket), calls(&pair.client.socket)]
}

/// Every read, and every write, of either end fails once, in a session of its own.
fn every_call_fails_once(kind: ErrorKind) {
    let message = pattern(20_000);
    for version in VERSIONS {
        let tls = Tls::new(version).shared();
        let [outgoing, incoming] = calls(&tls, &message);
        assert!([outgoing.0, outgoing.1, incoming.0, incoming.1].into_iter().all(|calls| calls >= 3));
        let hiccup = |call| Some(FailedCall { call, kind });
        for call in 0..outgoing.0 {
            run(&tls, &message, |end| end.outgoing().failing_read = hiccup(call));
        }
        for call in 0..outgoing.1 {
            run(&tls, &message, |end| end.outgoing().failing_write = hiccup(call));
        }
        for call in 0..incoming.0 {
            run(&tls, &message, |end| end.incoming().failing_read = hiccup(call));
        }
        for call in 0..incoming.1 {
            run(&tls, &message, |end| end.incoming().failing_write = hiccup(call));
        }
    }
}

#[test]
fn any_call_may_say_would_block() {
    every_call_fails_once(ErrorKind::WouldBlock);
}

#[test]
fn any_call_may_be_interrupted() {
    every_call_fails_once(ErrorKind::Interrupted);
}

#[test]
fn would_block_before_every_byte() {
    for version in VERSIONS {
        let tls = Tls::new(version).shared();
        let lengths = {
            let pair = run(&tls, b"hello", |_| {});
            [pair.client.socket.sent().len(), pair.server.socket.sent().len()]
        };
        // One byte a call, so that the n-th call is about the n-th byte.
        for call in 0..lengths[0] {
            let hiccup = Some(FailedCall { call, kind: ErrorKind::WouldBlock });
            run(&tls, b"hello", |end| {
                let lane = &mut end.outgoing();
                (lane.segment, lane.failing_read) = (1, hiccup);
            });
            run(&tls, b"hello", |end| {
                let lane = &mut end.outgoing();
                (lane.chunk, lane.failing_write) = (1, hiccup);
            });
        }
        for call in 0..lengths[1] {
            let hiccup = Some(FailedCall { call, kind: ErrorKind::WouldBlock });
            run(&tls, b"hello", |end| {
                let lane = &mut end.incoming();
                (lane.segment, lane.failing_read) = (1, hiccup);
            });
            run(&tls, b"hello", |end| {
                let lane = &mut end.incoming();
                (lane.chunk, lane.failing_write) = (1, hiccup);
            });
        }
    }
}
