//! Compares the league with the programs that are installed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]
#![allow(dead_code, reason = "the modules of the example, of which a test uses a part")]

#[path = "../examples/league/coarse.rs"]
mod coarse;
#[path = "../examples/league/judgements.rs"]
mod judgements;
#[path = "../examples/league/measure.rs"]
mod measure;
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

use std::sync::Mutex;
use std::thread;

use programs::{PROGRAMS, Program};
use results::{Measured, Results};
use setup::{Setup, league_folder};

/// Cases that are fast, and in which the programs differ.
const FAST: [&str; 1] = ["close-notify-answered"];
/// How many programs are judged at a time. Most of a run is waiting.
const AT_ONCE: usize = 4;

fn results() -> Results {
    Results::read(&league_folder().join("results.json")).unwrap()
}

/// Returns how the installed program differs from the table. A program in another version is only printed.
fn differences(program: &'static Program, known: &Measured, setup: &Setup) -> Vec<String> {
    let name = program.name;
    let Some(version) = (program.version)() else {
        println!("{name}: not installed");
        return Vec::new();
    };
    let run = measure::measure(program, version, setup, &|case| FAST.contains(&case.about.name)).unwrap();
    let mut differences = Vec::new();
    for (case, verdicts) in &run.measured.verdicts {
        let before = known.verdicts.get(case);
        if before != Some(verdicts) {
            differences.push(format!("{name}, {case}: {verdicts:?}, and in the table {before:?}"));
        }
    }
    if run.measured.version == known.version {
        return differences;
    }
    println!("{name}: {}, and in the table {}", run.measured.version, known.version);
    differences.iter().for_each(|difference| println!("{difference}"));
    Vec::new()
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
