//! A connection that ends, or is reset, after any of its bytes.

use tls_session::application::Application;
use tls_session::close_reason::CloseReason;

use tls_session::simulation::driver::Driver;
use tls_session::simulation::network::Cut;
use tls_session::simulation::roles::Collects;
use tls_session::simulation::tls::{Tls, VERSIONS};

use crate::support::{GREETING, greeted};

const MESSAGE: &[u8] = b"all that the client has to say";

#[derive(Clone, Copy, Debug, PartialEq)]
enum Direction {
    ToServer,
    ToClient,
}

/// Cuts a session at every position of one direction, and checks the reason of each end.
fn cut_everywhere(direction: Direction, cut: Cut) {
    for version in VERSIONS {
        let tls = Tls::new(version).shared();
        for closes_after in [0, GREETING.len() + MESSAGE.len()] {
            let mut whole = greeted(&tls, MESSAGE, closes_after);
            whole.run();
            let length = match direction {
                Direction::ToServer => whole.client.socket.sent().len(),
                Direction::ToClient => whole.server.socket.sent().len(),
            };
            for at in 0..=length {
                let mut pair = greeted(&tls, MESSAGE, closes_after);
                let started = pair.now;
                let end = &pair.client.socket;
                match direction {
                    Direction::ToServer => end.outgoing().cut = Some((at, cut)),
                    Direction::ToClient => end.incoming().cut = Some((at, cut)),
                }
                pair.run();

                check(&pair.client, &pair.server);
                check(&pair.server, &pair.client);
                assert_eq!(pair.now, started, "a session had to wait for a deadline");
                let cut_off_is_clean = match direction {
                    Direction::ToServer => pair.server.is_clean(),
                    Direction::ToClient => pair.client.is_clean(),
                };
                // A reset after the very last byte may still destroy the answer to it.
                if at < length || cut == Cut::Fin {
                    assert_eq!(cut_off_is_clean, at == length, "{direction:?} {cut:?} at {at} of {length}");
                }
                if pair.client.is_clean() {
                    // Invariant I6: the server's close_notify certifies its answer.
                    assert_eq!(pair.client.received(), [GREETING, pair.server.received()].concat());
                }
            }
        }
    }
}

/// Checks an end whose connection was cut somewhere.
fn check<A: Application + Collects, B: Application + Collects>(near: &Driver<A>, far: &Driver<B>) {
    let closed_first = near.seen.entered("Closing");
    match near.reason() {
        Some(CloseReason::Clean { .. }) => {
            let has_closed = far.seen.entered("Closing") || far.seen.entered("Finishing");
            let lane = near.socket.incoming();
            assert!(has_closed && lane.taken == lane.log.len(), "clean, without the peer's close_notify");
        }
        Some(CloseReason::Unconfirmed) => assert!(closed_first),
        Some(CloseReason::Truncated { established }) => {
            assert!(!closed_first);
            assert_eq!(*established, near.seen.entered("Established"));
        }
        Some(CloseReason::Transport { .. }) => {}
        other => panic!("not a reason for a connection that was cut: {other:?}"),
    }
    assert!(far.seen.plaintext_out.starts_with(near.received()), "what was received is not what was sent");
    assert_eq!(near.seen.plaintext_in, near.received());
}

#[test]
fn the_bytes_of_an_end_may_end_at_any_position() {
    cut_everywhere(Direction::ToServer, Cut::Fin);
    cut_everywhere(Direction::ToClient, Cut::Fin);
}

#[test]
fn the_connection_may_be_reset_after_any_byte() {
    cut_everywhere(Direction::ToServer, Cut::Reset);
    cut_everywhere(Direction::ToClient, Cut::Reset);
}
