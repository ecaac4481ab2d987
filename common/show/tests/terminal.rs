//! Colours on terminals. Some tests need script(1) of util-linux, which makes a terminal.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

use std::env;
use std::process::Command;
use std::time::Instant;

use clap::Parser;
use program::observer::LoopEvent;
use rustls::Side;
use show::trace::TraceArgs;

#[derive(Parser)]
struct Cli {
    #[command(flatten)]
    trace: TraceArgs,
}

/// Not a test: the program that the tests run in a terminal. Its line says "woke", which is bold.
#[test]
#[ignore = "run by the other tests"]
fn trace_one_line() {
    let Ok(argument) = env::var("TRACE_ARGUMENT") else { return };
    let cli = Cli::parse_from(["program", &argument]);
    let start = Instant::now();
    let mut trace = cli.trace.open(&program::ending::Endings::of(Side::Client), start).unwrap().unwrap();
    trace.event_loop(start, &LoopEvent::Woke { events: 1, timeout: None });
}

/// Returns the line that a terminal gets if these variables are set.
fn in_terminal(argument: &str, variables: &[(&str, &str)]) -> String {
    let this = env::current_exe().unwrap();
    let command = format!("'{}' --exact trace_one_line --ignored --nocapture", this.display());
    let output = Command::new("script")
        .args(["--quiet", "--return", "--command", &command, "/dev/null"])
        .env_remove("NO_COLOR")
        .env("TERM", "xterm")
        .env("TRACE_ARGUMENT", argument)
        .envs(variables.iter().copied())
        .output()
        .unwrap();
    let output = String::from_utf8(output.stdout).unwrap();
    output.lines().find(|line| line.contains("woke")).unwrap().trim_end().to_owned()
}

#[test]
#[ignore = "needs script(1)"]
fn a_terminal_gets_colours_unless_it_is_dumb_or_no_color_is_set() {
    let coloured = |variables| in_terminal("--trace", variables).contains("\x1b[1mwoke");
    assert!(coloured(&[]));
    assert!(coloured(&[("NO_COLOR", "")]));
    for variable in [("NO_COLOR", "1"), ("NO_COLOR", "0"), ("TERM", "dumb")] {
        let line = in_terminal("--trace", &[variable]);
        assert_eq!(line, "+    0.000 loop ┌ woke                  1 event", "{variable:?}");
    }
    assert!(in_terminal("--trace=json", &[]).starts_with("{\"t_ns\":0,"));
}

#[test]
fn a_pipe_gets_no_colours() {
    let output = Command::new(env::current_exe().unwrap())
        .args(["--exact", "trace_one_line", "--ignored", "--nocapture"])
        .env("TRACE_ARGUMENT", "--trace")
        .env_remove("NO_COLOR")
        .env("TERM", "xterm")
        .output()
        .unwrap();
    assert_eq!(output.stderr, "+    0.000 loop ┌ woke                  1 event\n".as_bytes());
}
