//! The reader of the client's stdout or stderr closes the pipe, is slow, or does not read.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::io::{self, PipeReader, Write as _};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::thread;

use testing::echo_server::EchoServer;
use testing::peer::{End, TlsServer};
use testing::program::{Output, Program};
use testing::test_server::TestServer;

#[test]
fn a_closed_stdout_closes_the_session_gracefully() {
    let server = TestServer::new();
    let (reader, writer) = io::pipe().unwrap();
    let probe = writer.try_clone().unwrap();
    let mut client = server.client().args(["--linger", "off"]).stdout(writer).start();
    let mut session = server.accept();
    drop(reader);
    wait_until_unread(probe);
    session.send(b"unread");
    assert_eq!(session.receive_to_end(), (vec![], End::CloseNotify));
    client.expect_exit(0); // whether or not the server closes too
    assert!(!client.stderr.text().contains("panicked"));
}

/// The client has finished sending and receives the answer. If stdout is closed, it does not wait for the end of the
/// answer.
#[test]
fn a_closed_stdout_ends_an_endless_answer() {
    let server = TestServer::new();
    let (reader, writer) = io::pipe().unwrap();
    let probe = writer.try_clone().unwrap();
    let mut client = server.client().args(["-i"]).stdout(writer).start();
    let mut session = server.accept();
    client.end_stdin();
    drop(reader);
    wait_until_unread(probe);
    while session.try_send(b"more and more") {}
    client.expect_exit(0);
    assert_eq!(client.stderr.lines("mio-client: "), Vec::<String>::new());
}

/// Waits until no process has the reader. A child of another test holds a copy of it between fork and exec.
fn wait_until_unread(mut pipe: io::PipeWriter) {
    while pipe.write(b"?").is_ok() {}
}

#[test]
#[cfg(target_os = "linux")] // which has /dev/full
fn a_full_disk_is_reported_and_the_session_closes_gracefully() {
    let server = TestServer::new();
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let mut client = server.client().args(["--linger", "off"]).stdout(full).start();
    let mut session = server.accept();
    session.send(b"too much");
    assert_eq!(session.receive_to_end(), (vec![], End::CloseNotify));
    client.expect_exit(1);
    client.stderr.wait_for_line("mio-client: cannot write to stdout: No space left");
}

/// The line of the trace when the session stops reading.
const STOPPED: &str = "\"event\":\"interest\",\"source\":\"session\",\"readable\":false";

/// More than the pipe and the client's queue hold.
const TOO_MUCH: usize = 1 << 20;

/// A client whose server sends too much and whose stdout is not read.
fn client_with_stuck_stdout(arguments: &[&str]) -> (Program, TlsServer, PipeReader) {
    let server = TestServer::new();
    let (reader, writer) = io::pipe().unwrap();
    let arguments = [&["--trace=json", "--linger", "off"], arguments].concat();
    let client = server.client().args(arguments).stdout(writer).start();
    let mut session = server.accept();
    session.send_in_background(&vec![b'~'; TOO_MUCH]);
    client.stderr.wait_for_line(STOPPED);
    (client, session, reader)
}

#[test]
fn a_signal_ends_a_client_with_stuck_stdout() {
    for signal in ["INT", "TERM"] {
        let (mut client, _session, _reader) = client_with_stuck_stdout(&["--close-timeout", "100ms"]);
        client.signal(signal);
        client.expect_exit(130);
        client.stderr.wait_for_line("stdout had no reader: ");
    }
}

#[test]
fn a_deadline_ends_a_client_with_stuck_stdout() {
    for timeout in ["--session-timeout", "--idle-timeout"] {
        let arguments = [timeout, "1s", "--close-timeout", "100ms"];
        let (mut client, _session, _reader) = client_with_stuck_stdout(&arguments);
        client.expect_exit(5);
    }
}

#[test]
fn a_late_reader_of_stdout_gets_everything() {
    let server = TestServer::new();
    let (reader, writer) = io::pipe().unwrap();
    let mut client = server.client().args(["--trace=json"]).stdout(writer).start();
    let mut session = server.accept();
    let answer: Vec<u8> = (0..100_000_u32).map(|position| (position >> 3) as u8).collect();
    session.send(&answer);
    session.close_notify();
    client.stderr.wait_for_line("\"event\":\"closed\"");
    let stdout = Output::collect(reader);
    stdout.wait_for_bytes(&answer);
    client.expect_exit(0);
    assert_eq!(stdout.length(), answer.len());
}

/// The session has ended, so no deadline of the session applies to the data in the queue.
#[test]
fn a_stdout_that_is_never_read_loses_the_rest_with_an_error() {
    let server = TestServer::new();
    let (_reader, writer) = io::pipe().unwrap();
    let mut client = server.client().args(["--idle-timeout", "100ms"]).stdout(writer).start();
    let mut session = server.accept();
    session.send(&[b'~'; 100_000]);
    session.close_notify();
    client.expect_exit(5);
    client.stderr.wait_for_line("stdout had no reader: ");
}

/// The socket stands for any descriptor that a parent has made non-blocking.
#[test]
fn a_non_blocking_stdout_gets_everything() {
    let server = EchoServer::start(&["--greeting", ""]);
    let (reader, writer) = UnixStream::pair().unwrap();
    writer.set_nonblocking(true).unwrap();
    let mut client = server.client(&["-i", "--trace=json"]).stdout(OwnedFd::from(writer)).start();
    let content: Vec<u8> = (0..8 << 20).map(|position: u32| (position ^ (position >> 11)) as u8).collect();
    let mut stdin = client.take_stdin();
    let writing = {
        let content = content.clone();
        thread::spawn(move || stdin.write_all(&content).unwrap())
    };
    client.stderr.wait_for_line(STOPPED);
    let stdout = Output::collect(reader);
    stdout.wait_for_bytes(&content);
    client.expect_exit(0);
    writing.join().unwrap();
}

#[test]
fn an_unread_trace_stops_the_session_and_loses_no_line() {
    let server = TestServer::new();
    let (reader, writer) = io::pipe().unwrap();
    let arguments = ["--trace=json", "--linger", "off", "--tls", "1.3"];
    let mut client = server.client().args(arguments).stderr(writer).start();
    let mut session = server.accept();
    for _ in 0..20_000 {
        session.send(b"~"); // the server does not block: the socket takes it
    }
    session.fin();
    let trace = Output::collect(reader);
    client.expect_exit(4);
    trace.wait_for_end();
    let bytes = |line: String| -> usize {
        let (_, rest) = line.split_once("\"bytes\":").unwrap();
        rest.split(',').next().unwrap().parse().unwrap()
    };
    let plaintext = trace.lines("\"event\":\"plaintext_in\"");
    assert_eq!(plaintext.into_iter().map(bytes).sum::<usize>(), 20_000);
    assert_eq!(trace.lines("missing here"), Vec::<String>::new());
}

#[test]
fn a_signal_ends_a_client_with_a_stuck_trace() {
    const RECORDS: usize = 10_000;
    let server = TestServer::new();
    let (_reader, writer) = io::pipe().unwrap();
    let arguments = ["--trace=json", "--linger", "off", "--close-timeout", "3s"]; // enough time to read everything
    let mut client = server.client().args(arguments).stderr(writer).start();
    let mut session = server.accept();
    for _ in 0..RECORDS {
        session.send(b"~"); // the trace has a hundred bytes for each record
    }
    client.interrupt();
    client.expect_exit(130);
    assert!(client.stdout.length() < RECORDS, "the session did not stop");
}
