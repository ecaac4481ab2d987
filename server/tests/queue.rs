//! One session at a time: the other clients are queued, and served in order of arrival.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::net::SocketAddr;
use std::thread;

use check::wire::Connection;
use testing::echo_server::EchoServer;
use testing::folder::TempDir;
use testing::peer::TlsClient;
use testing::program::Launch;

/// Connects a client and sends its ClientHello.
fn hello(server: &EchoServer) -> TlsClient {
    let mut client = TlsClient::new(server.connect_raw(), server.client_config());
    client.send_client_hello();
    client
}

/// Returns the local address of a client.
fn address(client: &mut TlsClient) -> SocketAddr {
    client.connection().socket().local_addr().unwrap()
}

/// Lets a queued client finish its handshake, echo once and close.
fn be_served(mut client: TlsClient) {
    client.handshake().unwrap();
    assert_eq!(client.receive(9), b"welcome!\n");
    client.send(b"my turn");
    assert_eq!(client.receive(7), b"my turn");
    assert_eq!(client.close(), b"");
}

/// The addresses of the clients that got a session, in order.
fn served(server: &EchoServer, count: usize) -> Vec<SocketAddr> {
    let lines = server.log().wait_for_lines(count, " connected: ");
    let address = |line: &String| {
        let (_, after) = line.split_once("session ").unwrap();
        after.split(' ').nth(1).unwrap().parse().unwrap()
    };
    lines.iter().map(address).collect()
}

#[test]
fn a_queued_client_that_has_left_is_skipped() {
    for (leave, error) in
        [(drop as fn(Connection), ""), (|leaver| leaver.reset().unwrap(), ": Connection reset")]
    {
        let server = EchoServer::start(&["--handshake-timeout", "off"]);
        let first = server.connect();
        let leaver = server.connect_raw();
        let address = leaver.socket().local_addr().unwrap();
        let patient = hello(&server);
        server.log().wait_for_line(&format!("{address} is number "));
        leave(leaver);
        first.close();
        be_served(patient);
        server.log().wait_for_line(&format!("{address} left without sending anything{error}"));
        server.log().wait_for_line("session 2: "); // of the patient client
    }
}

/// There are more silent clients than the queue checks in one round.
#[test]
fn a_client_that_has_sent_data_does_not_wait_for_silent_ones() {
    let server = EchoServer::start(&["--handshake-timeout", "off", "--waiting", "400"]);
    let silent: Vec<_> = (0..300).map(|_| server.connect_raw()).collect();
    server.serves_a_client();
    server.serves_a_client();
    drop(silent);
}

#[test]
fn the_oldest_client_that_has_sent_data_is_next() {
    let server = EchoServer::start(&["--handshake-timeout", "off"]);
    let first = server.connect();
    let mut queued: Vec<_> =
        (0..4).map(|_| TlsClient::new(server.connect_raw(), server.client_config())).collect();
    let addresses: Vec<_> = queued.iter_mut().map(address).collect();
    server.log().wait_for_line("is number 4");
    queued[3].send_client_hello();
    queued[1].send_client_hello();
    first.close();
    for at in [1, 3] {
        queued[at].handshake().unwrap();
        assert_eq!(queued[at].receive(9), b"welcome!\n");
        queued[at].close_notify();
    }
    assert_eq!(served(&server, 3)[1..], [addresses[1], addresses[3]]);
}

#[test]
fn a_silent_client_that_lost_its_slot_is_served_when_it_sends_data() {
    let server = EchoServer::start(&["--handshake-timeout", "off", "-v"]);
    let first = server.connect_raw();
    let address = first.socket().local_addr().unwrap();
    server.log().wait_for_line(&format!("{address} has a slot and has sent nothing yet"));
    let second = server.connect();
    server
        .log()
        .wait_for_line(&format!("{address} has sent nothing: its slot goes to a client that has sent data"));
    let third = server.connect_raw();
    server.log().wait_for_line(&format!("{} is number 2", third.socket().local_addr().unwrap()));
    let mut first = TlsClient::new(first, server.client_config());
    first.send_client_hello();
    let mut third = TlsClient::new(third, server.client_config());
    third.send_client_hello();
    second.close();
    for mut client in [first, third] {
        client.handshake().unwrap(); // the first client has kept its position
        assert_eq!(client.receive(9), b"welcome!\n");
        assert_eq!(client.close(), b"");
    }
}

/// One search of the queue finds all clients with data. With one search for each silent client, the last of many clients
/// would wait long.
#[test]
fn several_silent_clients_lose_their_slots_in_one_round() {
    let server = EchoServer::start(&["--slots", "5", "--handshake-timeout", "off", "--trace"]);
    server.program.signal("STOP");
    let silent: Vec<_> = (0..5).map(|_| server.connect_raw()).collect();
    let mut queued: Vec<_> = (0..5).map(|_| hello(&server)).collect();
    server.program.signal("CONT");
    for client in &mut queued {
        client.handshake().unwrap();
    }
    server.log().wait_for_lines(5, " slot given up ");
    let text = server.log().text();
    let rounds = text.split(" woke ").map(|round| round.matches(" slot given up ").count());
    assert!(rounds.max() > Some(1), "{text}");
    drop(silent);
}

