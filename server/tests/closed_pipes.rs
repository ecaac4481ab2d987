//! The server continues if its stderr is closed or not read.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, PipeReader};
use std::process::Command;
use std::thread;
use std::time::Instant;

use testing::LIMIT;
use testing::echo_server::{EchoServer, listening_on};
use testing::folder::TempDir;
use testing::program::{Launch, Output};

/// `mio-server 2>&1 | sed '/listening/q'`, with `merged` for the `2>&1`.
fn server_with_closed_stderr(merged: bool) -> EchoServer {
    let folder = TempDir::new();
    let (reader, writer) = io::pipe().unwrap();
    let mut launch = Launch::server(folder.path());
    if merged {
        launch = launch.stdout(writer.try_clone().unwrap());
    }
    let program = launch.stderr(writer).start();
    let mut lines = BufReader::new(reader).lines().map(Result::unwrap);
    let line = lines.find(|line| line.contains("listening on ")).unwrap();
    EchoServer { program, address: listening_on(&line), folder }
    // The only reader is closed here: every later write fails with EPIPE.
}

#[test]
fn closed_stdout_and_stderr_do_not_end_the_server() {
    for merged in [false, true] {
        let mut server = server_with_closed_stderr(merged);
        server.serves_a_client();
        server.serves_a_client();
        server.program.interrupt();
        server.program.expect_exit(0);
    }
}

/// A server whose stderr is an open pipe that is not read any more.
fn server_with_stuck_stderr(arguments: &[&str]) -> (EchoServer, PipeReader) {
    let folder = TempDir::new();
    let (reader, writer) = io::pipe().unwrap();
    let program = Launch::server(folder.path()).args(arguments).stderr(writer).start();
    let mut lines = BufReader::new(reader);
    let mut line = String::new();
    while !line.contains("listening on ") {
        line.clear();
        lines.read_line(&mut line).unwrap();
    }
    (EchoServer { program, address: listening_on(&line), folder }, lines.into_inner())
}

/// Fills the pipe and the server's queue.
fn fill_the_trace(server: &EchoServer) {
    for _ in 0..100 {
        server.serves_a_client();
    }
}

#[test]
fn an_unread_stderr_stops_neither_sessions_nor_signals() {
    let (mut server, _reader) = server_with_stuck_stderr(&["--trace"]);
    fill_the_trace(&server);
    server.program.interrupt();
    server.program.expect_exit(0);
}

#[test]
fn lost_lines_are_counted_when_stderr_is_read_again() {
    let (server, reader) = server_with_stuck_stderr(&["--trace"]);
    fill_the_trace(&server);
    let log = Output::collect(reader);
    log.wait_for_line(" lines are missing here: stderr took no more");
    let length = log.length();
    server.serves_a_client();
    log.wait_for_line_after(length, "closed cleanly");
    // The beginning of the first line was read before.
    for line in log.text().lines().skip(1) {
        assert!(line.starts_with('+') || line.starts_with("20"), "{line}");
    }
}

/// The limit of the file size replaces a full disk. Raising it replaces free space.
#[test]
#[ignore = "needs prlimit(1)"]
fn after_a_full_disk_the_log_continues_on_a_new_line() {
    let folder = TempDir::new();
    let path = folder.path().join("log");
    let log = File::create(&path).unwrap();
    let launch = Launch::server(folder.path()).in_shell("ulimit -S -f 16").args(["--trace"]).stderr(log);
    let program = launch.start();
    // The end of the file may be in the middle of a character.
    let text = || String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned();
    let wait_for = |part: &str| {
        let start = Instant::now();
        while !text().contains(part) {
            assert!(start.elapsed() < LIMIT, "{}", text());
            thread::yield_now(); // no event reports a write to a file
        }
    };
    wait_for("listening on ");
    let line = text().lines().find(|line| line.contains("listening on ")).unwrap().to_owned();
    let server = EchoServer { program, address: listening_on(&line), folder };
    fill_the_trace(&server);
    // The file probably ends in the middle of a line now.
    let pid = server.program.id().to_string();
    assert!(Command::new("prlimit").args(["--fsize=unlimited", "--pid", &pid]).status().unwrap().success());
    wait_for(" lines are missing here: stderr took no more\n");
    // The first line explains the signs of the trace.
    for line in text().lines().skip(1) {
        assert!(line.starts_with('+') || line.starts_with("20"), "{line}");
        let count = line.find(" lines are missing here");
        assert!(count.is_none_or(|at| at < "2026-11-23T05:55:00.123Z WARN  1234567".len()), "{line}");
    }
}

#[test]
fn help_into_a_closed_pipe_is_not_an_error() {
    let folder = TempDir::new();
    let (reader, writer) = io::pipe().unwrap();
    drop(reader);
    let mut help = Launch::server(folder.path()).args(["--help"]).stdout(writer).start();
    help.expect_exit(0);
    assert_eq!(help.stderr.text(), "");
}
