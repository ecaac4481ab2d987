//! `mio-server`: a TLS echo server that serves one session at a time.

mod cli;
mod echo;
mod event_loop;
mod lingering;
mod listener;
mod place;
mod setup;
mod slots;
mod waiting_room;

use std::process::ExitCode;
use std::time::Instant;

use common::exit::ExitStatus;
use common::logging;
use common::observer::{LoopEvent, Watch};
use common::reporter::Reporter;
use rustls::Side;

fn main() -> ExitCode {
    match cli::Cli::parse() {
        Ok(cli) => run(&cli).into(),
        Err(status) => status.into(),
    }
}

fn run(cli: &cli::Cli) -> ExitStatus {
    logging::init(cli.verbosity.steps());
    let start = Instant::now();
    let mut observer = cli.trace.beside(Box::new(Reporter::new(Side::Client)), Side::Client, start);
    let ended =
        setup::event_loop(cli).map_err(|error| error.to_string()).and_then(|(event_loop, address)| {
            Watch::new(Instant::now(), observer.as_mut()).event_loop(&LoopEvent::Listening(address));
            event_loop.run(observer.as_mut()).map_err(|error| format!("the event loop failed: {error}"))
        });
    match ended {
        Ok(()) => ExitStatus::Clean,
        Err(message) => {
            logging::fail("mio-server", &message);
            ExitStatus::Configuration
        }
    }
}
