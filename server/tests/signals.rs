//! Signals in every phase of a session.
#![allow(clippy::unwrap_used, clippy::panic)]

use program::amount::grouped;
use std::io::Write;
use std::time::Duration;

use testing::echo_server::EchoServer;
use testing::folder::TempDir;
use testing::peer::{End, TlsClient};
use testing::program::Launch;

/// The `--close-timeout` of the servers below.
const CLOSE_TIMEOUT: Duration = Duration::from_millis(300);

/// The longest poll timeout after the signal. Measured times would depend on how busy the machine is.
fn longest_wait_after_the_signal(server: &EchoServer) -> Duration {
    let text = server.log().text();
    let (_, stopping) = text.split_once("\"event\":\"stopping\"").unwrap();
    let waits = stopping.lines().filter_map(|line| {
        let (_, wait) = line.split_once("\"timeout_ns\":")?;
        let digits = wait.split(|c: char| !c.is_ascii_digit()).next()?;
        Some(digits.parse().map_or(Duration::MAX, Duration::from_nanos)) // null: no timeout
    });
    waits.max().unwrap_or_default()
}

/// A background job of a script ignores SIGINT, a program under `nohup` ignores SIGHUP.
#[test]
#[cfg(target_os = "linux")] // `/proc` lists the ignored signals
fn an_ignored_signal_stays_ignored() {
    for (ignored, ending) in [("INT", "TERM"), ("TERM", "INT"), ("HUP", "TERM")] {
        let folder = TempDir::new();
        let mut server =
            EchoServer::launch(Launch::server(folder.path()).in_shell(&format!("trap '' {ignored}")), folder);
        server.program.signal(ignored);
        server.serves_a_client();
        let log = server.log().text();
        assert!(!log.contains("stopping: ") && !log.contains("SIGHUP: "), "{ignored}: {log}");
        let is_logged = log.contains("SIGHUP was ignored when the program started and stays ignored");
        assert_eq!(is_logged, ignored == "HUP", "{log}");
        server.program.signal(ending);
        server.program.expect_exit(0);
        server.log().wait_for_line("stopping: ");
    }
}

#[test]
fn a_client_in_its_handshake_is_disconnected_within_the_close_timeout() {
    let mut server =
        EchoServer::start(&["--handshake-timeout", "off", "--close-timeout", "300ms", "--trace=json"]);
    let mut client = TlsClient::new(server.connect_raw(), server.client_config());
    client.send_half_a_client_hello();
    server.log().wait_for_line("\"event\":\"promoted\"");
    server.program.interrupt();
    assert_eq!(client.connection().read_to_fin().unwrap(), b"");
    server.program.expect_exit(0); // the client's socket is still open
    assert!(longest_wait_after_the_signal(&server) <= CLOSE_TIMEOUT);
}

#[test]
fn an_established_session_gets_pending_output_and_then_close_notify() {
    let mut server = EchoServer::start(&[]);
    let mut client = server.connect();
    let sent = vec![b'x'; 200_000];
    let sender = client.send_in_background(&sent);
    client.receive(9 + 1000); // the echo has begun
    server.program.interrupt();
    server.log().wait_for_line("stopping: ");
    let (rest, end) = client.receive_to_end();
    assert_eq!(end, End::CloseNotify);
    sender.join().unwrap().unwrap();
    client.close_notify();
    client.fin();
    server.program.expect_exit(0);

    // The log counts what the server had received by then. All of that came back.
    let echoed = 1000 + rest.len();
    assert!(rest.iter().all(|byte| *byte == b'x') && echoed <= sent.len());
    server.log().wait_for_line(&format!(" bytes received, {} sent", grouped(9 + echoed as u64)));
}

#[test]
fn after_the_signal_an_idle_session_gets_only_close_notify() {
    let mut server = EchoServer::start(&[]);
    let mut client = server.connect();
    client.send(b"hello");
    assert_eq!(client.receive(14), b"welcome!\nhello");
    server.program.interrupt();
    assert_eq!(client.receive_to_end(), (vec![], End::CloseNotify));
    client.close_notify();
    server.program.expect_exit(0);
    server.log().wait_for_line("closed cleanly, we first; 5 bytes received, 14 sent");
}

#[test]
fn a_client_that_does_not_answer_delays_the_end_for_the_close_timeout_only() {
    let mut server = EchoServer::start(&["--close-timeout", "300ms", "--trace=json"]);
    let mut client = server.connect();
    client.receive(9); // the client's handshake ends before the server's
    server.program.interrupt();
    assert_eq!(client.receive_to_end(), (vec![], End::CloseNotify));
    server.program.expect_exit(0); // the client's socket is still open
    assert!(longest_wait_after_the_signal(&server) <= CLOSE_TIMEOUT);
    server.log().wait_for_line("timed out (--close-timeout)");
}

#[test]
fn a_silent_client_in_a_slot_is_disconnected_with_a_fin() {
    let mut server = EchoServer::start(&["-v", "--handshake-timeout", "off"]);
    let mut silent = server.connect_raw();
    server.log().wait_for_line("has a slot and has sent nothing yet");
    server.program.interrupt();
    assert_eq!(silent.read_to_fin().unwrap(), b"");
    server.program.expect_exit(0);
    server.log().wait_for_line("disconnecting 1 queued client");
}

#[test]
fn queued_clients_are_disconnected_with_a_fin() {
    let mut server = EchoServer::start(&[]);
    let mut first = server.connect();
    first.receive(9);
    let mut queued: Vec<_> = (0..3).map(|_| server.connect_raw()).collect();
    queued[1].write_all(b"unread data").unwrap();
    server.log().wait_for_line("is number 3");
    server.program.interrupt();
    server.log().wait_for_line("disconnecting 3 queued clients");
    for client in &mut queued {
        assert_eq!(client.read_to_fin().unwrap(), b"", "a FIN, not a reset");
    }
    first.close();
    server.program.expect_exit(0);
}

#[test]
fn a_second_signal_ends_the_server_at_once() {
    let mut server = EchoServer::start(&["--close-timeout", "off"]);
    let mut client = server.connect();
    client.receive(9); // the client's handshake ends before the server's
    server.program.interrupt();
    assert_eq!(client.receive_to_end(), (vec![], End::CloseNotify));
    server.program.interrupt(); // after the first one, the server waits for the client's close_notify
    server.program.expect_exit(130);
}
