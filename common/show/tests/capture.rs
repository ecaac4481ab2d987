//! `--capture` of both programs: reads the sessions in the files without Wireshark.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod support {
    pub mod pcapng;
    pub mod shapes;
}

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::time::{Duration, Instant};

use decode::Protection;
use rustls::Side;
use show::sink::{Carried, Sink as _};
use support::pcapng::{Capture, Connection, Ended};
use support::shapes::{Shape, capturing_server, greeted};
use testing::echo_server::EchoServer;
use testing::folder::TempDir;
use testing::peer::{End, TlsClient};
use testing::test_server::TestServer;
use tls_session::close_reason::{CloseReason, Operation, Until};
use tls_session::observer::{SessionId, Step};
use tls_session::phase::Phase;

const BOTH_FINS: Ended = Ended { fin_received: true, fin_sent: true, reset_received: false };
const RESET: Ended = Ended { fin_received: false, fin_sent: false, reset_received: true };

/// Returns the only connection of a capture.
fn only(capture: &Capture) -> Connection {
    let mut connections = capture.connections();
    assert_eq!(connections.len(), 1);
    connections.remove(0)
}

fn captured_by_server(server: EchoServer) -> Capture {
    let EchoServer { mut program, folder, .. } = server;
    program.expect_exit(0);
    Capture::read(&folder.path().join("server.pcapng"))
}

/// Asserts that the secrets in the file come before the records that they decrypt, and decrypt all of them. Asserts
/// that no secret belongs to a session that is not in the file.
fn assert_decrypted(name: &str, capture: &Capture) {
    let records = capture.decoded();
    let sealed = records.iter().find(|record| matches!(record.protection, Protection::Sealed(_)));
    assert!(!records.is_empty() && sealed.is_none(), "{name}: {sealed:?}");
    let (of_sessions, secrets) = (capture.client_randoms(), capture.secrets());
    assert!(!of_sessions.is_empty(), "{name}");
    for secret in secrets {
        let client_random = secret.split(' ').nth(1).unwrap();
        assert!(of_sessions.contains(client_random), "{name}: the secret of a foreign session: {secret}");
    }
}

#[test]
fn captures_of_both_ends_agree_and_their_tcp_is_valid() {
    for shape in Shape::all() {
        let taken = shape.take();
        let ip = if shape.name == "[::1]:0" { "[::1]" } else { "127.0.0.1" };
        let address: SocketAddr = format!("{ip}:{}", taken.port).parse().unwrap();
        let captures =
            [(&taken.server, "mio-server"), (&taken.client, "mio-client")].map(|(path, program)| {
                assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600);
                let capture = Capture::read(path);
                assert_eq!(capture.program, format!("{program} {}", env!("CARGO_PKG_VERSION")));
                let first = capture.packets().next().unwrap();
                assert_eq!((first.to, first.from.ip()), (address, address.ip()));
                assert_eq!(capture.cut_off, 0);
                assert_decrypted(shape.name, &capture);
                capture
            });
        let [served, held] = captures.each_ref().map(Capture::connections);
        let sessions = shape.handshakes.len();
        assert_eq!((served.len(), held.len()), (sessions, sessions), "{}", shape.name);
        for (number, (served, held)) in (1..).zip(served.iter().zip(&held)) {
            // The last bytes may be in only one file, if their receiver had closed already.
            assert!(served.received.starts_with(&held.sent) || held.sent.starts_with(&served.received));
            assert!(held.received == served.sent, "{}: {number}", shape.name);
            assert!(served.comment.starts_with(&format!("session {number}: ")), "{}", served.comment);
            assert!(held.comment.starts_with(&format!("session {number}: ")), "{}", held.comment);
            assert!(!served.sent.is_empty() && held.ended.fin_sent && served.ended.fin_sent);
            let lengths = [held.received.len(), held.sent.len()];
            assert!(lengths.iter().all(|length| *length > shape.input()), "{lengths:?}");
        }
        // A refusing client derives fewer secrets. A resuming client derives some that its server does not use.
        let [of_server, of_client] = captures.each_ref().map(|capture| HashSet::from_iter(capture.secrets()));
        let none_in_common = HashSet::<&str>::is_disjoint(&of_server, &of_client);
        assert_eq!(none_in_common, shape.name == "untrusted 1.2", "{}", shape.name);
    }
}

#[test]
fn a_fin_without_close_notify_is_captured() {
    let server = capturing_server(&["--sessions", "1"]);
    let mut client = greeted(&server);
    client.fin();
    client.receive_to_end();
    assert_eq!(only(&captured_by_server(server)).ended, BOTH_FINS);
}

#[test]
fn a_reset_is_captured() {
    let server = capturing_server(&["--sessions", "1"]);
    let client = greeted(&server);
    client.reset();
    assert_eq!(only(&captured_by_server(server)).ended, RESET);
}

