//! `--starttls`: the plaintext before TLS, with servers that obey and servers that do not.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;

use check::wire::Connection;
use testing::certificates::Identity;
use testing::folder::TempDir;
use testing::peer::TlsServer;
use testing::program::{Launch, Program, assert_says};
use testing::test_server::TestServer;

/// The first bytes of a server, and then each command of the client with the server's answer.
type Script = (&'static str, &'static [(&'static str, &'static str)]);

const SMTP: Script = (
    "220-mail.example\r\n220 ready\r\n",
    &[
        ("EHLO [127.0.0.1]\r\n", "250-mail.example\r\n250-STARTTLS\r\n250 SIZE\r\n"),
        ("STARTTLS\r\n", "220 go ahead\r\n"),
    ],
);
const IMAP: Script = ("* OK ready\r\n", &[("a STARTTLS\r\n", "a OK begin\r\n")]);
const POP3: Script = ("+OK ready\r\n", &[("STLS\r\n", "+OK begin\r\n")]);

/// Reads a line, and nothing behind it.
fn read_line(connection: &Connection) -> String {
    let mut line = Vec::new();
    while line.last() != Some(&b'\n') {
        let mut byte = [0];
        connection.socket().read_exact(&mut byte).unwrap();
        line.extend(byte);
    }
    String::from_utf8(line).unwrap()
}

/// Plays the server of a script.
fn play(connection: &mut Connection, (greeting, exchanges): Script, is_bytewise: bool) {
    let send = |connection: &mut Connection, text: &str| match is_bytewise {
        true => connection.send_bytewise(text.as_bytes()).unwrap(),
        false => connection.send(text.as_bytes()).unwrap(),
    };
    send(connection, greeting);
    for (command, answer) in exchanges {
        assert_eq!(read_line(connection), *command);
        send(connection, answer);
    }
}

/// Accepts a client, plays a script, and goes on with TLS.
fn accept(server: &TestServer, identity: &Identity, script: Script, is_bytewise: bool) -> TlsServer {
    let mut connection = server.accept_raw();
    play(&mut connection, script, is_bytewise);
    let mut session = TlsServer::new(connection, identity.server_config());
    session.handshake().unwrap();
    session
}

#[test]
fn a_session_follows_the_answer_and_all_sinks_show_the_preamble() {
    for (protocol, script) in [("smtp", SMTP), ("imap", IMAP), ("pop3", POP3)] {
        for is_bytewise in [false, true] {
            let identity = Identity::localhost();
            let server = TestServer::with(&identity);
            let arguments =
                ["--starttls", protocol, "--linger", "0s", "--trace", "--capture", "shown.pcapng"];
            let mut client = server.client().args(arguments).args(["--illustrate", "pages"]).start();
            let mut session = accept(&server, &identity, script, is_bytewise);
            session.send(b"protected");
            session.close_after_peer();
            client.expect_exit(0);
            assert_eq!(client.stdout.text(), "protected");

            let (command, answer) = script.1.last().unwrap();
            assert!(client.stderr.text().contains(command.trim_end()), "the trace of {protocol}");
            assert!(server.folder.read("pages/client-1.html").contains("preamble out"));
            let capture = fs::read(server.folder.path().join("shown.pcapng")).unwrap();
            let position = |text: &str| capture.windows(text.len()).position(|part| part == text.as_bytes());
            let sent = position(command).unwrap();
            if !is_bytewise {
                assert!(position(script.0).unwrap() < sent && sent < position(answer).unwrap());
                assert!(client.stderr.text().contains(answer.trim_end()), "the trace of {protocol}");
            }
        }
    }
}

#[test]
fn each_session_begins_in_plaintext() {
    let identity = Identity::localhost();
    let server = TestServer::with(&identity);
    let mut client = server.start_client(&["--starttls", "smtp", "--linger", "0s", "--reconnect", "1"]);
    for _ in 0..2 {
        let mut session = accept(&server, &identity, SMTP, false);
        session.send(b"protected");
        session.close_after_peer();
    }
    client.expect_exit(0);
}

/// A client with `--starttls smtp`, and its connection at the server.
fn client(arguments: &[&str]) -> (Program, Connection) {
    let server = TestServer::new();
    let client = server.client().args(["--starttls", "smtp"]).args(arguments).start();
    let connection = server.accept_raw();
    (client, connection)
}

const GREETING: &str = "220 x\r\n";
const EHLO: (&str, &str) = ("EHLO [127.0.0.1]\r\n", "250-x\r\n250 STARTTLS\r\n");

#[test]
fn a_server_that_does_not_begin_tls_is_an_error() {
    let cases: [(Script, i32, &str); 7] = [
        (("554 no\r\n", &[]), 3, "the server's greeting is \"554 no\""),
        ((GREETING, &[("EHLO [127.0.0.1]\r\n", "250 x\r\n")]), 3, "the server does not offer STARTTLS"),
        (
            (GREETING, &[EHLO, ("STARTTLS\r\n", "454 TLS not available\r\n")]),
            3,
            "the server's answer to STARTTLS is \"454 TLS not available\"",
        ),
        (
            (GREETING, &[EHLO, ("STARTTLS\r\n", "220 go\r\n250 injected\r\n")]),
            3,
            "behind its answer to STARTTLS: \"250 injected\\r\\n\"; an attacker on the path may have injected it",
        ),
        (
            ("220 x\r\n421 too many connections\r\n", &[]),
            3,
            "the server sent more behind its greeting: \"421 too many connections\\r\\n\"",
        ),
        (
            (GREETING, &[("EHLO [127.0.0.1]\r\n", "250-x\r\n250 STARTTLS\r\n220 go\r\n")]),
            3,
            "the server sent more behind its answer to EHLO: \"220 go\\r\\n\"",
        ),
        ((GREETING, &[EHLO]), 6, "the server closed the connection before its answer to STARTTLS"),
    ];
    for (script, status, reason) in cases {
        let (mut client, mut connection) = client(&[]);
        play(&mut connection, script, false);
        connection.fin().unwrap();
        assert_says(&client.expect_error(status), &[reason]);
        assert_eq!(client.stdout.text(), "");
        let sent = connection.read_to_fin().unwrap_or_default();
        assert!(sent.is_empty() || sent == b"STARTTLS\r\n", "no TLS: {sent:?}");
    }
}

