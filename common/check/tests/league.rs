//! Compares the league with the programs that are installed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]
#![allow(dead_code, reason = "the modules of the example, of which a test uses a part")]

#[path = "../examples/league/coarse.rs"]
mod coarse;
#[path = "../examples/league/judgements.rs"]
mod judgements;
#[path = "../examples/league/measure.rs"]
mod measure;
#[path = "../examples/league/measure_client.rs"]
mod measure_client;
#[path = "../examples/league/page.rs"]
mod page;
#[path = "../examples/league/programs.rs"]
mod programs;
#[path = "../examples/league/results.rs"]
mod results;
#[path = "../examples/league/setup.rs"]
mod setup;
#[path = "../examples/league/version.rs"]
mod version;

use std::collections::BTreeSet;
use std::fs;
use std::sync::Mutex;
use std::thread;

use judgements::Judgements;
use programs::{PROGRAMS, Program, Role};
use results::{Measured, Results};
use setup::{Setup, league_folder};

/// Cases that are fast, and in which the programs differ.
const FAST: [&str; 8] = [
    "bytes-one-by-one",
    "coalesced-flights",
    "close-notify-answered",
    "data-behind-close-notify",
    "close-notify-twice",
    "sealed-change-cipher-spec",
    "cut-between-records",
    "cut-inside-a-record",
];
/// How many programs are judged at a time. Most of a run is waiting.
const AT_ONCE: usize = 6;

fn results() -> Results {
    Results::read(&league_folder().join("results.json")).unwrap()
}

/// Whether the case failed. Values depend on the time, and so does whether a case is held or noted.
fn kind(verdict: &str) -> bool {
    verdict == "failed"
}

/// Returns how the installed program differs from the table, in two runs one after the other: a busy machine can change the
/// result of a program once. A program in another version is only printed.
fn differences(program: &'static Program, known: &Measured, setup: &Setup) -> Vec<String> {
    let name = program.name;
    let Some(version) = (program.version)() else {
        println!("{name}: not installed");
        return Vec::new();
    };
    let is_known = version == known.version;
    let mut differences = differences_once(program, version, known, setup);
    if !is_known {
        println!("{name}: another version than {} in the table", known.version);
    } else if !differences.is_empty() {
        let again = differences_once(program, (program.version)().unwrap(), known, setup);
        differences.retain(|difference| again.contains(difference));
    }
    differences.iter().for_each(|difference| println!("{difference}"));
    if is_known { differences } else { Vec::new() }
}

fn differences_once(
    program: &'static Program,
    version: String,
    known: &Measured,
    setup: &Setup,
) -> Vec<String> {
    let run = match program.role {
        Role::Server => measure::measure(program, version, setup, &|case| FAST.contains(&case.about.name)),
        Role::Client => {
            measure_client::measure(program, version, setup, &|case| FAST.contains(&case.about.name))
        }
    };
    let mut differences = Vec::new();
    for (case, verdicts) in &run.unwrap().measured.verdicts {
        for (tls, verdict) in verdicts {
            let before = known.verdicts.get(case).and_then(|verdicts| verdicts.get(tls));
            if before.map(|before| kind(before)) != Some(kind(verdict)) {
                let name = program.name;
                differences.push(format!("{name}, {case}, {tls}: {verdict}, and in the table {before:?}"));
            }
        }
    }
    differences
}

#[test]
#[ignore = "needs the programs of the league"]
fn the_installed_programs_do_what_the_table_says() {
    let (setup, results) = (Setup::new().unwrap(), results());
    let waiting =
        Mutex::new(PROGRAMS.iter().filter_map(|program| Some((program, results.0.get(program.name)?))));
    let next = || waiting.lock().unwrap().next();
    let work = || {
        let mut found = Vec::new();
        while let Some((program, known)) = next() {
            found.extend(differences(program, known, &setup));
        }
        found
    };
    let found: Vec<String> = thread::scope(|scope| {
        let threads: Vec<_> = (0..AT_ONCE).map(|_| scope.spawn(work)).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn the_page_is_that_of_the_results_and_judgements() {
    let folder = league_folder();
    let judgements = Judgements::read(&folder.join("judgements.md")).unwrap();
    let results = results();
    let again = "run `cargo run -p check --example league -- --page`";
    let read = |name: &str| fs::read_to_string(folder.join(name)).unwrap();
    assert!(read("README.md") == page::page(&results, &judgements), "README.md: {again}");
    assert!(read("noted.md") == page::noted_page(&results), "noted.md: {again}");
}

#[test]
fn every_failed_cell_has_sentences_and_evidence() {
    let folder = league_folder();
    let judgements = Judgements::read(&folder.join("judgements.md")).unwrap();
    let results = results();
    let mut failed = BTreeSet::new();
    for (program, measured) in &results.0 {
        for case in page::failed(measured).into_keys() {
            let evidence = folder.join("evidence").join(page::anchor(program)).join(format!("{case}.txt"));
            let length = fs::metadata(&evidence)
                .unwrap_or_else(|error| panic!("{}: {error}", evidence.display()))
                .len();
            assert!(length <= 4096, "{}", evidence.display());
            failed.insert((program.as_str(), case));
        }
    }
    let judged: BTreeSet<(&str, &str)> = judgements.cells().into_iter().collect();
    assert_eq!(failed, judged, "judgements.md explains other cells than those that failed");
}

#[test]
fn noted_values_are_rounded() {
    for (exact, rounded) in [
        (
            "16.8 MB were taken while nothing was read, and memory grew by 0.2 MB",
            "about 20 MB were taken while nothing was read, and memory grew by less than 1 MB",
        ),
        (
            "300 of 1048576 bytes came back, and then a reset",
            "some of 1048576 bytes came back, and then a reset",
        ),
        ("0 of 300 clients resumed their sessions", "none of 300 clients resumed their sessions"),
        ("longer than 20 s", "longer than 20 s"),
        (
            "ended after 4.98 s, with the alert decode_error (50)",
            "ended after 5 s, with the alert decode_error (50)",
        ),
        ("p50 1.3 ms, p99 87 ms", "p50 about 1 ms, p99 about 100 ms"),
        ("in 19 runs a reset followed, less than 0.1 s", "in some runs a reset followed, less than 1 s"),
        (
            "17 new sessions, p50 11.5 ms, longest 14.7 ms; 1098 exchanges, p50 0.1 ms, p99 1.7 ms",
            "others were served, new clients within 1 s",
        ),
        ("the server has taken 80,000 bytes of it", "the server has taken about 100000 bytes of it"),
    ] {
        assert_eq!(coarse::coarse(exact), rounded);
        assert_eq!(coarse::coarse(rounded), rounded);
    }
}
