//! One session at a time; the others wait, and are served in the order of their arrival.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::net::SocketAddr;
use std::thread;

use testing::echo_server::EchoServer;
use testing::folder::TempDir;
use testing::peer::TlsClient;
use testing::program::Launch;
use testing::raw;

/// A client that connects and says hello, and waits for nothing.
fn hello(server: &EchoServer) -> TlsClient {
    let mut client = TlsClient::new(server.connect_raw(), server.client_config());
    client.send_client_hello();
    client
}

/// Its address.
fn address(client: &mut TlsClient) -> SocketAddr {
    client.socket().local_addr().unwrap()
}

/// A client that waits already: it has its turn, one echo, and closes.
fn have_a_turn(mut client: TlsClient) {
    client.handshake().unwrap();
    assert_eq!(client.receive(9), b"welcome!\n");
    client.send(b"my turn");
    assert_eq!(client.receive(7), b"my turn");
    assert_eq!(client.close(), b"");
}

/// The addresses of the clients that got a session, in that order.
fn served(server: &EchoServer, count: usize) -> Vec<SocketAddr> {
    let lines = server.log().wait_for_lines(count, " connected: ");
    let address = |line: &String| {
        let (_, after) = line.split_once("session ").unwrap();
        after.split(' ').nth(1).unwrap().parse().unwrap()
    };
    lines.iter().map(address).collect()
}

#[test]
fn five_waiting_clients_are_served_in_the_order_of_their_arrival() {
    let server = EchoServer::start(&[]);
    let mut first = server.connect();
    let mut expected = vec![first.socket().local_addr().unwrap()];

    thread::scope(|scope| {
        for _ in 0..5 {
            let mut client = hello(&server);
            expected.push(address(&mut client));
            scope.spawn(|| have_a_turn(client));
        }
        server.log().wait_for_line(&format!("{} waits for its turn, number 5", expected[5]));
        first.close();
    });
    assert_eq!(served(&server, 6), expected);
}

#[test]
fn a_waiter_that_left_is_skipped() {
    let server = EchoServer::start(&["--handshake-timeout", "off"]);
    let first = server.connect();
    let leaver = server.connect_raw();
    let address = leaver.local_addr().unwrap();
    let patient = hello(&server);
    drop(leaver);
    first.close();
    have_a_turn(patient);
    server.log().wait_for_line(&format!("{address} left without sending anything"));
    server.log().wait_for_line("session 2: "); // which was the patient one's
}

#[test]
fn a_waiter_that_reset_its_connection_is_skipped() {
    let server = EchoServer::start(&["--handshake-timeout", "off"]);
    let first = server.connect();
    let leaver = server.connect_raw();
    let address = leaver.local_addr().unwrap();
    let patient = hello(&server);
    server.log().wait_for_line(&format!("{address} waits for its turn"));
    raw::reset(leaver);
    first.close();
    have_a_turn(patient);
    server.log().wait_for_line(&format!("{address} left without sending anything: Connection reset"));
}

/// There are more of them than the queue looks at in one round.
#[test]
fn a_client_that_speaks_does_not_wait_for_silent_ones() {
    let server = EchoServer::start(&["--handshake-timeout", "off", "--waiting", "400"]);
    let silent: Vec<_> = (0..300).map(|_| server.connect_raw()).collect();
    server.serves_a_client();
    server.serves_a_client();
    drop(silent);
}

