//! `--capture` of both programs: reads the sessions in the files without Wireshark.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod support {
    pub mod pcapng;
    pub mod shapes;
}

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use rustls::Side;
use show::sink::{Carried, Sink as _};
use support::pcapng::{Capture, Connection, Ended, Item};
use support::shapes::{Shape, Taken};
use testing::echo_server::EchoServer;
use testing::folder::TempDir;
use testing::peer::{End, TlsClient};
use testing::raw;
use testing::test_server::TestServer;
use tls_session::close_reason::{CloseReason, Operation, Until};
use tls_session::observer::{SessionId, Step};
use tls_session::phase::Phase;

const BOTH_FINS: Ended = Ended { fin_received: true, fin_sent: true, reset_received: false };

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

fn capturing_server(arguments: &[&str]) -> EchoServer {
    EchoServer::start(&[&["--capture", "server.pcapng"], arguments].concat())
}

/// Returns the client random of a ClientHello, which is also in the lines of the secrets (RFC 8446, 4.1.2).
fn client_random(client_bytes: &[u8]) -> String {
    client_bytes[11..43].iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The bytes of one direction of a session so far.
#[derive(Default)]
struct Direction {
    bytes: Vec<u8>,
    checked: usize,
    changed_cipher_spec: bool,
}

impl Direction {
    /// Adds bytes. Returns whether one of the records that they complete is encrypted.
    fn add(&mut self, bytes: &[u8]) -> bool {
        self.bytes.extend_from_slice(bytes);
        let mut encrypted = false;
        while let Some([kind, 3, _, high, low]) = self.bytes[self.checked..].first_chunk() {
            let length = usize::from(u16::from_be_bytes([*high, *low]));
            let Some(content) = self.bytes[self.checked + 5..].get(..length) else { break };
            // In TLS 1.3 encrypted records have the type application_data (23). In TLS 1.2 the records after
            // change_cipher_spec (20) are encrypted. In TLS 1.3 a second hello may follow it in clear text.
            let is_hello = matches!(content, [1 | 2, 0, high, low, ..]
                if usize::from(u16::from_be_bytes([*high, *low])) + 4 == length);
            encrypted |= *kind == 23 || (self.changed_cipher_spec && *kind != 20 && !is_hello);
            self.changed_cipher_spec |= *kind == 20;
            self.checked += 5 + length;
        }
        encrypted
    }
}

/// Asserts that secrets of each session come before the packet that completes its first encrypted record. (The tests with
/// Wireshark show that they are the right ones.)
fn assert_secrets_come_first(name: &str, capture: &Capture, client_is_peer: bool) {
    let (mut known, mut sessions) = (HashSet::new(), HashSet::new());
    let mut directions: HashMap<_, Direction> = HashMap::new();
    for item in &capture.items {
        match item {
            Item::Secrets(lines) => {
                known.extend(lines.lines().map(|line| line.split(' ').nth(1).unwrap().to_owned()));
            }
            Item::Packet(packet) => {
                let from_client = packet.inbound == client_is_peer;
                let ends = if from_client { (packet.from, packet.to) } else { (packet.to, packet.from) };
                let encrypted = directions.entry((ends, from_client)).or_default().add(&packet.payload);
                if let Some(client) = directions.get(&(ends, true)).filter(|client| client.bytes.len() > 43) {
                    sessions.insert(client_random(&client.bytes));
                    assert!(!encrypted || known.contains(&client_random(&client.bytes)), "{name}");
                }
            }
        }
    }
    assert_eq!(known, sessions, "{name}");
}

#[test]
fn captures_of_both_ends_agree_and_their_tcp_is_valid() {
    for shape in Shape::all() {
        let Taken { server, client, folder: _folder, .. } = shape.take();
        let (server, client) = (Capture::read(&server), Capture::read(&client));
        assert_eq!((server.cut_off, client.cut_off), (0, 0));
        let (served, held) = (server.connections(), client.connections());
        let sessions = shape.handshakes.len();
        assert_eq!((served.len(), held.len()), (sessions, sessions), "{}", shape.name);
        for (number, (served, held)) in (1..).zip(served.iter().zip(&held)) {
            // The last bytes may be in only one file, if their receiver had closed already.
            assert!(served.received.starts_with(&held.sent) || held.sent.starts_with(&served.received));
            assert!(held.received == served.sent, "{}: {number}", shape.name);
            assert!(served.comment.starts_with(&format!("session {number}: ")), "{}", served.comment);
            assert!(held.comment.starts_with(&format!("session {number}: ")), "{}", held.comment);
            assert!(!served.sent.is_empty() && held.ended.fin_sent && served.ended.fin_sent);
        }
        if !shape.name.starts_with("untrusted 1.2") {
            assert_secrets_come_first(&shape.name, &server, true);
            assert_secrets_come_first(&shape.name, &client, false);
            let set = |capture: &Capture| -> HashSet<String> {
                capture.secrets().iter().map(|line| (*line).to_owned()).collect()
            };
            // A refusing client derives fewer secrets. A resuming client derives some that its server does not use.
            assert!(!set(&server).is_disjoint(&set(&client)), "{}", shape.name);
        }
    }
}

#[test]
fn a_large_echo_is_captured_completely() {
    let taken = Shape::large().remove(0).take();
    for path in [&taken.server, &taken.client] {
        let connection = only(&Capture::read(path));
        for bytes in [&connection.received, &connection.sent] {
            let length = bytes.len();
            assert!((10_000_000..10_100_000).contains(&length), "{length}");
        }
    }
}

#[test]
fn packets_have_the_addresses_of_the_connection() {
    for (shape, address) in Shape::of_every_address().iter().zip(["[::1]", "127.0.0.1"]) {
        let taken = shape.take();
        let expected: SocketAddr = format!("{address}:{}", taken.port).parse().unwrap();
        for path in [&taken.server, &taken.client] {
            let capture = Capture::read(path);
            let first = capture.packets().next().unwrap();
            assert_eq!(first.to, expected);
            assert_eq!(first.from.ip(), expected.ip());
        }
    }
}

#[test]
fn a_fin_without_close_notify_is_captured() {
    let server = capturing_server(&["--sessions", "1"]);
    let mut client = server.connect();
    assert_eq!(client.receive(9), b"welcome!\n");
    client.fin();
    client.receive_to_end();
    assert_eq!(only(&captured_by_server(server)).ended, BOTH_FINS);
}

#[test]
fn a_reset_is_captured() {
    let server = capturing_server(&["--sessions", "1"]);
    let mut client = server.connect();
    assert_eq!(client.receive(9), b"welcome!\n");
    raw::reset(client.into_socket());
    let ended = only(&captured_by_server(server)).ended;
    assert_eq!(ended, Ended { fin_received: false, fin_sent: false, reset_received: true });
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
    for step in [
        Step::Began { local: address },
        Step::PhaseChanged { from: &Phase::Established, to: &severed },
        Step::Received(&[]),
        Step::Closed {
            reason: &reason,
            until: Until::Established,
            received: 0,
            sent: 0,
            duration: Duration::ZERO,
        },
    ] {
        capture.step(now, id, &step, &Carried::default());
    }
    let ended = only(&Capture::read(&path)).ended;
    assert_eq!(ended, Ended { fin_received: false, fin_sent: false, reset_received: true });
}

#[test]
fn a_reset_after_our_close_notify_is_captured() {
    let server = TestServer::new();
    let mut client = server.start_client(&["--capture", "client.pcapng", "--linger", "0s"]);
    let mut session = server.accept();
    session.send(b"welcome!\n");
    assert_eq!(session.receive_to_end(), (vec![], End::CloseNotify));
    raw::reset(session.into_socket());
    client.expect_exit(0);
    let ended = only(&Capture::read(&server.folder.path().join("client.pcapng"))).ended;
    assert_eq!(ended, Ended { fin_received: false, fin_sent: false, reset_received: true });
}

#[test]
fn a_client_that_does_not_speak_tls_is_captured() {
    let server = capturing_server(&["--sessions", "1"]);
    let mut socket = server.connect_raw();
    std::io::Write::write_all(&mut socket, b"GET / HTTP/1.0\r\n\r\n").unwrap();
    let answer = raw::read_to_end(&mut socket).unwrap();
    drop(socket);
    let connection = only(&captured_by_server(server));
    assert_eq!(connection.received, b"GET / HTTP/1.0\r\n\r\n");
    assert_eq!(connection.sent, answer);
}

#[test]
fn concurrent_sessions_are_separate_connections() {
    let server = capturing_server(&["--slots", "3", "--sessions", "3"]);
    let mut clients: Vec<_> = (0..3).map(|_| server.connect()).collect();
    for client in &mut clients {
        assert_eq!(client.receive(9), b"welcome!\n");
    }
    for _ in 0..3 {
        assert!(clients.iter_mut().all(|client| client.try_round_trip(b"all at a time")));
    }
    let addresses: Vec<_> = clients.iter_mut().map(|client| client.socket().local_addr().unwrap()).collect();
    clients.into_iter().for_each(|client| drop(client.close()));
    let capture = captured_by_server(server);
    assert_secrets_come_first("", &capture, true);
    let connections = capture.connections();
    assert_eq!(connections.len(), 3);
    for (number, (connection, address)) in (1..).zip(connections.iter().zip(addresses)) {
        assert_eq!(connection.comment, format!("session {number}: {address}"));
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
fn a_killed_server_leaves_a_valid_file() {
    let server = capturing_server(&[]);
    let mut client = server.connect();
    assert_eq!(client.receive(9), b"welcome!\n");
    for _ in 0..20 {
        assert!(client.try_round_trip(&[b'~'; 3000]));
    }
    // The server writes to the file after it writes to the socket. If the kill comes between, the last echo is missing.
    server.program.signal("KILL");
    client.receive_to_end();
    let capture = Capture::read(&server.folder.path().join("server.pcapng"));
    let connection = only(&capture);
    assert!(connection.received.len() > 20 * 3000 && connection.sent.len() > 19 * 3000);
    assert_secrets_come_first("", &capture, true);
}

#[test]
fn a_kill_during_bulk_data_cuts_off_at_most_one_block() {
    let server = capturing_server(&[]);
    let mut client = server.connect();
    assert_eq!(client.receive(9), b"welcome!\n");
    let sender = client.send_in_background(&vec![b'~'; 64 << 20]);
    client.receive(8 << 20);
    server.program.signal("KILL");
    client.receive_to_end();
    drop(sender.join().unwrap());
    let capture = Capture::read(&server.folder.path().join("server.pcapng"));
    assert!(only(&capture).received.len() > 8 << 20);
    assert!(capture.cut_off < 70_000, "{}", capture.cut_off);
}
