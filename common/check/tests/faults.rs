//! Asks whether the cases notice the faults: each fault of the example `faulty` fails a known set of cases, the correct
//! server fails none, and no case is without a fault that it notices. A faulty server may also be too slow for its
//! neighbours, because that depends on the machine.
//!
//! The sets are in `faults.txt`. A set has all cases that fail, also those that the fault is not about: a server that resets
//! its connections fails in many ways. This command writes the file again:
//!
//! ```sh
//! UPDATE_FAULTS=1 cargo test -p check --test faults -- --ignored every_fault
//! ```
//!
//! `UPDATE_FAULTS=merge` adds a run to the file: a case that fails in one run and not in the other gets a `?`, and counts in
//! no comparison. `CHECK_ONLY_FAULTS=none,no-deadlines` and `CHECK_ONLY_CASES=…` choose faults and cases.
//! `CHECK_SHOWS_VERDICTS=1` and `--nocapture` print every verdict.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]
#![allow(dead_code, reason = "the modules of the example, of which a test uses a part")]

#[path = "../examples/faulty/config.rs"]
mod config;
#[path = "../examples/faulty/fault.rs"]
mod fault;
#[path = "../examples/faulty/first_read.rs"]
mod first_read;
#[path = "../examples/faulty/records.rs"]
mod records;
#[path = "../examples/faulty/server.rs"]
mod server;
#[path = "../examples/faulty/session.rs"]
mod session;

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::fmt::Write as _;
use std::fs;
use std::io::{self, BufRead as _, BufReader, Read as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use check::case::{Case, Group, Version};
use check::cases;
use check::run::{self, Options, Restart, Running};
use check::target::{Target, Trust};
use check::verdict::Verdict;
use clap::ValueEnum as _;

use fault::Fault;
use server::Server;
use session::Timeouts;

/// Long enough for a correct server, and short because a faulty one uses all of it.
const PATIENCE: Duration = Duration::from_secs(3);
/// How many faults are judged at a time. Most of a run is waiting.
const AT_ONCE: usize = 12;
/// The faults that take longest, several minutes each. They begin first, and their cases are divided among several servers.
const SLOW: [Fault; 3] = [Fault::CloseNotifyIgnored, Fault::OpenAfterError, Fault::ShortReadIsDrained];
/// Among how many servers the cases of a slow fault are divided.
const PARTS: usize = 4;
/// How often a cell of the table that differs is measured again. It depends on the speed of both programs whether a
/// neighbour gets its answer in time, and which call of a server reports a reset. So a single run has a few cells that
/// differ.
const REPEATS: usize = 7;
/// The variable that makes `serves` a server with the fault of this name.
const SERVE: &str = "CHECK_SERVES_FAULT";

/// The server of the other tests: they start this program with this test alone. So the server is always made of the current
/// sources, and it can die.
#[test]
#[ignore = "a server for the other tests, which start it"]
fn serves() {
    let Ok(name) = env::var(SERVE) else { return };
    let fault = Fault::from_str(&name, false).unwrap();
    let timeouts = match fault {
        Fault::DeadlineUnwrapped => Timeouts::all(Duration::from_secs(2)), // shorter than the patience
        _ => Timeouts::default(),
    };
    let config = config::server_config(config::new_identity(None).unwrap(), fault).unwrap();
    let server = Server::bind("127.0.0.1:0".parse().unwrap(), config, fault, timeouts).unwrap();
    println!("\nlistening on {}", server.address().unwrap());
    server.run().unwrap();
}

/// A server with a fault, as a child.
struct Faulty {
    fault: String,
    child: Child,
    /// Open as long as the child runs: it writes here that the test takes long.
    _stdout: BufReader<ChildStdout>,
}

impl Faulty {
    fn start(fault: Fault) -> (Self, Running) {
        Self::spawn(name(fault)).unwrap()
    }

    fn spawn(fault: String) -> io::Result<(Self, Running)> {
        let mut child = Command::new(env::current_exe()?)
            .args(["serves", "--exact", "--ignored", "--nocapture"])
            .env(SERVE, &fault)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let process = Some(child.id());
        let address = stdout
            .by_ref()
            .lines()
            .map_while(Result::ok)
            .find_map(|line| line.strip_prefix("listening on ")?.parse::<SocketAddr>().ok())
            .ok_or_else(|| io::Error::other(format!("{fault} does not listen")))?;
        Ok((Self { fault, child, _stdout: stdout }, Running { address, process }))
    }

    fn end(&mut self) {
        let _ = self.child.kill(); // it may have ended
        self.child.wait().unwrap();
    }
}

impl Restart for Faulty {
    fn has_ended(&mut self) -> Option<String> {
        self.child.try_wait().unwrap().map(|status| format!("the process ended with {status}"))
    }

    fn last_lines(&mut self) -> Vec<String> {
        Vec::new()
    }

    fn restart(&mut self) -> io::Result<Running> {
        self.end();
        let (server, running) = Self::spawn(self.fault.clone())?;
        *self = server;
        Ok(running)
    }
}

impl Drop for Faulty {
    fn drop(&mut self) {
        self.end();
    }
}

fn name(fault: Fault) -> String {
    fault.to_possible_value().unwrap().get_name().to_owned()
}

/// The cases that fail. A case that runs in both versions of TLS and fails in one has the version behind its name. A `?`
/// behind the name of a case: it fails in some runs. Whether it does depends on the speed of both programs.
type Failed = BTreeSet<String>;

/// Runs these cases against a server with this fault.
fn failed_cases(fault: Fault, cases: &[&'static Case]) -> Failed {
    let mut verdicts: BTreeMap<&str, Vec<(Version, Verdict)>> = BTreeMap::new();
    let mut left = cases.to_vec();
    // A run gives up after many deaths. What it has not run comes in the next run.
    while !left.is_empty() {
        let (mut server, running) = Faulty::start(fault);
        let mut target = Target::new(running.address, "localhost".try_into().unwrap(), Trust::Any);
        target.patience = PATIENCE;
        target.process = running.process;
        let options = Options { cases: left, server: Some(&mut server), ..Options::default() };
        let report = run::run(&mut target, options, &mut |_| {})
            .unwrap_or_else(|error| panic!("{}: {error}", name(fault)));
        for outcome in report.outcomes {
            if env::var_os("CHECK_SHOWS_VERDICTS").is_some() {
                let (about, version) = (&outcome.case.about, outcome.version);
                println!(
                    "{}: {} ({version}): {}, {:?}",
                    name(fault),
                    about.name,
                    outcome.verdict,
                    outcome.took
                );
            }
            verdicts.entry(outcome.case.about.name).or_default().push((outcome.version, outcome.verdict));
        }
        left = report.not_run.iter().map(|(case, _)| *case).collect();
        left.dedup_by(|one, other| std::ptr::eq(*one, *other));
        for case in &left {
            verdicts.remove(case.about.name); // only one of its versions was run
        }
    }
    let mut failed = Failed::new();
    for (case, verdicts) in verdicts {
        let ok = verdicts.iter().all(|(_, verdict)| !verdict.is_failed());
        if verdicts.iter().all(|(_, verdict)| verdict.is_failed()) {
            failed.insert(case.to_owned());
        } else if !ok {
            let versions = verdicts.iter().filter(|(_, verdict)| verdict.is_failed());
            failed.extend(versions.map(|(version, _)| format!("{case}[{version}]").replace(' ', "-")));
        }
    }
    failed
}

/// Judges the faults, several at a time. `cases` chooses the cases of a fault.
fn judge(faults: &[Fault], cases: &(dyn Fn(Fault) -> Vec<&'static Case> + Sync)) -> BTreeMap<String, Failed> {
    let parts = faults.iter().flat_map(|fault| {
        let cases = cases(*fault);
        let size = cases.len().div_ceil(if SLOW.contains(fault) { PARTS } else { 1 });
        cases.chunks(size.max(1)).map(|part| (*fault, part.to_vec())).collect::<Vec<_>>()
    });
    let mut left: Vec<_> = parts.collect();
    left.reverse();
    let left = Mutex::new(left);
    let results = Mutex::new(BTreeMap::<String, Failed>::new());
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let Some((fault, cases)) = left.lock().unwrap().pop() else { break };
                    let failed = failed_cases(fault, &cases);
                    results.lock().unwrap().entry(name(fault)).or_default().extend(failed);
                }
            });
        }
    });
    results.into_inner().unwrap()
}

