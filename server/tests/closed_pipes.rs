//! Whoever stops reading what the server says does not stop the server.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::io::{self, BufRead, BufReader};

use testing::echo_server::{EchoServer, listening_on};
use testing::folder::TempDir;
use testing::program::Launch;

/// `mio-server 2>&1 | sed '/listening/q'`, with `merged` for the `2>&1`.
fn server_whose_stderr_is_read_up_to_the_first_lines(merged: bool) -> EchoServer {
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
    // Here the only reader is closed: every line from now on meets a broken pipe.
}

#[test]
fn a_closed_stderr_ends_nobody() {
    let mut server = server_whose_stderr_is_read_up_to_the_first_lines(false);
    server.serves_a_client();
    server.serves_a_client();
    server.program.interrupt();
    server.program.expect_exit(0);
}

#[test]
fn closed_together_stdout_and_stderr_end_nobody() {
    let server = server_whose_stderr_is_read_up_to_the_first_lines(true);
    server.serves_a_client();
    server.serves_a_client();
}

#[test]
fn help_into_a_closed_pipe_is_no_error() {
    let folder = TempDir::new();
    let (reader, writer) = io::pipe().unwrap();
    drop(reader);
    let mut help = Launch::server(folder.path()).args(["--help"]).stdout(writer).start();
    help.expect_exit(0);
    assert_eq!(help.stderr.text(), "");
}
