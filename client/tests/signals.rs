//! Signals in every phase of a session.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::io::Write;

use testing::peer::End;
use testing::test_server::{TestServer, session};

#[test]
fn a_queued_client_leaves() {
    for signal in ["INT", "TERM"] {
        let server = TestServer::new();
        let mut client = server.start_client(&[]);
        let mut socket = server.accept_raw();
        socket.read_record().unwrap();
        client.signal(signal);
        assert_eq!(socket.read_to_fin().unwrap(), b"");
        client.expect_exit(130);
    }
}

#[test]
fn a_client_leaves_during_its_handshake() {
    let server = TestServer::new();
    let mut client = server.start_client(&[]);
    let mut socket = server.accept_raw();
    socket.read_record().unwrap();
    socket.write_all(&[22, 3, 3, 0, 122, 2]).unwrap(); // the first bytes of a ServerHello
    client.interrupt();
    client.expect_exit(130);
}

#[test]
fn an_established_session_is_closed_gracefully_and_no_other_follows() {
    let (mut client, mut session) = session(&["--linger", "off", "--reconnect", "5"]);
    session.send(b"first");
    client.stdout.wait_for_text("first");
    client.interrupt();
    assert_eq!(session.receive_to_end(), (vec![], End::CloseNotify));
    session.send(b", last");
    session.close_notify();
    client.expect_exit(130);
    assert_eq!(client.stdout.text(), "first, last");
    client.stderr.wait_for_line("closed cleanly, we first");
}

#[test]
#[cfg(target_os = "linux")] // `/proc` lists the ignored signals
fn an_ignored_signal_stays_ignored() {
    for signal in ["INT", "TERM", "HUP"] {
        let server = TestServer::new();
        let mut client =
            server.client().args(["--linger", "off"]).in_shell(&format!("trap '' {signal}")).start();
        let mut session = server.accept();
        session.send(b"first");
        client.stdout.wait_for_text("first");
        client.signal(signal);
        session.send(b", last");
        session.close();
        client.expect_exit(0);
        assert_eq!(client.stdout.text(), "first, last");
    }
}

#[test]
fn a_second_signal_ends_the_client_at_once() {
    let (mut client, mut session) = session(&["--linger", "off", "--close-timeout", "off"]);
    session.send(b"first");
    client.stdout.wait_for_text("first");
    client.interrupt();
    assert_eq!(session.receive_to_end(), (vec![], End::CloseNotify));
    client.interrupt(); // after the first one, the client waits for the server's close_notify
    client.expect_exit(130);
}
