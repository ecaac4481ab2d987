//! `mio-check HOST:PORT`: judges the event loop of a TLS server.

use std::net::ToSocketAddrs as _;
use std::process::ExitCode;

use check::case::Version;
use check::target::{Target, Trust};
use check::{cases, probe, run};

/// Judges the server at the address in the first argument, and prints one line for each case.
fn main() -> ExitCode {
    let place = std::env::args().nth(1).unwrap_or_default();
    let Some(address) = place.to_socket_addrs().ok().and_then(|mut all| all.next()) else {
        eprintln!("mio-check: no address {place}");
        return ExitCode::from(2);
    };
    let Ok(name) = "localhost".try_into() else { return ExitCode::from(2) };
    let target = Target::new(address, name, Trust::Everybody);
    let facts = match probe::probe(&target, &Version::ALL) {
        Ok(facts) => facts,
        Err(error) => {
            eprintln!("mio-check: {error}");
            return ExitCode::from(3);
        }
    };
    println!("{facts:?}");
    for case in cases::all() {
        for version in run::plan(&target, &facts, case).unwrap_or_default() {
            let (outcome, _) = run::judge_and_visit(&target, &facts, case, version, 1);
            println!("{} ({version}): {}\n{}", case.about.name, outcome.verdict, outcome.evidence);
        }
    }
    ExitCode::SUCCESS
}