fn table_path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/faults.txt")
}

/// Reads the table: a line for each fault, with the fault, a colon and the cases that fail.
fn table() -> BTreeMap<String, Failed> {
    let text = fs::read_to_string(table_path()).unwrap();
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let pairs = lines.map(|line| line.split_once(':').expect("FAULT: CASE CASE"));
    pairs
        .map(|(fault, cases)| (fault.to_owned(), cases.split_whitespace().map(str::to_owned).collect()))
        .collect()
}

/// Writes the table, in the order of the faults, with the cases in their order.
fn write_table(results: &BTreeMap<String, Failed>) {
    let mut text = String::from("# FAULT: the cases that it fails. Written by tests/faults.rs\n");
    for fault in Fault::value_variants() {
        let fault = name(*fault);
        let Some(failed) = results.get(&fault) else { continue };
        let mut failed: Vec<_> = failed.iter().collect();
        failed.sort_by_key(|label| cases::all().position(|case| case.about.name == case_of(label)));
        let failed = failed.iter().fold(String::new(), |line, case| line + " " + case);
        writeln!(text, "{fault}:{failed}").unwrap();
    }
    fs::write(table_path(), text).unwrap();
}

/// The case of a name that may have a version behind it.
fn case_of(label: &str) -> &str {
    label.split_once(['[', '?']).map_or(label, |(case, _)| case)
}

