//! The command line of `mio-check`.
//!
//! ```text
//! flags       the flags, and their help
//! place       HOST:PORT, and its addresses
//! consent     the loopback rule, and the traffic of a run
//! setup       from the flags to a target
//! choice      the names of cases and groups
//! catalog     --list and --explain
//! server      judges a server, and reports
//! client      judges a client, and reports
//! judge       its thread with the run
//! again       the command that runs one case again
//! interrupt   Ctrl-C
//! no_run      the reports of a run that did not take place
//! exit        the exit statuses
//! ```

pub mod again;
pub mod catalog;
pub mod choice;
pub mod client;
pub mod consent;
pub mod exit;
pub mod flags;
pub mod interrupt;
pub mod judge;
pub mod no_run;
pub mod place;
pub mod server;
pub mod setup;

use std::process::ExitCode;

use self::exit::{Exit, Fault};
use self::flags::Flags;
use crate::report::say;

/// Runs the program with the arguments of the process.
pub fn main() -> ExitCode {
    let flags = match flags::parse(std::env::args_os()) {
        Ok(flags) => flags,
        Err(exit) => return exit.into(),
    };
    run(&flags).unwrap_or_else(|fault| no_run::report(&flags, &fault)).into()
}

fn run(flags: &Flags) -> Result<Exit, Fault> {
    if flags.list {
        let text = match flags.listen {
            Some(_) => flags.client_cases().map(|cases| catalog::list(&cases)),
            None => flags.cases().map(|cases| catalog::list(&cases)),
        };
        say(&text.map_err(Fault::Usage)?);
        return Ok(Exit::Clean);
    }
    if let Some(explained) = &flags.explain {
        say(&catalog::explain_all(explained));
        return Ok(Exit::Clean);
    }
    if let Some(file) = &flags.junit {
        no_run::clear(file)?;
    }
    match &flags.listen {
        Some(place) => client::client(flags, place),
        None => server::server(flags),
    }
}
