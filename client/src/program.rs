//! The program around the loop.

use std::io::{self, IsTerminal};
use std::os::fd::AsFd as _;
use std::process::ExitCode;
use std::rc::Rc;
use std::time::Instant;

use log::info;
use program::amount::{bytes, grouped};
use program::exit::ExitStatus;
use program::logging;
use program::observer::Observer;
use program::reporter::Reporter;
use program::stderr;
use show::args::Shown;
use show::error::ShowError;
use tls_session::bytes::Bytes;
use tls_session::close_reason::CloseReason;

use crate::cli::{Cli, PROGRAM};
use crate::conversation::{Moved, Outcome};
use crate::event_loop::EventLoop;
use crate::failure::Failure;
use crate::handshakes::Handshakes;
use crate::output::{Output, SharedOutput};
use crate::progress::Progress;
use crate::setup;
use crate::tokens::{STDERR, STDOUT};
use crate::waiting::Waiting;

/// Runs the client with the arguments of the program.
pub fn run() -> ExitCode {
    match Cli::parse() {
        Ok(cli) => run_sessions(&cli).into(),
        Err(status) => status.into(),
    }
}

/// Runs the sessions, and reports their result. At the end, the readers of stdout and stderr have a second to take
/// the rest.
fn run_sessions(cli: &Cli) -> ExitStatus {
    let start = Instant::now();
    cli.show.shape_log(start);
    logging::init(PROGRAM, cli.verbosity.steps());
    if cli.show.takes_stdout() {
        info!("stdout belongs to the capture, so the server's text is not shown");
    }
    let (result, unwritten) = match Output::new(STDOUT, STDERR, cli.show.takes_stdout()) {
        Ok(output) => {
            let result = sessions(cli, Rc::clone(&output), start);
            let mut output = output.borrow_mut();
            output.finish(stderr::end_of_last_wait());
            (with_late_error(result, &mut output), output.unwritten())
        }
        Err(error) => (Err(Failure::Output(error)), 0),
    };
    let mut status = report(cli, result);
    if unwritten > 0 {
        logging::fail(
            PROGRAM,
            &format_args!("stdout had no reader: lost {} of the server's text", Bytes(unwritten)),
        );
        status = if status == ExitStatus::Clean { ExitStatus::TimedOut } else { status };
    }
    stderr::finish();
    status
}

/// Returns the error of stdout if it failed after the sessions had ended, or else their result.
fn with_late_error(result: Result<Outcome, Failure>, output: &mut Output) -> Result<Outcome, Failure> {
    match (result, output.take_error()) {
        (Ok(_), Some(error)) if error.kind() != io::ErrorKind::BrokenPipe => Err(Failure::Output(error)),
        (result, _) => result,
    }
}

/// Prints the last line of a client that failed, and returns the exit status.
fn report(cli: &Cli, result: Result<Outcome, Failure>) -> ExitStatus {
    match result {
        Ok(Outcome { interrupted: true, moved, .. }) => {
            if let Some(Moved { sent, received }) = moved {
                let moved = format!("{} went to the server, {} came from it", bytes(sent), grouped(received));
                logging::fail(PROGRAM, &format_args!("{}: interrupted: {moved}", cli.target()));
            }
            ExitStatus::Interrupted
        }
        Ok(Outcome { reason, sentence, cut_short, .. }) => {
            let target = cli.target();
            match ExitStatus::from(&reason) {
                ExitStatus::Clean if cut_short => {
                    logging::fail(PROGRAM, &format_args!("{target}: {}", cut_short_text(&reason)));
                    ExitStatus::Truncated
                }
                ExitStatus::Clean => ExitStatus::Clean,
                status => {
                    logging::fail(PROGRAM, &format_args!("{target}: {}", sentence));
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

/// Returns the last line for a session with `-i` that ended without an error, but perhaps too early.
fn cut_short_text(reason: &CloseReason) -> &'static str {
    match reason {
        CloseReason::Unconfirmed => {
            "we closed first, and the server ended without close_notify: its answer may be incomplete"
        }
        _ => "the server closed first: it may not have answered all of stdin",
    }
}

/// Runs the first session and those of `--reconnect`. Stops after the first one that fails.
fn sessions(cli: &Cli, output: SharedOutput, start: Instant) -> Result<Outcome, Failure> {
    let Shown { mut observer, hooks } =
        shown(cli, start).map_err(|error| Failure::Configuration(error.to_string()))?;
    let plan = setup::plan(cli, &hooks)?;
    let mut event_loop = EventLoop::new(observer.as_mut(), output)?;
    let mut outcome = event_loop.run(&plan)?;
    for _ in 0..cli.reconnect {
        if outcome.interrupted || ExitStatus::from(&outcome.reason) != ExitStatus::Clean {
            break;
        }
        outcome = event_loop.run(&plan)?;
    }
    Ok(outcome)
}

/// Creates the observers: the log, the status line if the terminal shows nothing else, and the sinks that the flags
/// name.
fn shown(cli: &Cli, start: Instant) -> Result<Shown, ShowError> {
    let mut log: Box<dyn Observer> = Box::new(Reporter::new(cli.endings()).beside_trace(cli.show.traces()));
    if cli.verbosity.steps() >= 0 && stderr::can_show_status() && !cli.show.traces() {
        log = Box::new((Waiting::default(), log));
        if cli.interactive && !io::stdout().is_terminal() {
            log = Box::new((Progress::of(io::stdin().as_fd()), log));
        }
    }
    if cli.reconnect > 0 {
        log = Box::new((Handshakes::default(), log));
    }
    cli.show.open(log, &cli.endings(), start)
}
