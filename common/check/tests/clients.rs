//! Can the cases against clients fail? A client that is wrong in one way must fail exactly the cases in `clients.txt`.
//!
//! `UPDATE_CLIENTS=1 cargo test -p check --test clients` writes the table again.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, Once};
use std::thread;
use std::time::Duration;

use check::case::Version;
use check::clients::{self, ClientCommand, Mode, Stage};
use check::verdict::Verdict;
use clap::ValueEnum as _;

#[path = "../examples/naive_client/fault.rs"]
mod fault;
use fault::Fault;

/// Much longer than a client needs on a busy machine. Cases whose client hangs take this long.
const PATIENCE: Duration = Duration::from_secs(10);
/// How many clients run at the same time. Most of them wait.
const WORKERS: usize = 16;

fn stage() -> Stage {
    let address = "127.0.0.1:0".parse().unwrap();
    Stage::new(address, "127.0.0.1", Some(Mode::Http), &Version::ALL, PATIENCE).unwrap()
}

fn client(fault: Fault) -> ClientCommand {
    let program = example();
    let words = [program.to_str().unwrap(), "--fault", &name_of(fault), "{ca}", "{host}", "{port}"];
    ClientCommand::new(words.map(ToOwned::to_owned).into(), None)
}

fn name_of(fault: Fault) -> String {
    fault.to_possible_value().unwrap().get_name().to_owned()
}

/// The example is in the folder above the tests'. `cargo test --test clients` alone does not build it.
fn example() -> PathBuf {
    static BUILT: Once = Once::new();
    BUILT.call_once(|| {
        let arguments = ["build", "--quiet", "--package", "check", "--example", "naive_client"];
        let built = std::process::Command::new(env!("CARGO")).args(arguments).status();
        assert!(built.unwrap().success());
    });
    let tests = std::env::current_exe().unwrap();
    tests.parent().unwrap().parent().unwrap().join("examples/naive_client")
}

/// The cells of the table: a fault, and a case that fails.
fn cells(table: &str) -> BTreeSet<(String, String)> {
    let mut fault = "";
    let mut cells = BTreeSet::new();
    for line in table.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        match line.strip_prefix("  ") {
            Some(case) => _ = cells.insert((fault.to_owned(), case.to_owned())),
            None => fault = line,
        }
    }
    cells
}

#[test]
fn each_fault_fails_exactly_its_cases() {
    // A client with a fault can fail in the clean session too, so the facts are those of the correct client.
    let facts = stage().probe(&client(Fault::None)).unwrap();
    let faults = Fault::value_variants().iter();
    let mut runs: Vec<_> = faults.flat_map(|fault| clients::all().map(|case| (*fault, case))).collect();
    runs.reverse();
    let (runs, outcomes) = (Mutex::new(runs), Mutex::new(Vec::new()));
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients.txt");
    let expected = cells(&std::fs::read_to_string(&file).unwrap());
    thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                loop {
                    let Some((fault, case)) = runs.lock().unwrap().pop() else { break };
                    let run = || stage().run(&client(fault), &facts, case).unwrap();
                    let is_expected = |verdict: &Verdict| match verdict {
                        Verdict::Inconclusive(_) => false,
                        verdict => {
                            verdict.is_failed()
                                == expected.contains(&(name_of(fault), case.about.name.to_owned()))
                        }
                    };
                    // A busy machine can change a result once.
                    let mut outcome = run();
                    for _ in 0..2 {
                        if !is_expected(&outcome.verdict) {
                            outcome = run();
                        }
                    }
                    outcomes.lock().unwrap().push((fault, outcome));
                }
            });
        }
    });

    let mut found: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for (fault, outcome) in outcomes.into_inner().unwrap() {
        let failed = found.entry(name_of(fault)).or_default();
        match outcome.verdict {
            Verdict::Failed(_) => failed.push(outcome.case.about.name),
            Verdict::Inconclusive(why) => panic!("{fault:?}, {}: {why}", outcome.case.about.name),
            _ => {}
        }
        assert!(fault != Fault::None || failed.is_empty(), "{failed:?}\n{}", outcome.evidence);
    }
    found.values_mut().for_each(|failed| failed.sort_unstable());
    let never_failed: Vec<_> = clients::all()
        .map(|case| case.about.name)
        .filter(|name| !found.values().any(|failed| failed.contains(name)))
        .collect();

    let mut table =
        String::from("# The faults of examples/naive_client, and the cases that fail. See clients.rs.\n");
    for (fault, failed) in &found {
        let _ = writeln!(table, "\n{fault}");
        failed.iter().for_each(|name| _ = writeln!(table, "  {name}"));
    }
    if std::env::var_os("UPDATE_CLIENTS").is_some() {
        std::fs::write(&file, &table).unwrap();
    }
    assert_eq!(never_failed, [""; 0], "no fault fails these cases");
    let expected = std::fs::read_to_string(&file).unwrap();
    assert_eq!(table, expected, "run with UPDATE_CLIENTS=1, and look at the difference");
}
