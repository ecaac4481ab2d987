//! Runs the cases against a client.

use std::error::Error;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use check::case::Version;
use check::clients::{self, ClientCase, ClientCommand, Stage};

use crate::measure::Run;
use crate::programs::Program;
use crate::setup::Setup;

/// How long a client may take that has nothing to wait for.
const PATIENCE: Duration = Duration::from_secs(12);

/// Runs the chosen cases against a client.
///
/// # Errors
/// The program does not start, or fails in a clean session.
pub fn measure(
    program: &'static Program,
    version: String,
    setup: &Setup,
    chosen: &dyn Fn(&ClientCase) -> bool,
) -> Result<Run, Box<dyn Error>> {
    let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let stage = Stage::new(any, "localhost", None, &Version::ALL, PATIENCE)?;
    let command = ClientCommand::new(setup.command(program.name, program.command)?, None);
    let facts = stage.probe(&command)?;
    let mut run = Run::new(program, version);
    for case in clients::all().filter(|case| chosen(case)) {
        let outcome = stage.run(&command, &facts, case)?;
        let (name, took) = (case.about.name, outcome.took.as_secs_f64());
        println!("{}: {name} ({took:.1} s): {}", program.name, outcome.verdict);
        run.add(name, facts.version, &outcome.verdict, &outcome.evidence);
    }
    Ok(run)
}
