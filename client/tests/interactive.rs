//! `mio-client -i`: stdin goes to the server, and the whole answer to stdout.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::fs::File;

use testing::echo_server::EchoServer;
use testing::peer::End;
use testing::program::{Launch, Program};
use testing::test_server::session;

const GREETING: &[u8] = b"welcome!\n";

/// More than all buffers of an echo hold, so that both directions must work at the same time.
fn large() -> Vec<u8> {
    (0..32 << 20).map(|position: u32| (position ^ (position >> 11)) as u8).collect()
}

fn interactive(server: &EchoServer) -> Launch {
    server.client(&["-i"])
}

fn assert_everything_came_back(mut client: Program, sent: &[u8]) {
    client.expect_exit(0);
    let output = client.stdout.bytes();
    let (greeting, echo) = output.split_at(GREETING.len());
    assert_eq!(greeting, GREETING);
    assert!(echo == sent, "{} bytes sent, {} came back", sent.len(), echo.len());
}

#[test]
fn a_file_comes_back_whole() {
    let server = EchoServer::start(&[]);
    let content = large();
    let path = server.folder.path().join("content");
    std::fs::write(&path, &content).unwrap();
    let client = interactive(&server).stdin(File::open(&path).unwrap()).start();
    assert_everything_came_back(client, &content);
}

#[test]
fn the_closing_line_has_grouped_numbers_and_the_rate() {
    let server = EchoServer::start(&[]);
    let path = server.folder.write("content", "x".repeat(200_000));
    let mut client = interactive(&server).stdin(File::open(path).unwrap()).start();
    client.expect_exit(0);
    let line = client.stderr.wait_for_line("closed cleanly");
    let (_, traffic) = line.split_once("; ").unwrap();
    assert!(traffic.starts_with("200,009 bytes received, 200,000 sent, in "), "{line}");
    assert!(traffic.ends_with("iB/s)"), "{line}");
    assert_eq!(client.stdout.bytes().len(), 200_009, "stdout has nothing but the answer");
}

#[test]
fn an_empty_stdin_closes_at_once() {
    let server = EchoServer::start(&[]);
    let client = interactive(&server).stdin(File::open("/dev/null").unwrap()).start();
    assert_everything_came_back(client, b"");
}

#[test]
fn typed_lines_come_back_while_stdin_is_open() {
    let server = EchoServer::start(&[]);
    let mut client = interactive(&server).start();
    for line in ["first\n", "second\n", "third\n"] {
        client.type_in(line);
        client.stdout.wait_for_text(line);
    }
    client.end_stdin();
    assert_everything_came_back(client, b"first\nsecond\nthird\n");
}

/// Half-close: the server answers after the client's close_notify.
#[test]
fn the_answer_may_follow_the_end_of_stdin() {
    let (mut client, mut session) = session(&["-i"]);
    client.type_in("question");
    client.end_stdin();
    assert_eq!(session.receive_to_end(), (b"question".to_vec(), End::CloseNotify));
    session.send(b"answer");
    session.close_notify();
    client.expect_exit(0);
    assert_eq!(client.stdout.text(), "answer");
}

#[test]
fn a_server_that_closes_first_is_reported() {
    let (mut client, mut session) = session(&["-i"]);
    session.send(b"that is all");
    session.close_notify();
    client.expect_exit(4);
    let last = client.stderr.wait_for_line("mio-client: ");
    assert!(last.ends_with("the server closed first: it may not have answered all of stdin"), "{last}");
    assert_eq!(client.stdout.text(), "that is all");
}

#[test]
fn an_answer_without_close_notify_is_reported() {
    let (mut client, mut session) = session(&["-i"]);
    client.end_stdin();
    assert_eq!(session.receive_to_end(), (vec![], End::CloseNotify));
    session.send(b"half an ans");
    session.fin();
    client.expect_exit(4);
    let last = client.stderr.wait_for_line("mio-client: ");
    let said = "we closed first, and the server ended without close_notify: its answer may be incomplete";
    assert!(last.ends_with(said), "{last}");
    assert_eq!(client.stdout.text(), "half an ans");
}

#[test]
fn an_unreadable_stdin_is_an_error() {
    let server = EchoServer::start(&[]);
    let mut client = interactive(&server).stdin(File::open(server.folder.path()).unwrap()).start();
    client.expect_exit(1);
    client.stderr.wait_for_line("mio-client: cannot read stdin: ");
    let line = server.log().wait_for_line("WARN ");
    assert!(!line.contains("cleanly"), "the server must not take this for the end of the data: {line}");
}

#[test]
fn a_signal_closes_gracefully_while_stdin_is_open() {
    let server = EchoServer::start(&[]);
    let mut client = interactive(&server).start();
    client.type_in("a line\n");
    client.stdout.wait_for_text("welcome!\na line\n");
    client.interrupt();
    client.expect_exit(130);
    let last = client.stderr.wait_for_line("mio-client: ");
    assert!(last.ends_with("interrupted: 7 bytes went to the server, 16 came from it"), "{last}");
    server.log().wait_for_line("closed cleanly, the client first");
}
