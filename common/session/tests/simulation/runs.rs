//! Many runs, on all cores, and the report of one that fails.

use std::cell::RefCell;
use std::fmt::Write as _;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use rustls::version::{TLS12, TLS13};
use tls_session::deadline::Timeouts;
use tls_session::simulation::journal::Journal;
use tls_session::simulation::pair::Pair;
use tls_session::simulation::roles::{Echo, Talker};
use tls_session::simulation::tls::{Shared, TIMEOUTS, Tls};
use tls_session::simulation::world::World;
use tls_session::simulation::{Each, Side, cryptography, seconds};

use crate::checks::Checks;
use crate::role::Role;
use crate::scenario::Scenario;
use crate::shrinking::shrink;
use crate::tally::{Tally, met};

/// The deadlines of both ends.
const DEADLINES: Timeouts = Timeouts { wait: Some(seconds(20)), ..TIMEOUTS };

/// The result of a run.
pub struct Ran {
    /// The first thing that was wrong.
    pub wrong: Option<String>,
    /// What its sessions met, if nothing was wrong.
    met: Vec<&'static str>,
    /// The same for the same run.
    pub digest: u64,
    lines: String,
}

thread_local! {
    /// By version, and by whether certificates are demanded.
    static TLS: [[Tls; 2]; 2] = [&TLS13, &TLS12].map(|version| {
        [Tls::new(version), Tls::with_client_certificate(version)]
            .map(|tls| tls.client_timeouts(DEADLINES).server_timeouts(DEADLINES))
    });
}

/// Runs a scenario once.
pub fn run(scenario: &Scenario, journal: Journal) -> Ran {
    let journal = Rc::new(RefCell::new(journal));
    let ran = catch_unwind(AssertUnwindSafe(|| {
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
        World::new(&scenario.plan, &tls, roles, &journal).run(&mut Checks::of(scenario))
    }));
    let ran = ran.unwrap_or_else(|panic| Err(format!("a panic: {}", message(panic.as_ref()))));
    let (met, wrong) = match ran {
        Ok(world) => (Side::BOTH.into_iter().flat_map(|side| met(&world.ends[side])).collect(), None),
        Err(wrong) => (Vec::new(), Some(wrong)),
    };
    let journal = journal.borrow();
    Ran { wrong, met, digest: journal.digest(), lines: journal.lines().to_owned() }
}

fn message(panic: &(dyn std::any::Any + Send)) -> String {
    let literal = panic.downcast_ref::<&str>().map(ToString::to_string);
    literal.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default()
}

/// A session for the next one to resume.
fn meet(tls: &Shared) {
    let mut pair = Pair::new(tls, Talker::sends(b"hello").closes_after(5), Echo::default());
    pair.run();
    assert!(pair.client.is_clean());
}

/// Runs these seeds and returns what they met. Panics with the smallest form of the first that fails.
pub fn hold(seeds: Range<u64>) -> Tally {
    let next = AtomicU64::new(seeds.start);
    let failed = Mutex::new(None);
    let tally = Mutex::new(Tally::new());
    let work = || {
        while failed.lock().unwrap().is_none() {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= seeds.end {
                break;
            }
            let ran = run(&Scenario::of(seed), Journal::default());
            if ran.wrong.is_some() {
                failed.lock().unwrap().get_or_insert(seed);
            }
            for met in ran.met {
                *tally.lock().unwrap().entry(met).or_default() += 1;
            }
        }
    };
    let threads = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(work);
        }
    });
    if let Some(seed) = *failed.lock().unwrap() {
        panic!("{}", report(seed));
    }
    tally.into_inner().unwrap()
}

/// A fault without its numbers, which change when a scenario gets smaller.
fn kind(wrong: &str) -> String {
    wrong.chars().filter(|letter| !letter.is_ascii_digit()).collect()
}

/// The smallest scenario in which the same goes wrong.
fn smallest(scenario: Scenario, wrong: &str) -> Scenario {
    let same = |ran: Ran| ran.wrong.is_some_and(|other| kind(&other) == kind(wrong));
    shrink(scenario, |smaller| same(run(smaller, Journal::default())))
}

fn report(seed: u64) -> String {
    let scenario = Scenario::of(seed);
    let wrong = run(&scenario, Journal::default()).wrong.unwrap_or_default();
    let smallest = smallest(scenario, &wrong);
    let ran = run(&smallest, Journal::with_lines());
    let mut report = format!("seed {seed}: {wrong}\n");
    let _ = write!(
        report,
        "replay: SIMULATION_SEED={seed} cargo test -p tls-session --test simulation replay -- --nocapture\n\
         the smallest like it: {smallest:#?}\n{}{}\n",
        ran.lines,
        ran.wrong.unwrap_or_default(),
    ); // a String takes it
    report
}

/// Runs one scenario and shows all of it.
pub fn replay(scenario: &Scenario) {
    let ran = run(scenario, Journal::with_lines());
    println!("{scenario:#?}\n{}", ran.lines);
    if let Some(wrong) = &ran.wrong {
        println!("the smallest like it: {:#?}", smallest(scenario.clone(), wrong));
    }
    assert_eq!(ran.wrong, None);
}