/// The cases that fail in some runs.
fn sometimes(failed: &Failed) -> BTreeSet<&str> {
    failed.iter().filter(|label| label.ends_with('?')).map(|label| case_of(label)).collect()
}

/// Adds another run to a line of the table. A case with another result fails in some runs.
fn merged(line: &Failed, run: &Failed) -> Failed {
    let mut unstable: BTreeSet<&str> = line.symmetric_difference(run).map(|label| case_of(label)).collect();
    unstable.extend(sometimes(line));
    let stable = line.iter().filter(|label| !unstable.contains(case_of(label))).cloned();
    stable.chain(unstable.iter().map(|case| format!("{case}?"))).collect()
}

/// Returns the cases whose result differs from the table, for each fault that has any. `is_chosen` says whether a case was
/// run.
///
/// On a slow machine a server with a fault may be too slow for its neighbours, whatever its fault is. So a failure beside a
/// neighbour is no difference, except for the correct server.
fn differences(
    results: &BTreeMap<String, Failed>,
    table: &BTreeMap<String, Failed>,
    is_chosen: &dyn Fn(&str, &str) -> bool,
) -> BTreeMap<String, BTreeSet<String>> {
    let mut differences = BTreeMap::new();
    for (fault, failed) in results {
        let expected = table.get(fault).cloned().unwrap_or_default();
        let sometimes = sometimes(&expected);
        let may_be_slow = |label: &String| fault != "none" && is_beside_a_neighbour(case_of(label));
        let missed = expected.difference(failed);
        let new = failed.difference(&expected).filter(|label| !may_be_slow(label));
        let differing: BTreeSet<String> = missed
            .chain(new)
            .map(|label| case_of(label))
            .filter(|case| !sometimes.contains(case) && is_chosen(fault, case))
            .map(str::to_owned)
            .collect();
        if !differing.is_empty() {
            differences.insert(fault.clone(), differing);
        }
    }
    differences
}

/// Whether a case measures how a server serves others beside a hostile client.
fn is_beside_a_neighbour(case: &str) -> bool {
    cases::all().any(|other| other.about.name == case && other.group == Group::Neighbours)
}

#[test]
fn the_table_has_every_fault_and_every_case() {
    let table = table();
    let faults: BTreeSet<_> = Fault::value_variants().iter().map(|fault| name(*fault)).collect();
    assert_eq!(table.keys().cloned().collect::<BTreeSet<_>>(), faults);
    assert!(table["none"].is_empty(), "the correct server fails {:?}", table["none"]);
    let is_stable = |label: &&String| !label.ends_with('?');
    let failed: BTreeSet<_> =
        table.values().flatten().filter(is_stable).map(|label| case_of(label)).collect();
    let all: BTreeSet<_> = cases::all().map(|case| case.about.name).collect();
    let unknown: Vec<_> = failed.difference(&all).collect();
    assert!(unknown.is_empty(), "the table has cases that do not exist: {unknown:?}");
    let never: Vec<_> = all.difference(&failed).collect();
    assert!(never.is_empty(), "no fault fails these cases: {never:?}");
}

