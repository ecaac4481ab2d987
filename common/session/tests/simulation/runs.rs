//! Many runs, on all cores, and the report of one that fails.

use std::cell::RefCell;
use std::iter;
use std::ops::Range;
use std::rc::Rc;
use std::sync::Mutex;
use std::thread;

use rustls::version::{TLS12, TLS13};
use tls_session::deadline::Timeouts;
use tls_session::simulation::journal::Journal;
use tls_session::simulation::pair::Pair;
use tls_session::simulation::roles::{Echo, Talker};
use tls_session::simulation::seeds::{SharedJournal, first_failure};
use tls_session::simulation::tls::{Shared, TIMEOUTS, Tls};
use tls_session::simulation::world::World;
use tls_session::simulation::{Each, Side, cryptography, seconds};

use crate::checks::Checks;
use crate::role::Role;
use crate::scenario::Scenario;
use crate::tally::{Tally, met};

/// The deadlines of both ends.
const DEADLINES: Timeouts = Timeouts { wait: Some(seconds(20)), ..TIMEOUTS };

thread_local! {
    /// By version, and by whether certificates are demanded.
    static TLS: [[Tls; 2]; 2] = [&TLS13, &TLS12].map(|version| {
        [Tls::new(version), Tls::with_client_certificate(version)]
            .map(|tls| tls.client_timeouts(DEADLINES).server_timeouts(DEADLINES))
    });
}

/// Runs a scenario once. Returns what its sessions met, or the first thing that was wrong.
pub fn run(scenario: &Scenario, journal: &SharedJournal) -> Result<Vec<&'static str>, String> {
    cryptography::seed(scenario.plan.seed);
    let tls = TLS.with(|tls| {
        let tls = &tls[usize::from(scenario.tls12)][usize::from(scenario.certificates)];
        tls.afresh(scenario.resumed).shared()
    });
    if scenario.resumed {
        meet(&tls);
    }
    let Each { client, server } = scenario.parts;
    let roles = Each { client: Role::new(client), server: Role::new(server) };
    let world = World::new(&scenario.plan, &tls, roles, journal).run(&mut Checks::of(scenario))?;
    Ok(Side::BOTH.into_iter().flat_map(|side| met(&world.ends[side])).collect())
}

/// A session for the next one to resume.
fn meet(tls: &Shared) {
    let mut pair = Pair::new(tls, Talker::sends(b"hello").closes_after(5), Echo::default());
    pair.run();
    assert!(pair.client.is_clean());
}

/// Runs these seeds and returns what they met. Panics with the report of one that fails.
pub fn hold(seeds: Range<u64>) -> Tally {
    let seeds = Mutex::new(seeds);
    let tally = Mutex::new(Tally::new());
    let work = || {
        let next = iter::from_fn(|| seeds.lock().unwrap().next());
        let failure = first_failure(next, |seed, journal| {
            for met in run(&Scenario::of(seed), journal)? {
                *tally.lock().unwrap().entry(met).or_default() += 1;
            }
            Ok(())
        });
        if failure.is_some() {
            *seeds.lock().unwrap() = 0..0; // the other threads end
        }
        failure
    };
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let failure = thread::scope(|scope| {
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        threads.into_iter().find_map(|thread| thread.join().unwrap())
    });
    if let Some(failure) = failure {
        panic!(
            "{:#?}\n{failure}\n\
             replay: SIMULATION_SEED={} cargo test -p tls-session --test simulation replay -- --nocapture",
            Scenario::of(failure.seed),
            failure.seed,
        );
    }
    tally.into_inner().unwrap()
}

/// Runs one scenario and shows all of it.
pub fn replay(scenario: &Scenario) {
    let journal = Rc::new(RefCell::new(Journal::with_lines()));
    let ran = run(scenario, &journal);
    println!("{scenario:#?}\n{}", journal.borrow().lines());
    assert_eq!(ran.err(), None);
}