#[test]
fn the_client_that_has_waited_longest_of_those_that_have_spoken_is_next() {
    let server = EchoServer::start(&["--handshake-timeout", "off"]);
    let first = server.connect();
    let mut queued: Vec<_> =
        (0..4).map(|_| TlsClient::new(server.connect_raw(), server.client_config())).collect();
    let addresses: Vec<_> = queued.iter_mut().map(|client| client.socket().local_addr().unwrap()).collect();
    server.log().wait_for_line("waits for its turn, number 4");
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
fn a_silent_client_that_gave_its_slot_up_is_served_when_it_speaks() {
    let server = EchoServer::start(&["--handshake-timeout", "off", "-v"]);
    let first = server.connect_raw();
    let address = first.local_addr().unwrap();
    server.log().wait_for_line(&format!("{address} has a slot and has sent nothing yet"));
    let second = server.connect();
    server
        .log()
        .wait_for_line(&format!("{address} has sent nothing: its slot goes to a client that has sent data"));
    let third = server.connect_raw();
    server.log().wait_for_line(&format!("{} waits for its turn, number 2", third.local_addr().unwrap()));
    let mut first = TlsClient::new(first, server.client_config());
    first.send_client_hello();
    let mut third = TlsClient::new(third, server.client_config());
    third.send_client_hello();
    second.close();
    for mut client in [first, third] {
        client.handshake().unwrap(); // the first one has kept its position
        assert_eq!(client.receive(9), b"welcome!\n");
        assert_eq!(client.close(), b"");
    }
}

/// One look at the queue finds all of them. With a look for each, the last of many clients would wait for a long time.
#[test]
fn several_silent_clients_give_their_slots_up_at_once() {
    let server = EchoServer::start(&["--slots", "5", "--handshake-timeout", "off", "--trace"]);
    server.program.signal("STOP");
    let silent: Vec<_> = (0..5).map(|_| server.connect_raw()).collect();
    let mut speakers: Vec<_> = (0..5).map(|_| hello(&server)).collect();
    server.program.signal("CONT");
    for speaker in &mut speakers {
        speaker.handshake().unwrap();
    }
    server.log().wait_for_lines(5, " slot given up ");
    let text = server.log().text();
    let rounds = text.split(" woke ").map(|round| round.matches(" slot given up ").count());
    assert!(rounds.max() > Some(1), "{text}");
    drop(silent);
}

#[test]
fn a_silent_client_in_a_slot_is_disconnected_after_the_handshake_timeout() {
    let server = EchoServer::start(&["--handshake-timeout", "1s"]);
    let mut silent = server.connect_raw();
    let address = silent.local_addr().unwrap();
    server.log().wait_for_line(&format!("{address} sent nothing for 1s and was disconnected"));
    assert_eq!(raw::read_to_end(&mut silent).unwrap(), b"");
    server.serves_a_client();
    server.log().wait_for_line("session 1: "); // the silent client had none
}

/// They leave in waves, and all waves take less than one handshake timeout, of which one is longer than this test may
/// take.
#[test]
fn silent_clients_in_the_slot_the_queue_and_the_backlog_cost_no_handshake_timeout() {
    let server = EchoServer::start(&["--waiting", "2", "--handshake-timeout", "66s"]);
    let silent: Vec<_> = (0..8).map(|_| server.connect_raw()).collect();
    server.log().wait_for_line("the accept queue is full");
    server.serves_a_client();
    drop(silent);
}

#[test]
fn more_clients_than_the_waiting_room_holds_are_all_served_though_nobody_new_comes() {
    let server = EchoServer::start(&["--waiting", "2", "-v"]);
    let mut first = server.connect();
    let mut expected = vec![first.socket().local_addr().unwrap()];
    thread::scope(|scope| {
        for _ in 0..8 {
            let mut client = hello(&server);
            expected.push(address(&mut client));
            scope.spawn(|| have_a_turn(client));
        }
        server.log().wait_for_line("the accept queue is full");
        first.close();
    });
    assert_eq!(served(&server, 9), expected);
    server.log().wait_for_line("there is room again");
    server.serves_a_client();
}

/// The room is full of those who have left already, all in one look at the backlog: no event will announce the one
/// who is still behind them.
#[test]
fn a_room_that_empties_by_skipping_takes_in_who_is_behind() {
    let server = EchoServer::start(&["--waiting", "1"]);
    server.program.signal("STOP");
    let leaver = server.connect_raw();
    let address = leaver.local_addr().unwrap();
    raw::reset(leaver);
    let patient = hello(&server);
    server.program.signal("CONT");
    have_a_turn(patient);
    server.log().wait_for_line(&format!("{address} left without sending anything"));
}

#[test]
fn out_of_file_descriptors_the_server_goes_on_and_serves_everybody_in_the_end() {
    let folder = TempDir::new();
    let launch = Launch::server_limited("-n 16", folder.path());
    let server = EchoServer::launch(launch, folder);
    let first = server.connect();
    thread::scope(|scope| {
        for _ in 0..24 {
            let client = hello(&server);
            scope.spawn(|| have_a_turn(client));
        }
        server.log().wait_for_line("accepting a connection failed");
        first.close(); // nobody new comes from here on
    });
    assert_eq!(served(&server, 25).len(), 25);
    server.serves_a_client();
}

#[test]
fn that_it_is_out_of_file_descriptors_is_said_once_while_it_lasts() {
    let folder = TempDir::new();
    let launch = Launch::server_limited("-n 16", folder.path()).args(["--idle-timeout", "2s"]);
    let server = EchoServer::launch(launch, folder);
    let mut first = server.connect();
    let clients: Vec<_> = (0..24).map(|_| server.connect_raw()).collect();
    first.receive_to_end();
    first.close_notify();
    server.log().wait_for_line("timed out (--idle-timeout)"); // after many a vain attempt to accept
    let text = server.log().text();
    let (before, _) = text.split_once("timed out (--idle-timeout)").unwrap();
    assert_eq!(before.matches("accepting a connection failed").count(), 1, "{before}");
    drop(clients);
}

/// One of them for each round would have each wait for as many turns of everybody who is served as there are before it.
#[test]
fn a_crowd_in_the_backlog_is_in_within_a_few_rounds() {
    let server = EchoServer::start(&["--trace"]);
    server.serves_a_client();
    server.program.signal("STOP");
    let crowd: Vec<_> = (0..40).map(|_| server.connect_raw()).collect();
    server.program.signal("CONT");
    let last = crowd.last().unwrap().local_addr().unwrap();
    server.log().wait_for_line(&format!("{last} is number 39 in the accept queue"));
    let text = server.log().text();
    let round = |peer: SocketAddr| {
        let peer = peer.to_string();
        let accepted = |line: &str| line.contains(" accepted ") && line.ends_with(&peer);
        text.lines().take_while(|line| !accepted(line)).filter(|line| line.contains(" woke ")).count()
    };
    let first = crowd[0].local_addr().unwrap();
    assert!(round(last) - round(first) < 5, "{text}");
}

#[test]
fn a_full_room_takes_nobody_in_and_does_not_ask_who_is_there() {
    let server = EchoServer::start(&["--waiting", "2", "--trace"]);
    let mut first = server.connect();
    assert_eq!(first.receive(9), b"welcome!\n");
    server.program.signal("STOP");
    let crowd: Vec<_> = (0..5).map(|_| server.connect_raw()).collect();
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
    let asked = |line: &str| line.contains(" ready ") && line.ends_with(" listener");
    assert!(!full.lines().any(asked), "{full}");
    assert!(!full.contains("is number 3 in the accept queue"), "{full}");
    drop(crowd);
}
