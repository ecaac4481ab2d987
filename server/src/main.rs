//! `mio-server`: a TLS echo server that serves one session at a time.

mod accept_queue;
mod cli;
mod descriptors;
mod echo;
mod event_loop;
mod listener;
mod place;
mod run_queue;
mod service;
mod setup;
mod slots;
mod status;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use mimalloc::MiMalloc;
use program::ending::Endings;
use program::exit::ExitStatus;
use program::logging;
use program::reporter::Reporter;
use program::status_line;
use program::stderr;
use rustls::Side;
use show::args::{ShowError, Shown};
use tls_session::observer::{LoopEvent, Observer, Watch};

use crate::status::Status;

/// Why, `Cargo.toml` says. The client has none: to start it would be a tenth of its shortest session.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    match cli::Cli::parse() {
        Ok(cli) => {
            let status = run(&cli);
            stderr::finish();
            status.into()
        }
        Err(status) => status.into(),
    }
}

fn run(cli: &cli::Cli) -> ExitStatus {
    let start = Instant::now();
    cli.show.shape_log(start);
    logging::init(cli.verbosity.steps());
    match serve(cli, start) {
        Ok(()) => ExitStatus::Clean,
        Err(message) => {
            logging::fail("mio-server", &message);
            ExitStatus::Configuration
        }
    }
}

fn serve(cli: &cli::Cli, start: Instant) -> Result<(), String> {
    let Shown { mut observer, key_log } = shown(cli, start).map_err(|error| error.to_string())?;
    let (event_loop, address) =
        setup::event_loop(cli, Arc::clone(&key_log)).map_err(|error| error.to_string())?;
    let load = || setup::credentials_again(cli, Arc::clone(&key_log)).map_err(|error| error.to_string());
    Watch::new(Instant::now(), observer.as_mut()).event_loop(&LoopEvent::Listening(address));
    event_loop.run(&load, observer.as_mut()).map_err(|error| format!("the event loop failed: {error}"))
}

/// Who is shown what happens: the log; a terminal that has nothing else to show; and whatever was asked for.
fn shown(cli: &cli::Cli, start: Instant) -> Result<Shown, ShowError> {
    let endings = Endings::new(Side::Server, cli.tls.offer());
    let log = Box::new(Reporter::new(endings.clone()).beside_trace(cli.show.traces()));
    let spare = status_line::is_possible() && !cli.show.traces();
    let log: Box<dyn Observer> =
        if cli.verbosity.steps() > 0 && spare { Box::new((Status::default(), log)) } else { log };
    cli.show.open(log, &endings, start)
}
