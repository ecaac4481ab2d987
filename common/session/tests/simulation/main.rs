//! Two sessions, an arbitrary network between them, and a virtual clock: whatever happens, the invariants of `common`
//! hold.
//!
//! A seed stands for a [`scenario`](scenario::Scenario). A [`world`](world::World) runs it: it carries bytes, reports
//! readiness as an edge-triggered poll does, lets each [`end`](end::End) have its turn, and moves the clock when
//! nothing else can move. The [`invariants`] are checked after every step, and in the end also whether each session
//! told the [`truth`] about its own. A scenario that fails is [made smaller](shrinking) while it still fails, and
//! printed with the command that replays it.
//!
//! | module         | what it is                                                                                  |
//! |----------------|---------------------------------------------------------------------------------------------|
//! | [`scenario`]   | what a seed stands for: two parts to play, two kinds of weather, what goes wrong            |
//! | [`network`]    | the lanes of bytes, and two kernels with an edge-triggered poll                             |
//! | [`end`]        | a real session with its registrar, fed and turned as the event loops do it                  |
//! | [`role`]       | the application of either end                                                               |
//! | [`world`]      | the clock and the queue                                                                     |
//! | [`record`]     | an observer that keeps the books of a session, and objects where they do not balance        |
//! | [`invariants`] | what has to hold after each round, and when all is over                                     |
//! | [`truth`]      | which reasons for an end are true, by what the network did                                  |
//! | [`journal`]    | what happened, in words or as one number                                                    |
//! | [`tally`]      | what was met in how many runs                                                               |
//! | [`runs`]       | many seeds on all cores; the report of one that fails                                       |
//! | [`shrinking`]  | scenarios made smaller                                                                      |
//! | [`random`], [`cryptography`] | chance, for us and for rustls                                                 |

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test says what is wrong by panicking"
)]

mod cryptography;
mod end;
mod invariants;
mod journal;
mod network;
mod random;
mod record;
mod role;
mod runs;
mod scenario;
mod shrinking;
#[path = "../support/mod.rs"]
mod support;
mod tally;
mod truth;
mod world;

use scenario::Scenario;

/// A taste for every `cargo test`.
#[test]
fn whatever_the_network_does_the_invariants_hold() {
    let tally = runs::hold(0..4_000);
    for thing in tally::COMMON {
        assert!(tally.contains_key(thing), "no run has met this: {thing}; these were met: {tally:#?}");
    }
}

#[test]
#[ignore = "takes two minutes; .ci/run runs it"]
fn whatever_the_network_does_a_hundred_thousand_times_the_invariants_hold() {
    let tally = runs::hold(4_000..104_000);
    assert!(tally.contains_key(tally::RARE), "no run has met this: {}; {tally:#?}", tally::RARE);
    println!("{tally:#?}");
}

#[test]
fn the_same_seed_is_the_same_run() {
    for seed in 0..300 {
        let scenario = Scenario::of(seed);
        let digest = || runs::run(&scenario, journal::Journal::default()).digest;
        assert_eq!(digest(), digest(), "seed {seed}");
    }
}

/// `SIMULATION_SEED=123 cargo test -p tls-session --test simulation replay -- --nocapture`
#[test]
fn replay() {
    let Ok(seed) = std::env::var("SIMULATION_SEED") else { return };
    let seed = seed.parse().expect("SIMULATION_SEED is a number");
    runs::replay(&Scenario::of(seed));
}
