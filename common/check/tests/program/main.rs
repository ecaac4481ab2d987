//! The program `mio-check` as a process: exit statuses, reports, COMMAND, signals.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]
#![allow(dead_code, reason = "the modules of the example, of which a test uses a part")]

#[path = "../../examples/faulty/config.rs"]
mod config;
#[path = "../../examples/faulty/fault.rs"]
mod fault;
#[path = "../../examples/faulty/first_read.rs"]
mod first_read;
#[path = "../../examples/faulty/records.rs"]
mod records;
#[path = "../../examples/faulty/server.rs"]
mod server;
#[path = "../../examples/faulty/session.rs"]
mod session;

mod refusals;
mod reports;
mod verdicts;

use std::env;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use check::wire::{Connection, Server};
use clap::ValueEnum as _;
use fault::Fault;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::NamedTempFile;

/// The longest wait for something that must happen.
const LIMIT: Duration = Duration::from_secs(60);
/// The variables that make `serves` a server.
const FAULT: &str = "CHECK_PROGRAM_FAULT";
const ADDRESS: &str = "CHECK_PROGRAM_ADDRESS";

/// The COMMAND of the other tests is this program with this test alone. So it is always made of the current sources.
#[test]
#[ignore = "a server for the other tests, which start it"]
fn serves() {
    let (Ok(fault), Ok(address)) = (env::var(FAULT), env::var(ADDRESS)) else { return };
    let fault = Fault::from_str(&fault, false).unwrap();
    let config = config::server_config(config::new_identity(None).unwrap(), fault).unwrap();
    let timeouts = match fault {
        Fault::DeadlineUnwrapped => session::Timeouts::all(Duration::from_secs(1)), // shorter than the patience
        _ => session::Timeouts::default(),
    };
    server::Server::bind(address.parse().unwrap(), config, fault, timeouts).unwrap().run().unwrap();
}

/// Another COMMAND: its process ends when a client has sent something.
#[test]
#[ignore = "a server for another test, which starts it"]
fn dies() {
    let Ok(address) = env::var(ADDRESS) else { return };
    for mut socket in TcpListener::bind(address).unwrap().incoming().map(Result::unwrap) {
        if socket.read(&mut [0]).is_ok_and(|length| length > 0) {
            eprintln!("a client!");
            std::process::exit(7);
        }
    }
}

/// COMMAND: an echo server with this fault.
fn command(fault: &str) -> Vec<String> {
    command_of("serves", fault)
}

fn command_of(test: &str, fault: &str) -> Vec<String> {
    let exe = env::current_exe().unwrap().to_str().unwrap().to_owned();
    let variables = [format!("{FAULT}={fault}"), format!("{ADDRESS}={{host}}:{{port}}")];
    let words = [test, "--exact", "--ignored", "--nocapture"].map(str::to_owned);
    let all = ["--", "env"].map(str::to_owned).into_iter().chain(variables).chain([exe]).chain(words);
    all.collect()
}

fn check(flags: &str, command: &[String]) -> Command {
    let mut check = Command::new(env!("CARGO_BIN_EXE_mio-check"));
    check.args(flags.split_whitespace()).args(command).stdin(Stdio::null());
    check
}

/// Runs `mio-check` and returns its exit status, stdout and stderr.
fn run(flags: &str, command: &[String]) -> (i32, String, String) {
    let Output { status, stdout, stderr } = check(flags, command).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (status.code().expect("an exit status"), text(stdout), text(stderr))
}

/// Runs `mio-check` against a server with this fault, which it starts.
fn judge(fault: &str, flags: &str) -> (i32, String, String) {
    run(&format!("127.0.0.1:0 --insecure {flags}"), &command(fault))
}

/// [`judge`] with a report in JSON. Returns the exit status and the report.
fn judge_in_json(fault: &str, flags: &str) -> (i32, Value) {
    let (status, stdout, _) = judge(fault, &format!("--json {flags}"));
    (status, serde_json::from_str(&stdout).unwrap())
}

/// An empty file that ends with its test.
fn temporary_file() -> NamedTempFile {
    tempfile::Builder::new().prefix("check-program-").tempfile().unwrap()
}

fn contains(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part:?} is missing in\n{text}");
    }
}

/// A process that ends with its test.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        self.0.wait().unwrap();
    }
}

fn wait_until(mut is_done: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_done() {
        assert!(start.elapsed() < LIMIT, "it did not happen");
        thread::sleep(Duration::from_millis(5));
    }
}

/// Serves each connection on a thread, with its number. Returns the address.
fn thread_with(serve: impl Fn(TcpStream, usize) + Clone + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for (number, socket) in (1..).zip(listener.incoming()) {
            let serve = serve.clone();
            thread::spawn(move || serve(socket.unwrap(), number));
        }
    });
    address
}
