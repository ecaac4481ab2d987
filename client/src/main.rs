//! `mio-client`: a TLS client that shows the server's first message and then closes gracefully.

mod cli;
mod connect;
mod conversation;
mod event_loop;
mod failure;
mod first_message;
mod progress;
mod setup;
mod stdin;
mod waiting;

use std::io::{self, IsTerminal};
use std::process::ExitCode;
use std::time::Instant;

use common::close_reason::CloseReason;
use common::exit::ExitStatus;
use common::observer::Observer;
use common::reporter::Reporter;
use common::{logging, status_line};
use rustls::Side;
use show::args::{ShowError, Shown};

use crate::conversation::Outcome;
use crate::event_loop::EventLoop;
use crate::failure::Failure;
use crate::progress::Progress;
use crate::waiting::Waiting;

const PROGRAM: &str = "mio-client";

fn main() -> ExitCode {
    match cli::Cli::parse() {
        Ok(cli) => run(&cli).into(),
        Err(status) => status.into(),
    }
}

fn run(cli: &cli::Cli) -> ExitStatus {
    logging::init(cli.verbosity.steps());
    match sessions(cli) {
        Ok(Outcome { interrupted: true, .. }) => ExitStatus::Interrupted,
        Ok(Outcome { reason, cut_short, .. }) => {
            let target = &cli.target;
            match reason.exit_status() {
                ExitStatus::Clean if cut_short => {
                    logging::fail(PROGRAM, &format_args!("{target}: {}", cut_short_words(&reason)));
                    ExitStatus::Truncated
                }
                ExitStatus::Clean => ExitStatus::Clean,
                status => {
                    logging::fail(PROGRAM, &format_args!("{target}: {}", reason.describe(Side::Server)));
                    status
                }
            }
        }
        Err(failure) => {
            logging::fail(PROGRAM, &failure);
            failure.exit_status()
        }
    }
}

/// What the last line says of a session with `-i` that ended without an error, but perhaps too early.
fn cut_short_words(reason: &CloseReason) -> &'static str {
    match reason {
        CloseReason::Unconfirmed => {
            "we closed first, and the server left without close_notify: its answer may not be whole"
        }
        _ => "the server closed first: it may not have answered all of stdin",
    }
}

/// The first session and those of `--reconnect`, up to the first that does not end as it should.
fn sessions(cli: &cli::Cli) -> Result<Outcome, Failure> {
    let Shown { mut observer, key_log } =
        shown(cli).map_err(|error| Failure::Configuration(error.to_string()))?;
    let errand = setup::errand(cli, key_log)?;
    let mut event_loop = EventLoop::new(observer.as_mut())?;
    let mut outcome = event_loop.run(&errand)?;
    for _ in 0..cli.reconnect {
        if outcome.interrupted || outcome.reason.exit_status() != ExitStatus::Clean {
            break;
        }
        outcome = event_loop.run(&errand)?;
    }
    Ok(outcome)
}

/// Who is shown what happens: the log; a terminal that has nothing else to show; and whatever was asked for.
fn shown(cli: &cli::Cli) -> Result<Shown, ShowError> {
    let mut log: Box<dyn Observer> = Box::new(Reporter::new(Side::Server));
    if cli.verbosity.steps() >= 0 && status_line::is_possible() && !cli.show.traces() {
        log = Box::new((Waiting::default(), log));
        if cli.interactive && !io::stdout().is_terminal() {
            log = Box::new((Progress::default(), log));
        }
    }
    cli.show.open(log, Side::Server, Instant::now())
}
