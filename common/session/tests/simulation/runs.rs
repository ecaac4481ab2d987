//! Many runs, on all cores, and what is said about one that fails.

use std::cell::RefCell;
use std::fmt::Write as _;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use rustls::version::{TLS12, TLS13};

use crate::cryptography;
use crate::invariants::DEADLINES;
use crate::journal::Journal;
use crate::scenario::Scenario;
use crate::shrinking::shrink;
use crate::support::pair::Pair;
use crate::support::roles::{Echo, Talker};
use crate::support::tls::{Shared, Tls};
use crate::tally::Tally;
use crate::world::{Tools, World};

/// What came of a run.
pub struct Ran {
    /// What was not as it has to be.
    pub wrong: Option<String>,
    /// What its sessions met, if all was as it has to be.
    met: Vec<&'static str>,
    /// The same for the same run.
    pub digest: u64,
    lines: String,
}

/// What the runs of one thread share.
struct Bench {
    tools: Tools,
    /// By version, and by whether certificates are demanded.
    tls: [[Tls; 2]; 2],
}

thread_local! {
    static BENCH: RefCell<Bench> = RefCell::new(Bench {
        tools: Tools::default(),
        tls: [&TLS13, &TLS12].map(|version| {
            let tls = Tls::with(version, cryptography::provider());
            let tls = tls.client_timeouts(DEADLINES).server_timeouts(DEADLINES);
            [tls.clone(), tls.demanding_certificates(version)]
        }),
    });
}

/// Runs a scenario once.
pub fn run(scenario: &Scenario, journal: Journal) -> Ran {
    let journal = Rc::new(RefCell::new(journal));
    let ran = catch_unwind(AssertUnwindSafe(|| {
        BENCH.with_borrow_mut(|bench| {
            let Bench { tools, tls } = bench;
            cryptography::seed(scenario.seed);
            let tls = &tls[usize::from(scenario.tls12)][usize::from(scenario.certificates)];
            let tls = tls.afresh(scenario.resumed).shared();
            if scenario.resumed {
                meet(&tls);
            }
            World::new(scenario, &tls, &journal).run(tools)
        })
    }));
    let ran = ran.unwrap_or_else(|panic| Err(format!("a panic: {}", message(panic.as_ref()))));
    let (met, wrong) = match ran {
        Ok(met) => (met, None),
        Err(wrong) => (Vec::new(), Some(wrong)),
    };
    let journal = journal.borrow();
    Ran { wrong, met, digest: journal.digest(), lines: journal.lines().to_owned() }
}

fn message(panic: &(dyn std::any::Any + Send)) -> String {
    let literal = panic.downcast_ref::<&str>().map(ToString::to_string);
    literal.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default()
}

/// A session before the one that resumes it.
fn meet(tls: &Shared) {
    let mut pair = Pair::new(tls, Talker::says(b"hello").leaves_after(5), Echo::default());
    pair.run();
    assert!(pair.client.is_clean());
}

/// Runs all these seeds, says what they met, and panics with the smallest form of the first that fails.
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

/// Without its numbers, which change when a scenario gets smaller.
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
    let ran = run(&smallest, Journal::in_words());
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
    let ran = run(scenario, Journal::in_words());
    println!("{scenario:#?}\n{}", ran.lines);
    if let Some(wrong) = &ran.wrong {
        println!("the smallest like it: {:#?}", smallest(scenario.clone(), wrong));
    }
    assert_eq!(ran.wrong, None);
}
