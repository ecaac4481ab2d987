//! The sizes of reads and writes do not change a session.

use std::io::ErrorKind;

use tls_session::simulation::network::{FailedCall, Lane, Socket};
use tls_session::simulation::pair::Pair;
use tls_session::simulation::pattern;
use tls_session::simulation::roles::{Echo, Talker};
use tls_session::simulation::tls::{Shared, Tls, VERSIONS};

use crate::support::{GREETING, greeted};

/// Runs a session on lanes that `adjust` has changed, and checks that this changes nothing.
fn run(tls: &Shared, message: &[u8], adjust: impl Fn(&Socket)) -> Pair<Talker, Echo> {
    let mut pair = greeted(tls, message, GREETING.len() + message.len());
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
fn one_byte_arrives_or_is_taken_at_a_time() {
    for version in VERSIONS {
        let tls = Tls::new(version).shared();
        run(&tls, &pattern(40_000), |end| both(end, |lane| lane.segment = 1));
        run(&tls, &pattern(40_000), |end| both(end, |lane| lane.chunk = 1));
    }
}

#[test]
fn reads_and_writes_may_have_any_size() {
    for version in VERSIONS {
        let tls = Tls::new(version).shared();
        for size in [2, 5, 6, 29, 1448, 4095, 4096, 4097, 16_406, 65_535, 65_536, 65_537] {
            run(&tls, &pattern(100_000), |end| {
                both(end, |lane| {
                    (lane.segment, lane.capacity) = (size, 2 * size);
                });
            });
            run(&tls, &pattern(100_000), |end| {
                end.outgoing().segment = size;
                end.incoming().chunk = size;
            });
        }
    }
}

/// As soon as a client of TLS 1.3 has the ServerHello, it wants to write and cannot, and rustls does not want to read
/// before it has written. The server does the same with the rest of its flight. Each waits for the other to read.
#[test]
fn one_byte_fits_between_the_two() {
    for version in VERSIONS {
        run(&Tls::new(version).shared(), b"hello", |end| both(end, |lane| lane.capacity = 1));
    }
}

/// One read or write of a lane fails.
type Fail = fn(&mut Lane, FailedCall);

const FAILS: [Fail; 2] =
    [|lane, failed| lane.failing_read = Some(failed), |lane, failed| lane.failing_write = Some(failed)];

/// Returns the lane in one direction.
fn lane(end: &Socket, is_incoming: bool) -> std::cell::RefMut<'_, Lane> {
    if is_incoming { end.incoming() } else { end.outgoing() }
}

/// In each session one read or write of either end fails once.
#[test]
fn any_call_may_return_would_block_or_be_interrupted() {
    let message = pattern(20_000);
    for version in VERSIONS {
        let tls = Tls::new(version).shared();
        let undisturbed = run(&tls, &message, |_| {});
        for is_incoming in [false, true] {
            let calls = {
                let lane = lane(&undisturbed.client.socket, is_incoming);
                [lane.reads, lane.writes]
            };
            for (fail, calls) in FAILS.into_iter().zip(calls) {
                assert!(calls >= 3);
                for call in 0..calls {
                    for kind in [ErrorKind::WouldBlock, ErrorKind::Interrupted] {
                        run(&tls, &message, |end| {
                            fail(&mut lane(end, is_incoming), FailedCall { call, kind })
                        });
                    }
                }
            }
        }
    }
}

#[test]
fn would_block_may_come_before_any_byte() {
    for version in VERSIONS {
        let tls = Tls::new(version).shared();
        let undisturbed = run(&tls, b"hello", |_| {});
        let lengths = [undisturbed.client.socket.sent().len(), undisturbed.server.socket.sent().len()];
        for (is_incoming, length) in [false, true].into_iter().zip(lengths) {
            // One byte for each call, so that the n-th call is for the n-th byte.
            for call in 0..length {
                run(&tls, b"hello", |end| {
                    let mut lane = lane(end, is_incoming);
                    (lane.segment, lane.chunk) = (1, 1);
                    for fail in FAILS {
                        fail(&mut lane, FailedCall { call, kind: ErrorKind::WouldBlock });
                    }
                });
            }
        }
    }
}
