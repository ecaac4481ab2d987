//! The league: judges other people's servers and clients, and writes the page about it.
//!
//! ```sh
//! cargo run -p check --example league                  # all installed programs
//! cargo run -p check --example league -- nginx Go      # only these
//! cargo run -p check --example league -- --page        # only the page, from the results that exist
//! ```
//!
//! ```text
//! programs     how each program is started, and how it says its version
//! version      the exact versions of programs
//! setup        certificates, the TCP echo behind the proxies, and the programs of this repository
//! measure      runs the cases against a server (measure_client: against a client)
//! coarse       noted values without what differs from run to run
//! results      results.json: the committed verdicts
//! judgements   judgements.md: what people say about failed cells
//! page         README.md: the tables, and the failed cells of each program; noted.md: the noted values
//! ```

mod coarse;
mod judgements;
mod measure;
mod measure_client;
mod page;
mod programs;
mod results;
mod setup;
mod version;

use std::collections::BTreeSet;
use std::env;
use std::error::Error;
use std::fs;
use std::path::Path;
use std::sync::Mutex;
use std::thread;

use judgements::Judgements;
use programs::{PROGRAMS, Program, Role};
use results::Results;
use setup::{Setup, league_folder};

/// How many programs are judged at a time. Most of a run is waiting.
const AT_ONCE: usize = 4;

fn main() -> Result<(), Box<dyn Error>> {
    let names: Vec<String> = env::args().skip(1).collect();
    let folder = league_folder();
    let mut results = Results::read(&folder.join("results.json"))?;
    if names != ["--page"] {
        measure_all(&Program::named(&names)?, &mut results, &folder)?;
    }
    let judgements = Judgements::read(&folder.join("judgements.md"))?;
    fs::write(folder.join("README.md"), page::page(&results, &judgements))?;
    fs::write(folder.join("noted.md"), page::noted_page(&results))?;
    report(&results, &judgements);
    Ok(())
}

/// Prints which failed cells have no judgement, and which judgements have no failed cell.
fn report(results: &Results, judgements: &Judgements) {
    let failed: BTreeSet<(&str, &str)> = PROGRAMS
        .iter()
        .filter_map(|program| Some((program.name, results.0.get(program.name)?)))
        .flat_map(|(name, measured)| page::failed(measured).into_keys().map(move |case| (name, case)))
        .collect();
    let judged: BTreeSet<(&str, &str)> = judgements.cells().into_iter().collect();
    for (program, case) in failed.difference(&judged) {
        println!("judgements.md does not say what the failure of {case} does to users of {program}");
    }
    for (program, case) in judged.difference(&failed) {
        println!("judgements.md explains {case} of {program}, which has not failed");
    }
}

/// Measures these programs, several at a time. A program that is not installed keeps its old results.
fn measure_all(
    programs: &[&'static Program],
    results: &mut Results,
    folder: &Path,
) -> Result<(), Box<dyn Error>> {
    let setup = Setup::new()?;
    let waiting = Mutex::new(programs.iter());
    let measured = Mutex::new(results);
    let next = || waiting.lock().ok()?.next();
    let work = || {
        while let Some(program) = next() {
            let Some(version) = (program.version)() else {
                println!("{}: not installed", program.name);
                continue;
            };
            let run = match program.role {
                Role::Server => measure::measure(program, version, &setup, &|_| true),
                Role::Client => measure_client::measure(program, version, &setup, &|_| true),
            };
            match run {
                Ok(run) => {
                    println!("{}: {} failed", program.name, page::failed(&run.measured).len());
                    if let Err(error) = run.write_evidence(&folder.join("evidence")) {
                        println!("{}: cannot write the evidence: {error}", program.name);
                    }
                    if let Ok(mut results) = measured.lock() {
                        results.0.insert(program.name.to_owned(), run.measured);
                    }
                }
                Err(error) => println!("{}: {error}", program.name),
            }
        }
    };
    thread::scope(|scope| (0..AT_ONCE).for_each(|_| drop(scope.spawn(work))));
    let results = measured.into_inner().map_err(|_| "a measurement has panicked")?;
    results.write(&folder.join("results.json"))
}
