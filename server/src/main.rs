//! `mio-server`: a TLS echo server that serves one session at a time.

mod cli;
mod descriptors;
mod echo;
mod event_loop;
mod lingering;
mod listener;
mod place;
mod setup;
mod slots;
mod status;
mod waiting_room;

use std::process::ExitCode;
use std::time::Instant;

use common::exit::ExitStatus;
use common::observer::{LoopEvent, Watch};
use common::reporter::Reporter;
use common::{logging, status_line};
use rustls::Side;

use crate::status::Status;

fn main() -> ExitCode {
    match cli::Cli::parse() {
        Ok(cli) => run(&cli).into(),
        Err(status) => status.into(),
    }
}

fn run(cli: &cli::Cli) -> ExitStatus {
    logging::init(cli.verbosity.steps());
    let status = (cli.verbosity.steps() > 0 && status_line::is_possible()).then(Status::default);
    let mut observer = (status, Reporter::new(Side::Client));
    let ended =
        setup::event_loop(cli).map_err(|error| error.to_string()).and_then(|(event_loop, address)| {
            Watch::new(Instant::now(), &mut observer).event_loop(&LoopEvent::Listening(address));
            event_loop.run(&mut observer).map_err(|error| format!("the event loop failed: {error}"))
        });
    match ended {
        Ok(()) => ExitStatus::Clean,
        Err(message) => {
            logging::fail("mio-server", &message);
            ExitStatus::Configuration
        }
    }
}
