//! Measures the speed of the client, next to other clients: a pipe through the echo server, and a short session.
//!
//! ```text
//! cargo bench -p mio-client                     1 GiB five times, 50 sessions
//! cargo bench -p mio-client -- --quick          64 MiB twice, 10 sessions
//! ```
//!
//! - **pipe**: a file of zeros goes to stdin, through TLS to `mio-server` and back to stdout, which this program reads.
//!   The run ends with the last byte, because some clients do not exit then. A client that loses bytes or stalls has
//!   no figure.
//! - **session**: from the start of the client to its exit, with one session that sends nothing.
//!
//! Each round runs every client once, and ratios are taken within a round. The client has a core to itself. The server
//! and this program share another core.

mod programs;

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use clap::Parser;
use testing::cpu;
use testing::echo_server::EchoServer;
use testing::figures::Spread;

use crate::programs::{PROGRAMS, Program};

/// The core of the server and of this program, and the core of the clients.
const SERVER_CORE: usize = 0;
const CLIENT_CORE: usize = 1;

/// The length of the server's greeting.
const GREETING: u64 = 9;

/// A client that brings nothing for this long has stalled.
const STALLED: Duration = Duration::from_secs(10);

/// The command line of the benchmark, after the `--` of `cargo bench`.
#[derive(Parser, Debug)]
struct Options {
    /// Less data, fewer rounds
    #[arg(long)]
    quick: bool,

    /// How often each client carries the file [default: 5; quick 2]
    #[arg(long, value_name = "N")]
    rounds: Option<usize>,

    /// `cargo bench` passes this; `cargo test` does not.
    #[arg(long, hide = true)]
    bench: bool,
}

/// The times of one run of one client.
#[derive(Clone, Copy)]
struct Run {
    wall: Duration,
    cpu: Duration,
}

fn main() -> ExitCode {
    let options = Options::parse();
    if !options.bench {
        println!("nothing measured: the benchmark runs with `cargo bench -p mio-client`");
        return ExitCode::SUCCESS;
    }
    match run(&options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("benchmark: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> io::Result<()> {
    cpu::pin_this_process(SERVER_CORE)?; // the server, its child, inherits this
    let server = EchoServer::start(&[]);
    let programs: Vec<_> = PROGRAMS.iter().filter(|program| program.is_installed()).collect();

    let size: u64 = if options.quick { 1 << 26 } else { 1 << 30 };
    let file = server.folder.path().join("zeros");
    File::create(&file)?.set_len(size)?;
    io::copy(&mut File::open(&file)?, &mut io::sink())?; // load the page cache before the first run
    let rounds = options.rounds.unwrap_or(if options.quick { 2 } else { 5 });
    println!("pipe: {} MiB there and back, {rounds} rounds", size >> 20);
    compare(&programs, rounds, |program| {
        let command = program.command(program.pipe, &server, CLIENT_CORE);
        pipe(command, &file, size)
    });

    let sessions = if options.quick { 10 } else { 50 };
    let short: Vec<_> = programs.into_iter().filter(|program| program.session.is_some()).collect();
    println!("session: one that sends nothing, {sessions} rounds");
    compare(&short, sessions, |program| {
        session(program.command(program.session.unwrap_or_default(), &server, CLIENT_CORE))
    });
    Ok(())
}

/// Runs all clients in turn. Prints their medians, and the ratios to the first client, which is ours.
fn compare(programs: &[&Program], rounds: usize, mut run: impl FnMut(&Program) -> io::Result<Run>) {
    let mut results: Vec<io::Result<Vec<Run>>> = programs.iter().map(|_| Ok(Vec::new())).collect();
    for round in 0..rounds {
        for position in 0..programs.len() {
            let position = (position + round) % programs.len();
            let Ok(runs) = &mut results[position] else { continue };
            match run(programs[position]) {
                Ok(run) => runs.push(run),
                Err(error) => results[position] = Err(error),
            }
        }
    }
    let ours = results[0].as_deref().unwrap_or_default();
    for (program, result) in programs.iter().zip(&results) {
        match result {
            Ok(runs) => println!("  {:<12} {}", program.name, line(runs, ours)),
            Err(error) => println!("  {:<12} {error}", program.name),
        }
    }
}

fn line(runs: &[Run], ours: &[Run]) -> String {
    let figure = |name: &str, get: fn(&Run) -> Duration| {
        let values = |runs: &[Run]| runs.iter().map(|run| get(run).as_secs_f64() * 1e3).collect::<Vec<_>>();
        let (values, ours) = (values(runs), values(ours));
        let ratio = Spread::of_ratios(&values, &ours)?;
        let median = Spread::of(values)?.median;
        Some(format!("{name} {median:7.1} ms, {:.2} [{:.2}-{:.2}]", ratio.median, ratio.low, ratio.high))
    };
    let figures = [figure("wall", |run| run.wall), figure("client CPU", |run| run.cpu)];
    figures.into_iter().flatten().collect::<Vec<_>>().join("    ")
}

/// Sends the file through one client. Ends when all of it has come back.
fn pipe(mut command: Command, file: &Path, size: u64) -> io::Result<Run> {
    command.stdin(File::open(file)?).stdout(Stdio::piped()).stderr(Stdio::null());
    let start = Instant::now();
    let mut child = command.spawn()?;
    let counted = count(&mut child, size + GREETING);
    let wall = start.elapsed();
    let cpu = cpu::time_of(child.id());
    let _ = child.kill(); // some clients wait for the server to close first
    child.wait()?;
    counted?;
    Ok(Run { wall, cpu: cpu? })
}

/// Counts the bytes that a child writes, until they are this many.
fn count(child: &mut Child, expected: u64) -> io::Result<()> {
    let mut stdout = child.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;
    let (send, receive) = mpsc::channel();
    thread::spawn(move || {
        let mut buffer = vec![0; 1 << 20];
        while let Ok(length @ 1..) = stdout.read(&mut buffer) {
            if send.send(length as u64).is_err() {
                return;
            }
        }
    });
    let mut counted = 0;
    while counted < expected {
        counted += receive.recv_timeout(STALLED).map_err(|error| {
            let how = match error {
                mpsc::RecvTimeoutError::Timeout => "stalls",
                mpsc::RecvTimeoutError::Disconnected => "ends",
            };
            io::Error::other(format!("{how} after {counted} of {expected} bytes"))
        })?;
    }
    Ok(())
}

/// Runs one client from its start to its exit.
fn session(mut command: Command) -> io::Result<Run> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let start = Instant::now();
    let mut child = command.spawn()?;
    if let Some(mut stdout) = child.stdout.take() {
        stdout.read_to_end(&mut Vec::new())?; // stdout ends when the client exits
    }
    let wall = start.elapsed();
    let cpu = cpu::time_of(child.id())?; // before `wait`, which removes the process and its times
    let status = child.wait()?;
    if status.success() { Ok(Run { wall, cpu }) } else { Err(io::Error::other(status.to_string())) }
}