/// A sample of the table: for each fault the first cases that fail. Some faults are races, which a run can win. Such a case has
/// more runs, and must fail in one of them.
#[test]
fn a_fault_fails_the_first_cases_of_its_line() {
    const SAMPLE: usize = 2;
    const RUNS: usize = 4;
    let table = table();
    let fast: Vec<&'static Case> = cases::all().filter(|case| case.group < Group::Backpressure).collect();
    let sample = |fault: &Fault| -> Vec<&'static Case> {
        let line = &table[&name(*fault)];
        fast.iter().copied().filter(|case| line.contains(case.about.name)).take(SAMPLE).collect()
    };
    let mut left: BTreeMap<String, Vec<&'static Case>> =
        Fault::value_variants().iter().map(|fault| (name(*fault), sample(fault))).collect();
    for _ in 0..RUNS {
        left.retain(|_, cases| !cases.is_empty());
        let faults: Vec<_> = left.keys().map(|fault| Fault::from_str(fault, false).unwrap()).collect();
        let results = judge(&faults, &|fault| left[&name(fault)].clone());
        for (fault, cases) in &mut left {
            cases.retain(|case| !results[fault].iter().any(|label| case_of(label) == case.about.name));
        }
    }
    left.retain(|_, cases| !cases.is_empty());
    let left: Vec<String> = left
        .iter()
        .map(|(fault, cases)| {
            format!("{fault}: {:?}", cases.iter().map(|case| case.about.name).collect::<Vec<_>>())
        })
        .collect();
    assert!(left.is_empty(), "these cases did not fail: {left:#?}");
}

/// The whole table.
#[test]
#[ignore = "takes many minutes: every case, for every fault"]
fn every_fault_fails_exactly_the_cases_of_its_line() {
    let chosen = |variable: &str| {
        let names = env::var(variable).unwrap_or_default();
        move |name: &str| names.is_empty() || names.split(',').any(|one| one == name)
    };
    let (fault_is_chosen, case_is_chosen) = (chosen("CHECK_ONLY_FAULTS"), chosen("CHECK_ONLY_CASES"));
    let is_chosen = |fault: &Fault| fault_is_chosen(&name(*fault));
    let is_chosen_case = |case: &&Case| case_is_chosen(case.about.name);
    let is_chosen_label = |label: &String| case_is_chosen(case_of(label));
    let table = if table_path().exists() { table() } else { BTreeMap::new() };
    let mut faults: Vec<_> = Fault::value_variants().iter().copied().filter(is_chosen).collect();
    faults.sort_by_key(|fault| !SLOW.contains(fault));
    let results = judge(&faults, &|_| cases::all().filter(is_chosen_case).collect());
    let expected = |fault: &str| table.get(fault).cloned().unwrap_or_default();
    if let Ok(how) = env::var("UPDATE_FAULTS") {
        let mut new = table.clone();
        for (fault, run) in results {
            let (line, others): (Failed, Failed) = expected(&fault).into_iter().partition(is_chosen_label);
            let line = if how == "merge" { merged(&line, &run) } else { run };
            new.insert(fault, line.into_iter().chain(others).collect());
        }
        return write_table(&new);
    }
    let mut left = differences(&results, &table, &|_, case| case_is_chosen(case));
    for _ in 0..REPEATS {
        if left.is_empty() {
            return;
        }
        println!("measured again: {left:#?}");
        let faults: Vec<_> = left.keys().map(|fault| Fault::from_str(fault, false).unwrap()).collect();
        let is_left = |fault: &str, case: &str| left.get(fault).is_some_and(|cases| cases.contains(case));
        let cases = |fault| cases::all().filter(|case| is_left(&name(fault), case.about.name)).collect();
        left = differences(&judge(&faults, &cases), &table, &is_left);
    }
    assert!(left.is_empty(), "these cells differ from the table in {} runs: {left:#?}", REPEATS + 1);
}
