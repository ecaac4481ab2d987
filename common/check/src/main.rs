//! `mio-check HOST:PORT`: judges the event loop of a TLS server.

use std::net::ToSocketAddrs as _;
use std::process::ExitCode;

use check::run::{self, Event, Options};
use check::target::{Target, Trust};

/// Judges the server at the address in the first argument, and prints one line for each case.
fn main() -> ExitCode {
    let place = std::env::args().nth(1).unwrap_or_default();
    let Some(address) = place.to_socket_addrs().ok().and_then(|mut all| all.next()) else {
        eprintln!("mio-check: no address {place}");
        return ExitCode::from(2);
    };
    let Ok(name) = "localhost".try_into() else { return ExitCode::from(2) };
    let mut target = Target::new(address, name, Trust::Everybody);
    let report = run::run(&mut target, Options::default(), &mut |event| match event {
        Event::Probed(facts) => println!("{facts:?}"),
        Event::Ends(outcome) => {
            println!("{} ({}): {}", outcome.case.about.name, outcome.version, outcome.verdict);
        }
        Event::Begins(..) | Event::Restarted(_) => {}
    });
    match report {
        Err(error) => {
            eprintln!("mio-check: {error}");
            ExitCode::from(3)
        }
        Ok(report) => ExitCode::from(u8::from(report.failed().next().is_some())),
    }
}
