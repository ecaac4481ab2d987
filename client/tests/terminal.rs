//! Clients whose stdout and stderr are the same terminal.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::fs::File;

use testing::peer::TlsServer;
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