/// The client may read the FIN with the answer, or in its session.
#[test]
fn a_server_that_closes_behind_its_last_answer_has_truncated_the_connection() {
    let server = TestServer::new();
    let mut client = server.start_client(&["--starttls", "pop3"]);
    let mut connection = server.accept_raw();
    play(&mut connection, POP3, false);
    connection.fin().unwrap();
    let error = client.expect_error(4);
    let early = "the server closed the connection after its answer to STLS, before TLS began";
    let late = "the server left before the handshake was done";
    assert!(error.contains(early) || error.contains(late), "{error}");
}

#[test]
fn a_reset_names_the_answer_that_is_missing() {
    let (mut client, mut connection) = client(&[]);
    play(&mut connection, (GREETING, &[]), false);
    assert_eq!(read_line(&connection), EHLO.0);
    connection.reset().unwrap();
    assert_says(&client.expect_error(6), &["the connection failed before the server's answer to EHLO: "]);
}

#[test]
fn plaintext_after_the_client_hello_is_called_an_injection() {
    for late in ["250 injected\r\n", "220 once more\r\n"] {
        let (mut client, mut connection) = client(&[]);
        play(&mut connection, SMTP, false);
        connection.read_record().unwrap();
        connection.send(late.as_bytes()).unwrap();
        let error = client.expect_error(3);
        let first = format!("its first bytes: \"{}\"", &late[..8]);
        assert_says(&error, &["sent plaintext after it agreed to begin TLS", &first, "(CVE-2011-0411)"]);
        assert!(!error.contains("--starttls"), "{error}");
    }
}

#[test]
fn a_connection_without_tls_has_a_page_with_its_plaintext_and_a_row_in_the_index() {
    let server = TestServer::new();
    let arguments = ["--starttls", "smtp", "--trace", "--capture", "a.pcapng", "--illustrate", "pages"];
    let mut client = server.client().args(arguments).start();
    let mut connection = server.accept_raw();
    play(&mut connection, ("554 no\r\n", &[]), false);
    client.expect_error(3);
    client.stderr.wait_for_line("preamble in");
    assert!(!server.folder.path().join("a.pcapng").exists());
    let page = server.folder.read("pages/client-1.html");
    let reason = "greeting is &quot;554 no&quot;";
    assert_says(&page, &["TLS did not begin.", reason, "554 no\\r\\n", "id=\"trouble\""]);
    assert_says(&server.folder.read("pages/index.html"), &["failed", reason]);
}

#[test]
fn a_server_that_never_stops_is_cut_off() {
    for (endless, reason) in [("220-x\r\n", "more than 100 lines"), ("x", "a line of more than 1024 bytes")] {
        let (mut client, connection) = client(&[]);
        let mut socket = connection.socket();
        while socket.write_all(endless.repeat(1000).as_bytes()).is_ok() {}
        assert_says(&client.expect_error(3), &[reason]);
    }
}

#[test]
fn a_server_that_is_silent_is_left_after_the_connect_timeout() {
    let (mut client, mut connection) = client(&["--connect-timeout", "300ms"]);
    connection.send(b"220-").unwrap();
    assert_says(&client.expect_error(5), &["greeting did not come within --connect-timeout"]);
}

#[test]
fn a_signal_ends_the_preamble() {
    let (mut client, mut connection) = client(&[]);
    connection.send(b"220 x\r\n").unwrap();
    assert_eq!(read_line(&connection), "EHLO [127.0.0.1]\r\n");
    client.interrupt();
    assert_says(&client.expect_error(130), &["interrupted before the session began"]);
}

#[test]
#[ignore = "needs stunnel"]
fn stunnel_begins_tls_for_our_client() {
    let identity = Identity::localhost();
    let folder = TempDir::new();
    identity.write(&folder);
    let backend = TestServer::new();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let configuration = format!(
        "foreground = yes\npid =\n[smtp]\nprotocol = smtp\naccept = 127.0.0.1:{port}\nconnect = {}\n\
         cert = {}\nkey = {}\n",
        backend.address(),
        folder.path().join("certificates/certificate.pem").display(),
        folder.path().join("certificates/key.pem").display(),
    );
    folder.write("stunnel.conf", configuration);
    let stunnel = Launch::new("stunnel", folder.path()).args(["stunnel.conf"]).start();
    stunnel.stderr.wait_for_line("Configuration successful");
    let client = Launch::client(folder.path());
    let client = client.args([&format!("localhost:{port}"), "--starttls", "smtp", "--linger", "0s"]);
    let mut client = client.start();
    let mut connection = backend.accept_raw();
    connection.send(b"220 backend\r\n").unwrap();
    client.stderr.wait_for_line("connected: TLS");
    connection.send(b"protected\r\n").unwrap();
    client.stdout.wait_for_text("protected");
    connection.fin().unwrap();
    client.expect_exit(0);
}
