//! Clients whose stdout and stderr are the same terminal.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::fs::File;
use std::io::Read as _;
use std::time::Instant;

use testing::LIMIT;
use testing::peer::{End, TlsServer};
use testing::program::{Output, Program};
use testing::terminal;
use testing::test_server::TestServer;

/// Starts a client in a terminal.
fn start(server: &TestServer, arguments: &[&str]) -> (Program, File) {
    let (screen, terminal) = terminal::open();
    let client = server
        .client()
        .args(arguments)
        .env("TERM", "xterm")
        .env("NO_COLOR", "1")
        .stdout(terminal.try_clone().unwrap())
        .stderr(terminal)
        .start();
    (client, screen)
}

fn send(mut session: TlsServer, text: &[u8]) {
    session.send(text);
    session.close_after_peer();
}

#[test]
fn a_log_line_after_text_begins_a_new_line_and_no_line_is_empty() {
    for argument in ["-v", "--trace", "--trace=json"] {
        for text in [&b"hello"[..], b"hello\n"] {
            let server = TestServer::new();
            let (mut client, screen) = start(&server, &[argument, "--linger", "0s"]);
            let screen = Output::collect(screen);
            send(server.accept(), text);
            client.expect_exit(0);
            screen.wait_for_end();
            let text = screen.text();
            assert!(text.contains("\nhello\r\n"), "{argument}: {text:?}");
            assert_eq!(text.matches("\r\n\r\n").count(), 0, "{argument}: {text}");
        }
    }
}

/// The line appears half a second after the first data, with the next data.
#[test]
fn the_status_line_of_a_file_shows_its_share() {
    let server = TestServer::new();
    let path = server.folder.write("content", "skipped".to_owned() + &"x".repeat(1000));
    let mut content = File::open(path).unwrap();
    content.read_exact(&mut [0; 7]).unwrap();
    let (screen, terminal) = terminal::open();
    let mut client =
        server.client().args(["-i"]).env("TERM", "xterm").stdin(content).stderr(terminal).start();
    let screen = Output::collect(screen);
    let mut session = server.accept();
    assert_eq!(session.receive_to_end(), (vec![b'x'; 1000], End::CloseNotify));
    let start = Instant::now();
    while !screen.text().contains("100 % of 1000 B sent, ") {
        assert!(start.elapsed() < LIMIT, "{}", screen.text());
        session.send(b".");
    }
    session.close_notify();
    client.expect_exit(0);
    assert!(!client.stdout.text().contains('%'));
}

#[test]
fn the_status_line_does_not_erase_text() {
    let server = TestServer::new();
    let (mut client, screen) = start(&server, &["--linger", "0s", "--reconnect", "1"]);
    let screen = Output::collect(screen);
    send(server.accept(), b"hello");
    send(server.accept(), b"again");
    client.expect_exit(0);
    screen.wait_for_end();
    let text = screen.text();
    assert!(text.contains("hello\r\n"), "{text}");
}
