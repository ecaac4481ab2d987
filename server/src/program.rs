//! The program around the loop.

use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use identity::LastPresented;
use program::command_line;
use program::ending::Endings;
use program::exit::{self, ExitStatus};
use program::observer::{LoopEvent, Observer};
use program::reporter::Reporter;
use program::{logging, stderr};
use rustls::Side;
use show::args::Shown;

use crate::certificates::Certificates;
use crate::flags::{self, Flags};
use crate::service::Service;
use crate::setup;
use crate::status::Status;

/// The text of `--version`. `build.rs` sets the commit and the libraries.
pub const VERSIONS: &str = concat!(env!("CARGO_PKG_VERSION"), env!("COMMIT"), "\n", env!("LIBRARIES"));

/// A server without flags of its own.
#[derive(Parser, Debug)]
#[command(version, long_version = VERSIONS, about = "A TLS server with the flags of mio-server", long_about = None)]
#[command(max_term_width = 100, after_help = exit::TABLE)]
struct Cli {
    #[command(flatten)]
    flags: Flags,
}

/// Parses the arguments of the program `name`, and checks them with `check`. For flags of other servers, the error names
/// the flag to use instead.
///
/// # Errors
/// The exit status. Help, version or the error has been printed.
pub fn parse<P: Parser>(
    name: &'static str,
    check: impl FnOnce(&P) -> Result<(), String>,
) -> Result<P, ExitStatus> {
    command_line::parse(name, flags::flag_advice, check)
}

/// Runs a server for this service, with the flags of `mio-server` except those of the echo. The help, the
/// version and the last line of a program that fails show `name`.
pub fn run(name: &'static str, service: impl Service) -> ExitCode {
    match parse(name, |cli: &Cli| cli.flags.check()) {
        Ok(cli) => run_with(name, &cli.flags, service),
        Err(status) => status.into(),
    }
}

/// Runs a server for this service, with parsed flags.
pub fn run_with(name: &str, flags: &Flags, service: impl Service) -> ExitCode {
    let start = Instant::now();
    flags.show.shape_log(start);
    logging::init(name, flags.verbosity.steps());
    let status = match serve(flags, service, start) {
        Ok(()) => ExitStatus::Clean,
        Err(message) => {
            logging::fail(name, &message);
            ExitStatus::Configuration
        }
    };
    stderr::finish();
    status.into()
}

fn serve(flags: &Flags, service: impl Service, start: Instant) -> Result<(), String> {
    let presented = flags.show_certs.then(LastPresented::default);
    let Shown { mut observer, hooks } = shown(flags, presented.clone(), start)?;
    let (event_loop, address) = setup::event_loop(flags, &hooks, presented.as_ref(), service)?;
    let load = || setup::terms_again(flags, &hooks, presented.as_ref());
    observer.event_loop(Instant::now(), &LoopEvent::Listening(address));
    event_loop.run(&load, observer.as_mut()).map_err(|error| format!("the event loop failed: {error}"))
}

/// Creates the observers: the log, the status line if the terminal shows nothing else, the certificates of clients, and
/// the sinks that the flags name.
fn shown(flags: &Flags, presented: Option<LastPresented>, start: Instant) -> Result<Shown, String> {
    let endings = Endings::new(Side::Server, flags.tls.offer(flags.alpn.clone()));
    let log = Box::new(Reporter::new(endings.clone()).beside_trace(flags.show.traces()));
    let shows_more = flags.show.traces() || flags.show_certs;
    let has_status_line = flags.verbosity.steps() > 0 && stderr::can_show_status() && !shows_more;
    let mut log: Box<dyn Observer> = if has_status_line { Box::new((Status::default(), log)) } else { log };
    if let Some(presented) = presented {
        let certificates = Certificates::new(presented, endings.clone())
            .map_err(|error| format!("--show-certs: cannot write to stdout: {error}"))?;
        log = Box::new((log, certificates));
    }
    flags.show.open(log, &endings, start).map_err(|error| error.to_string())
}