/// The server disconnects silent clients in groups, one group after the other. All groups together take less than one
/// handshake timeout. The timeout is longer than the time limit of this test.
#[test]
fn silent_clients_in_slot_queue_and_backlog_delay_for_less_than_a_handshake_timeout() {
    let server = EchoServer::start(&["--waiting", "2", "--handshake-timeout", "66s"]);
    let silent: Vec<_> = (0..8).map(|_| server.connect_raw()).collect();
    server.log().wait_for_line("the accept queue is full");
    server.serves_a_client();
    drop(silent);
}

#[test]
fn more_clients_than_the_queue_holds_are_served_in_order_of_arrival_without_new_events() {
    let server = EchoServer::start(&["--waiting", "2", "-v"]);
    let mut first = server.connect();
    let mut expected = vec![address(&mut first)];
    thread::scope(|scope| {
        for _ in 0..8 {
            let mut client = hello(&server);
            expected.push(address(&mut client));
            scope.spawn(|| be_served(client));
        }
        server.log().wait_for_line("the accept queue is full");
        first.close();
    });
    assert_eq!(served(&server, 9), expected);
    server.log().wait_for_line("the accept queue has room again");
    server.serves_a_client();
}

/// The queue is full of clients that have already left. No event announces the client that is still in the backlog.
#[test]
fn a_queue_that_empties_by_skipping_accepts_from_the_backlog() {
    let server = EchoServer::start(&["--waiting", "1"]);
    server.program.signal("STOP");
    let leaver = server.connect_raw();
    let address = leaver.socket().local_addr().unwrap();
    leaver.reset().unwrap();
    let patient = hello(&server);
    server.program.signal("CONT");
    be_served(patient);
    server.log().wait_for_line(&format!("{address} left without sending anything"));
}

#[test]
fn without_file_descriptors_the_server_continues_and_serves_all_clients_later() {
    let folder = TempDir::new();
    let launch = Launch::server(folder.path()).in_shell("ulimit -n 16");
    let server = EchoServer::launch(launch, folder);
    let first = server.connect();
    thread::scope(|scope| {
        for _ in 0..24 {
            let client = hello(&server);
            scope.spawn(|| be_served(client));
        }
        server.log().wait_for_line("accepting a connection failed");
        first.close(); // no new client connects after this
    });
    assert_eq!(served(&server, 25).len(), 25);
    server.serves_a_client();
}

#[test]
fn missing_file_descriptors_are_logged_once_while_they_are_missing() {
    let folder = TempDir::new();
    let launch = Launch::server(folder.path()).in_shell("ulimit -n 16").args(["--idle-timeout", "2s"]);
    let server = EchoServer::launch(launch, folder);
    let mut first = server.connect();
    let clients: Vec<_> = (0..24).map(|_| server.connect_raw()).collect();
    first.receive_to_end();
    first.close_notify();
    server.log().wait_for_line("timed out (--idle-timeout)"); // after many attempts to accept
    let text = server.log().text();
    let (before, _) = text.split_once("timed out (--idle-timeout)").unwrap();
    assert_eq!(before.matches("accepting a connection failed").count(), 1, "{before}");
    drop(clients);
}

/// If a round accepted one client, the n-th client would wait for n rounds, and each round has a turn of every session.
#[test]
fn many_pending_connections_are_accepted_within_a_few_rounds() {
    let server = EchoServer::start(&["--trace"]);
    server.serves_a_client();
    server.program.signal("STOP");
    let pending: Vec<_> = (0..40).map(|_| server.connect_raw()).collect();
    server.program.signal("CONT");
    let last = pending.last().unwrap().socket().local_addr().unwrap();
    server.log().wait_for_line(&format!("{last} is number 39 in the accept queue"));
    let text = server.log().text();
    let round = |peer: SocketAddr| {
        let peer = peer.to_string();
        let accepted = |line: &str| line.contains(" accepted ") && line.ends_with(&peer);
        text.lines().take_while(|line| !accepted(line)).filter(|line| line.contains(" woke ")).count()
    };
    let first = pending[0].socket().local_addr().unwrap();
    assert!(round(last) - round(first) < 5, "{text}");
}

#[test]
fn a_full_queue_accepts_no_client_and_does_not_watch_the_listener() {
    let server = EchoServer::start(&["--waiting", "2", "--trace"]);
    let mut first = server.connect();
    assert_eq!(first.receive(9), b"welcome!\n");
    server.program.signal("STOP");
    let pending: Vec<_> = (0..5).map(|_| server.connect_raw()).collect();
    server.program.signal("CONT");
    server.log().wait_for_line("is number 2 in the accept queue");
    for _ in 0..20 {
        assert!(first.try_round_trip(b"a round"));
    }
    first.close_notify();
    server.log().wait_for_line(" freed ");
    let text = server.log().text();
    let (_, since) = text.split_once("is number 2 in the accept queue").unwrap();
    let (full, _) = since.split_once("freed").unwrap();
    let watched = |line: &str| line.contains(" ready ") && line.ends_with(" listener");
    assert!(!full.lines().any(watched), "{full}");
    assert!(!full.contains("is number 3 in the accept queue"), "{full}");
    drop(pending);
}
