//! How fast the client is, beside others that do the same: a pipe through the echo server, and a short session.
//!
//! ```text
//! cargo bench -p mio-client                     1 GiB five times, 50 sessions
//! cargo bench -p mio-client -- --quick          64 MiB twice, 10 sessions
//! ```
//!
//! - **pipe**: a file of zeros at stdin, TLS to `mio-server` and back, stdout counted here. It is over when the last
//!   byte is back, because not all of these programs end then; one that loses bytes or stalls has no figure.
//! - **session**: from the start of the program to its end, one session that says nothing.
//!
//! The programs take turns within a round, and ratios are taken within it. The client has a core to itself; the
//! server and this counter share another.

mod programs;

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;
use std::process::{Child, ExitCode, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use clap::Parser;
use testing::cpu;
use testing::echo_server::EchoServer;
use testing::figures::Spread;

use crate::programs::{PROGRAMS, Program};

/// What the server says before it echoes.
const GREETING: u64 = 9;

/// A program that has brought nothing for so long has stalled.
const PATIENCE: Duration = Duration::from_secs(10);

/// The command line of the benchmark, behind the `--` of `cargo bench`.
#[derive(Parser, Debug)]
struct Options {
    /// Less of it
    #[arg(long)]
    quick: bool,

    /// How often each program carries the file [default: 5; quick 2]
    #[arg(long, value_name = "N")]
    rounds: Option<usize>,

    /// Where the server and the counter run
    #[arg(long, value_name = "CORE", default_value_t = 0)]
    server_core: usize,

    /// Where the clients run
    #[arg(long, value_name = "CORE", default_value_t = 1)]
    client_core: usize,

    /// What cargo says when the benchmark is wanted, and not a test.
    #[arg(long, hide = true)]
    bench: bool,
}

/// What one run of one program took.
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
    cpu::pin_this_process(options.server_core)?; // and with it the server, which is its child
    let server = EchoServer::start(&[]);
    let programs: Vec<_> = PROGRAMS.iter().filter(|program| program.is_installed()).collect();

    let size: u64 = if options.quick { 1 << 26 } else { 1 << 30 };
    let file = server.folder.path().join("zeros");
    File::create(&file)?.set_len(size)?;
    io::copy(&mut File::open(&file)?, &mut io::sink())?; // into the page cache, at nobody's expense
    let rounds = options.rounds.unwrap_or(if options.quick { 2 } else { 5 });
    println!("pipe: {} MiB there and back, {rounds} rounds", size >> 20);
    compare(&programs, rounds, |program| pipe(program, &server, &file, size, options));

    let sessions = if options.quick { 10 } else { 50 };
    let short: Vec<_> = programs.into_iter().filter(|program| program.session.is_some()).collect();
    println!("session: one that says nothing, {sessions} rounds");
    compare(&short, sessions, |program| session(program, &server, options));
    Ok(())
}

/// Runs all programs in turn, and prints their medians and how they compare with the first, which is ours.
fn compare(programs: &[&Program], rounds: usize, mut run: impl FnMut(&Program) -> io::Result<Run>) {
    let mut results: Vec<io::Result<Vec<Run>>> = programs.iter().map(|_| Ok(Vec::new())).collect();
    for round in 0..rounds {
        for place in 0..programs.len() {
            let place = (place + round) % programs.len();
            let Ok(runs) = &mut results[place] else { continue };
            match run(programs[place]) {
                Ok(run) => runs.push(run),
                Err(error) => results[place] = Err(error),
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

/// The file through one program. Over when all of it is back.
fn pipe(
    program: &Program,
    server: &EchoServer,
    file: &Path,
    size: u64,
    options: &Options,
) -> io::Result<Run> {
    let mut command = cpu::pinned(options.client_core, program.path());
    command.args(program.arguments(program.pipe, server)).stdin(File::open(file)?).stdout(Stdio::piped());
    let start = Instant::now();
    let mut child = command.stderr(Stdio::null()).spawn()?;
    let counted = count(&mut child, size + GREETING);
    let wall = start.elapsed();
    let cpu = cpu::time_of(child.id());
    let _ = child.kill(); // some wait for the server to close first
    child.wait()?;
    counted?;
    Ok(Run { wall, cpu: cpu? })
}

/// Counts what a child writes, up to this much.
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
        counted += receive.recv_timeout(PATIENCE).map_err(|error| {
            let how = match error {
                mpsc::RecvTimeoutError::Timeout => "stalls",
                mpsc::RecvTimeoutError::Disconnected => "ends",
            };
            io::Error::other(format!("{how} after {counted} of {expected} bytes"))
        })?;
    }
    Ok(())
}

/// One session, from the start of the program to its end.
fn session(program: &Program, server: &EchoServer, options: &Options) -> io::Result<Run> {
    let mut command = cpu::pinned(options.client_core, program.path());
    command.args(program.arguments(program.session.unwrap_or_default(), server));
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let start = Instant::now();
    let mut child = command.spawn()?;
    if let Some(mut stdout) = child.stdout.take() {
        stdout.read_to_end(&mut Vec::new())?; // the end of the program is the end of its stdout
    }
    let wall = start.elapsed();
    let cpu = cpu::time_of(child.id())?; // it has not been waited for, so its times are still there
    let status = child.wait()?;
    if status.success() { Ok(Run { wall, cpu }) } else { Err(io::Error::other(status.to_string())) }
}