/// After the failed write `recv` returns end-of-file, like after a FIN.
#[test]
fn a_failed_write_is_captured_as_a_reset() {
    let folder = TempDir::new();
    let path = folder.path().join("a.pcapng");
    let now = Instant::now();
    let mut capture = show::capture::Capture::new(Side::Server, now, File::create(&path).unwrap()).unwrap();
    let address: SocketAddr = "127.0.0.1:1234".parse().unwrap();
    let id = SessionId { number: 1, peer: address };
    let reason = CloseReason::Transport {
        operation: Operation::Write,
        kind: ErrorKind::ConnectionReset,
        error: "reset".to_owned(),
    };
    let severed = Phase::WriteFailed { reason: reason.clone(), authorized: true };
    let (reason, until, duration) = (&reason, Until::Established, Duration::ZERO);
    for step in [
        Step::Began { local: address },
        Step::PhaseChanged { from: &Phase::Established, to: &severed },
        Step::Received(&[]),
        Step::Closed { reason, until, received: 0, sent: 0, duration },
    ] {
        capture.step(now, id, &step, &Carried::default());
    }
    assert_eq!(only(&Capture::read(&path)).ended, RESET);
}

#[test]
fn a_reset_after_our_close_notify_is_captured() {
    let server = TestServer::new();
    let mut client = server.start_client(&["--capture", "client.pcapng", "--linger", "0s"]);
    let mut session = server.accept();
    session.send(b"welcome!\n");
    assert_eq!(session.receive_to_end(), (vec![], End::CloseNotify));
    session.reset();
    client.expect_exit(0);
    assert_eq!(only(&Capture::read(&server.folder.path().join("client.pcapng"))).ended, RESET);
}

#[test]
fn a_client_that_does_not_speak_tls_is_captured() {
    let server = capturing_server(&["--sessions", "1"]);
    let mut socket = server.connect_raw();
    std::io::Write::write_all(&mut socket, b"GET / HTTP/1.0\r\n\r\n").unwrap();
    let answer = socket.read_to_fin().unwrap();
    drop(socket);
    let connection = only(&captured_by_server(server));
    assert_eq!(connection.received, b"GET / HTTP/1.0\r\n\r\n");
    assert_eq!(connection.sent, answer);
}

#[test]
fn concurrent_sessions_are_separate_connections() {
    let server = capturing_server(&["--slots", "3", "--sessions", "3"]);
    let mut clients: Vec<_> = (0..3).map(|_| greeted(&server)).collect();
    for _ in 0..3 {
        assert!(clients.iter_mut().all(|client| client.try_round_trip(b"all at a time")));
    }
    let addresses: Vec<_> =
        clients.iter_mut().map(|client| client.connection().socket().local_addr().unwrap()).collect();
    clients.into_iter().for_each(|client| drop(client.close()));
    let capture = captured_by_server(server);
    assert_decrypted("", &capture);
    let connections = capture.connections();
    assert_eq!(connections.len(), 3);
    for (number, (connection, address)) in (1..).zip(connections.iter().zip(addresses)) {
        // A busy machine may let a client wait for a millisecond.
        let beginning = format!("session {number}: {address}");
        let waited = connection.comment.strip_prefix(&beginning).expect(&connection.comment);
        assert!(waited.is_empty() || waited.starts_with(", after it waited "), "{}", connection.comment);
    }
}

#[test]
fn the_comment_of_a_queued_client_has_its_waiting_time() {
    let server = capturing_server(&["--sessions", "2"]);
    let first = server.connect();
    let second = server.connect_raw();
    server.log().wait_for_line("in the accept queue");
    let start = std::time::Instant::now();
    while start.elapsed().as_millis() < 2 {
        std::thread::yield_now(); // the comment counts whole milliseconds
    }
    first.close();
    let mut second = TlsClient::new(second, server.client_config());
    second.handshake().unwrap();
    second.close();
    let capture = captured_by_server(server);
    let comments: Vec<_> = capture.connections().into_iter().map(|connection| connection.comment).collect();
    assert!(comments.len() == 2 && !comments[0].contains("waited"), "{comments:?}");
    assert!(comments[1].contains(", after it waited ") && comments[1].ends_with(" ms"), "{comments:?}");
}

#[test]
fn a_kill_during_bulk_data_cuts_off_at_most_one_block() {
    let server = capturing_server(&[]);
    let mut client = greeted(&server);
    let sender = client.send_in_background(&vec![b'~'; 64 << 20]);
    client.receive(8 << 20);
    server.program.signal("KILL");
    client.receive_to_end();
    drop(sender.join().unwrap());
    let capture = Capture::read(&server.folder.path().join("server.pcapng"));
    assert_decrypted("", &capture);
    assert!(only(&capture).received.len() > 8 << 20);
    assert!(capture.cut_off < 70_000, "{}", capture.cut_off);
}
