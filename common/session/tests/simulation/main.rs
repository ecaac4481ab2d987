//! Two sessions on an arbitrary network, under a virtual clock: whatever happens, the invariants of `tls-session` hold.
//!
//! A seed stands for a [`scenario`]. `tls_session::simulation::world` runs it and checks the invariants after every step. A
//! scenario that fails is printed with the command that replays it.
//!
//! | module       | what it is                                                          |
//! |--------------|---------------------------------------------------------------------|
//! | [`scenario`] | what a seed stands for                                              |
//! | [`role`]     | the application of either end, and what its loop sends from outside |
//! | [`checks`]   | what must hold for these applications, beside the invariants        |
//! | [`tally`]    | what was met in how many runs                                       |
//! | [`runs`]     | many seeds on all cores; the report of one that fails               |

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test reports a fault by a panic"
)]

mod checks;
mod role;
mod runs;
mod scenario;
mod tally;

use scenario::Scenario;
use tls_session::simulation::seeds::SharedJournal;

/// A sample for every `cargo test`.
#[test]
fn the_invariants_hold_on_any_network() {
    let tally = runs::hold(0..4_000);
    for thing in tally::COMMON {
        assert!(tally.contains_key(thing), "no run has met this: {thing}; these were met: {tally:#?}");
    }
}

#[test]
#[ignore = "takes two minutes; .ci/run runs it"]
fn the_invariants_hold_on_a_hundred_thousand_networks() {
    let tally = runs::hold(4_000..104_000);
    assert!(tally.contains_key(tally::RARE), "no run has met this: {}; {tally:#?}", tally::RARE);
    println!("{tally:#?}");
}

#[test]
fn the_same_seed_gives_the_same_run() {
    for seed in 0..300 {
        let scenario = Scenario::of(seed);
        let digest = || {
            let journal = SharedJournal::default();
            runs::run(&scenario, &journal).unwrap();
            journal.borrow().digest()
        };
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
