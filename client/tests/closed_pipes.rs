//! Whoever stops reading what the client says ends it without a panic.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::io::{self, Write as _};

use testing::peer::End;
use testing::test_server::TestServer;

#[test]
fn a_closed_stdout_closes_the_session_gracefully() {
    let server = TestServer::new();
    let (reader, writer) = io::pipe().unwrap();
    let probe = writer.try_clone().unwrap();
    let mut client = server.client().args(["--linger", "off"]).stdout(writer).start();
    let mut session = server.accept();
    drop(reader);
    wait_until_nobody_reads(probe);
    session.send(b"for nobody");
    assert_eq!(session.receive_to_end(), (vec![], End::CloseNotify));
    client.expect_exit(0); // whether or not the server closes too
    assert!(!client.stderr.text().contains("panicked"));
}

/// The client has said everything and hears the answer out; with nobody to show it to, it does not.
#[test]
fn a_closed_stdout_ends_an_answer_that_has_no_end() {
    let server = TestServer::new();
    let (reader, writer) = io::pipe().unwrap();
    let probe = writer.try_clone().unwrap();
    let mut client = server.client().args(["-i"]).stdout(writer).start();
    let mut session = server.accept();
    client.end_stdin();
    drop(reader);
    wait_until_nobody_reads(probe);
    while session.try_send(b"and so on and so forth") {}
    client.expect_exit(0);
    assert_eq!(client.stderr.lines("mio-client: "), Vec::<String>::new());
}

/// Another test may be starting a child just now, which holds a copy of the reader between its fork and its exec.
fn wait_until_nobody_reads(mut pipe: io::PipeWriter) {
    while pipe.write(b"?").is_ok() {}
}

#[test]
fn a_closed_stderr_changes_nothing() {
    let server = TestServer::new();
    let (reader, writer) = io::pipe().unwrap();
    drop(reader);
    let mut client = server.client().args(["--linger", "0s", "-vv"]).stderr(writer).start();
    let mut session = server.accept();
    session.send(b"first");
    assert_eq!(session.receive_to_end(), (vec![], End::CloseNotify));
    session.close_notify();
    client.expect_exit(0);
    assert_eq!(client.stdout.text(), "first");
}

#[test]
#[cfg(target_os = "linux")] // which has /dev/full
fn a_full_disk_is_said_and_the_session_closed_gracefully() {
    let server = TestServer::new();
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let mut client = server.client().args(["--linger", "off"]).stdout(full).start();
    let mut session = server.accept();
    session.send(b"too much");
    assert_eq!(session.receive_to_end(), (vec![], End::CloseNotify));
    client.expect_exit(1);
    client.stderr.wait_for_line("mio-client: cannot write to stdout: No space left");
}
