//! Sessions with the real server, from the first message to the graceful end.
#![allow(clippy::unwrap_used, clippy::panic)]

use testing::binaries::binary;
use testing::echo_server::EchoServer;
use testing::peer::End;
use testing::program::Launch;
use testing::test_server::{TestServer, session};

#[test]
fn the_greeting_goes_to_stdout_and_the_log_to_stderr() {
    let server = EchoServer::start(&[]);
    let mut client = server.client(&[]).start();
    client.expect_exit(0);
    assert_eq!(client.stdout.bytes(), b"welcome!\n");
    let line = client.stderr.wait_for_line("connected:");
    let report = "server localhost authorized (its certificate is in certificates/certificate.pem)";
    assert!(
        line.contains("TLS1.3 TLS_AES_256_GCM_SHA384 X25519MLKEM768, ") && line.contains(report),
        "{line}"
    );
    assert!(line.contains("; the handshake took ") && line.ends_with(" ms"), "{line}");
    let line = client.stderr.wait_for_line("closed cleanly, we first; 9 bytes received, 0 sent, in ");
    assert!(line.ends_with(" s"), "the session lasts three seconds: {line}");
    server.log().wait_for_line("closed cleanly, the client first; 0 bytes received, 9 sent");
}

#[test]
fn a_message_is_sent_unchanged_and_its_echo_shown() {
    let server = EchoServer::start(&["--greeting", ""]);
    let mut client = server.client(&["--message", r"hé\n", "--linger", "0s"]).start();
    client.expect_exit(0);
    assert_eq!(client.stdout.text(), r"hé\n");
}

#[test]
fn the_greeting_is_shown_unchanged() {
    let server = EchoServer::start(&["--greeting", "\x1b[1mé\\n"]);
    let mut client = server.client(&["--linger", "0s"]).start();
    client.expect_exit(0);
    assert_eq!(client.stdout.text(), "\x1b[1mé\\n");
}

#[test]
fn it_does_not_close_before_the_first_message() {
    let (mut client, mut session) = session(&["--linger", "0s", "--message", "hi"]);
    assert_eq!(session.receive(2), b"hi");
    assert!(session.is_silent_for(std::time::Duration::from_millis(300)), "also no close_notify");
    session.send(b"first");
    assert_eq!(session.receive_to_end(), (vec![], End::CloseNotify));
    session.close_notify();
    client.expect_exit(0);
    assert_eq!(client.stdout.text(), "first");
}

#[test]
fn a_target_may_be_an_address_of_either_family() {
    for listen in ["127.0.0.1:0", "[::1]:0"] {
        let server = EchoServer::start_at(listen);
        let target = server.address.to_string();
        let mut client = Launch::client(server.folder.path()).args([&target, "--linger", "0s"]).start();
        client.expect_exit(0);
        assert_eq!(client.stdout.bytes(), b"welcome!\n", "{target}");
        let line = client.stderr.wait_for_line("connected:");
        assert!(line.contains(&format!("server {} authorized", server.address.ip())), "{line}");
    }
}

#[test]
fn sessions_after_the_first_are_resumed() {
    for version in ["1.3", "1.2"] {
        let server = EchoServer::start(&[]);
        let mut client = server.client(&["--reconnect", "2", "--linger", "0s", "--tls", version]).start();
        client.expect_exit(0);
        assert_eq!(client.stdout.bytes(), b"welcome!\nwelcome!\nwelcome!\n");
        let lines = client.stderr.lines("connected:");
        assert_eq!(lines.len(), 3);
        assert!(!lines[0].contains("resumed"), "{lines:#?}");
        for (line, number) in lines[1..].iter().zip(["session 2: ", "session 3: "]) {
            assert!(
                line.contains(number) && line.contains(", resumed, server localhost authorized"),
                "{line}"
            );
            assert!(line.contains(&format!(" TLS{version} ")), "{line}");
        }
        assert_eq!(server.log().wait_for_lines(2, ", resumed, ").len(), 2);
        let text = client.stderr.text();
        let last = text.lines().last().unwrap();
        assert!(
            last.contains(" 3 handshakes: 1 full, median ") && last.contains("; 2 resumed, median "),
            "{text}"
        );
    }
}

/// The summary counts the handshakes of all sessions, also if a later one fails. Without a handshake there is none.
#[test]
fn a_failure_follows_the_summary_of_the_handshakes() {
    let server = TestServer::new();
    let flags = ["--reconnect", "5", "--linger", "0s"];
    let mut client = server.start_client(&flags);
    let mut session = server.accept();
    let target = server.address().to_string();
    let folder = server.into_folder();
    session.send(b"hello");
    session.close_after_peer();
    client.expect_exit(6);
    let text = client.stderr.text();
    let lines: Vec<&str> = text.lines().rev().take(2).collect();
    assert!(lines[0].starts_with("mio-client: "), "{text}");
    assert!(lines[1].contains(" 1 handshake: 1 full, median "), "{text}");

    let mut client = Launch::client(folder.path()).args([target.as_str()]).args(flags).start();
    client.expect_exit(6);
    assert!(!client.stderr.text().contains("handshake"), "{}", client.stderr.text());
}

#[test]
fn the_summary_of_a_client_without_a_reader_of_stderr_is_lost() {
    let server = EchoServer::start(&[]);
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut client = server.client(&["--reconnect", "2", "--linger", "0s", "-vv"]).stderr(writer).start();
    client.expect_exit(0);
    assert_eq!(client.stdout.text(), "welcome!\n".repeat(3));
}

#[test]
fn flags_select_versions_suites_and_groups() {
    let server = EchoServer::start(&[]);
    for (arguments, expected) in [
        (&["--tls", "1.2"][..], " TLS1.2 TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384 X25519, "),
        (
            &["--suite", "TLS_CHACHA20_POLY1305_SHA256"],
            " TLS1.3 TLS_CHACHA20_POLY1305_SHA256 X25519MLKEM768, ",
        ),
        (&["--group", "secp384r1"], " TLS1.3 TLS_AES_256_GCM_SHA384 secp384r1, "),
    ] {
        let mut client = server.client(&["--linger", "0s"]).args(arguments).start();
        client.expect_exit(0);
        let line = client.stderr.wait_for_line("connected:");
        assert!(line.contains(expected), "{line}");
    }
}

#[test]
#[ignore = "needs script(1)"]
fn a_terminal_shows_the_wait_until_the_first_byte() {
    let server = EchoServer::start(&[]);
    let first = server.connect();
    let client = format!(
        "exec '{}' localhost:{} --linger 0s --ca certificates/certificate.pem",
        binary("mio-client").display(),
        server.address.port()
    );
    let mut terminal = Launch::new("script", server.folder.path())
        .args(["--quiet", "--return", "--command", &client, "/dev/null"])
        .env("SHELL", "/bin/sh")
        .env("TERM", "xterm")
        .start();
    let waiting = format!("waiting for {}, which may be serving another client", server.address);
    terminal.stdout.wait_for_text(&waiting);
    first.close();
    terminal.expect_exit(0);
    let text = terminal.stdout.text();
    let (_, after) = text.split_once(&waiting).unwrap();
    assert!(after.starts_with("\r\x1b[2K") && after.contains("connected: "), "{text:?}");
}
