//! The sizes of reads and writes do not change a session.

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

/// Runs a session on lanes that `adjust` has changed, and checks that this changes nothing.
fn run(tls: &Shared, message: &[u8], adjust: impl Fn(&Socket)) -> Pair<Talker, Echo> {
    let mut pair = pair(tls, message);
    let started = pair.now;
    adjust(&pair.client.socket);
    pair.run();
    assert!(pair.client.is_clean(), "{:?}", pair.client.reason());
    assert!(pair.server.is_clean(), "{:?}", pair.server.reason());
    assert!(pair.server.received() == message);
    assert!(pair.client.received() == [GREETING, message].concat());
    assert_eq!(pair.now, started, "a session had to wait for a deadline");
    pair
}

fn both(end: &Socket, adjust: impl Fn(&mut Lane)) {
    adjust(&mut end.outgoing());
    adjust(&mut end.incoming());
}

#[test]
fn one_byte_arrives_at_a_time_both_ways() {
    for version in VERSIONS {
        let tls = Tls::new(version).shared();
        run(&tls, &pattern(40_000), |end| both(end, |lane| lane.segment = 1));
    }
}

#[test]
fn the_kernel_takes_one_byte_at_a_time() {
    for version in VERSIONS {
        let tls = Tls::new(version).shared();
        run(&tls, &pattern(40_000), |end| both(end, |lane| lane.chunk = 1));
    }
}

/// A client of TLS 1.3 sends ChangeCipherSpec while the server is still sending. That much has to fit between the two. During a
/// handshake rustls does not want to read while output is pending.
const CHANGE_CIPHER_SPEC: usize = 6;

#[test]
fn one_change_cipher_spec_fits_between_the_two() {
    for version in VERSIONS {
        let tls = Tls::new(version).shared();
        run(&tls, &pattern(40_000), |end| {
            end.outgoing().capacity = CHANGE_CIPHER_SPEC;
            end.incoming().capacity = 1;
        });
    }
}

#[test]
fn reads_and_writes_may_have_any_size() {
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

/// As soon as a client of TLS 1.3 has the ServerHello, it wants to write and cannot, and rustls does not want to read before
/// it has written. The server does the same with the rest of its flight. Each waits for the other to read.
#[test]
fn one_byte_fits_between_the_two() {
    let tls = Tls::new(VERSIONS[0]).shared();
    run(&tls, b"hello", |end| both(end, |lane| lane.capacity = 1));
}

/// How many reads and writes each lane has in an undisturbed session.
fn calls(tls: &Shared, message: &[u8]) -> [(usize, usize); 2] {
    let pair = run(tls, message, |_| {});
    let calls = |end: &Socket| {
        let lane = end.incoming();
        (lane.reads, lane.writes)
    };
    [calls(&pair.server.socket), calls(&pair.client.socket)]
}

/// Runs one session for each read and each write of either end. In it this call fails once.
fn every_call_fails_once(kind: ErrorKind) {
    let message = pattern(20_000);
    for version in VERSIONS {
        let tls = Tls::new(version).shared();
        let [outgoing, incoming] = calls(&tls, &message);
        assert!([outgoing.0, outgoing.1, incoming.0, incoming.1].into_iter().all(|calls| calls >= 3));
        let failed = |call| Some(FailedCall { call, kind });
        for call in 0..outgoing.0 {
            run(&tls, &message, |end| end.outgoing().failing_read = failed(call));
        }
        for call in 0..outgoing.1 {
            run(&tls, &message, |end| end.outgoing().failing_write = failed(call));
        }
        for call in 0..incoming.0 {
            run(&tls, &message, |end| end.incoming().failing_read = failed(call));
        }
        for call in 0..incoming.1 {
            run(&tls, &message, |end| end.incoming().failing_write = failed(call));
        }
    }
}

#[test]
fn any_call_may_return_would_block() {
    every_call_fails_once(ErrorKind::WouldBlock);
}

#[test]
fn any_call_may_be_interrupted() {
    every_call_fails_once(ErrorKind::Interrupted);
}

#[test]
fn would_block_may_come_before_any_byte() {
    for version in VERSIONS {
        let tls = Tls::new(version).shared();
        let lengths = {
            let pair = run(&tls, b"hello", |_| {});
            [pair.client.socket.sent().len(), pair.server.socket.sent().len()]
        };
        // One byte for each call, so that the n-th call is for the n-th byte.
        for call in 0..lengths[0] {
            let failed = Some(FailedCall { call, kind: ErrorKind::WouldBlock });
            run(&tls, b"hello", |end| {
                let lane = &mut end.outgoing();
                (lane.segment, lane.failing_read) = (1, failed);
            });
            run(&tls, b"hello", |end| {
                let lane = &mut end.outgoing();
                (lane.chunk, lane.failing_write) = (1, failed);
            });
        }
        for call in 0..lengths[1] {
            let failed = Some(FailedCall { call, kind: ErrorKind::WouldBlock });
            run(&tls, b"hello", |end| {
                let lane = &mut end.incoming();
                (lane.segment, lane.failing_read) = (1, failed);
            });
            run(&tls, b"hello", |end| {
                let lane = &mut end.incoming();
                (lane.chunk, lane.failing_write) = (1, failed);
            });
        }
    }
}
