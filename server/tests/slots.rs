//! More than one session at a time.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::thread;

use testing::echo_server::EchoServer;
use testing::folder::TempDir;
use testing::peer::TlsClient;
use testing::program::Launch;

fn greeted(server: &EchoServer) -> TlsClient {
    let mut client = server.connect();
    assert_eq!(client.receive(9), b"welcome!\n");
    client
}

#[test]
fn each_slot_serves_a_session_the_next_client_waits_and_a_signal_closes_all() {
    let mut server = EchoServer::start(&["--slots", "3"]);
    let mut clients: Vec<_> = (0..3).map(|_| greeted(&server)).collect();
    let fourth = server.connect_raw();
    server.log().wait_for_line(&format!("{} is number 1", fourth.socket().local_addr().unwrap()));
    for client in &mut clients {
        assert!(client.try_round_trip(b"all at once"));
    }
    clients.remove(1).close();
    let mut fourth = TlsClient::new(fourth, server.client_config());
    fourth.handshake().unwrap();
    assert_eq!(fourth.receive(9), b"welcome!\n");
    server.program.interrupt();
    for client in clients.into_iter().chain([fourth]) {
        assert_eq!(client.close(), b"");
    }
    server.program.expect_exit(0);
}

#[test]
fn each_session_has_its_own_deadlines() {
    let server = EchoServer::start(&["--slots", "20", "--idle-timeout", "3s"]);
    let silent: Vec<_> = (0..19).map(|_| greeted(&server)).collect();
    let mut busy = greeted(&server);
    thread::scope(|scope| {
        for client in silent {
            scope.spawn(|| assert_eq!(client.close_after_peer(), b""));
        }
        while server.log().lines("timed out (--idle-timeout)").len() < 19 {
            assert!(busy.try_round_trip(b"not idle"));
        }
    });
    assert!(busy.try_round_trip(b"still there"));
    assert!(server.log().wait_for_line("timed out (--idle-timeout)").contains("WARN"));
}

#[test]
fn a_busy_session_does_not_stop_the_others() {
    let server = EchoServer::start(&["--slots", "2"]);
    let mut busy = greeted(&server);
    let mut quiet = greeted(&server);
    let content = vec![b'~'; 8 << 20];
    let sender = busy.send_in_background(&content);
    for _ in 0..100 {
        assert!(quiet.try_round_trip(b"my turn"));
    }
    assert_eq!(busy.receive(content.len()), content);
    sender.join().unwrap().unwrap();
}

/// The largest number of bytes in one read.
fn largest_read(server: &EchoServer) -> usize {
    let lines = server.log().lines(" recv ");
    let bytes = |line: &String| line.split_once(" recv ")?.1.split_whitespace().next()?.parse().ok();
    lines.iter().filter_map(bytes).max().unwrap()
}

/// A session that waits for its turn waits for one read of each other session.
#[test]
fn reads_are_small_while_there_is_another_session() {
    let server = EchoServer::start(&["--slots", "2", "--trace"]);
    let mut busy = greeted(&server);
    let quiet = greeted(&server);
    let content = vec![b'~'; 8 << 20];
    let sender = busy.send_in_background(&content);
    assert_eq!(busy.receive(content.len()), content);
    sender.join().unwrap().unwrap();
    assert_eq!(largest_read(&server), 32 * 1024);
    assert_eq!(quiet.close(), b"");
}

/// The limit of `run_queue.rs`. Between two rounds the loop polls, and serves the sessions that are established.
#[test]
fn a_round_of_the_loop_takes_at_most_four_client_hellos() {
    let server = EchoServer::start(&["--slots", "40", "--trace"]);
    server.program.signal("STOP");
    let mut clients: Vec<_> =
        (0..40).map(|_| TlsClient::new(server.connect_raw(), server.client_config())).collect();
    clients.iter_mut().for_each(TlsClient::send_client_hello);
    server.program.signal("CONT");
    for client in &mut clients {
        client.handshake().unwrap();
    }
    server.log().wait_for_lines(40, " B: ClientHello");
    let text = server.log().text();
    let rounds = text.split(" woke ").map(|round| round.matches(" B: ClientHello").count());
    assert_eq!(rounds.max(), Some(4), "{text}");
}

#[test]
fn too_few_file_descriptors_are_logged_at_the_start() {
    let folder = TempDir::new();
    let launch = Launch::server(folder.path()).in_shell("ulimit -n 64").args(["--slots", "1000"]);
    let server = EchoServer::launch(launch, folder);
    server.log().wait_for_line("64 file descriptors are too few for --slots 1000");
    server.serves_a_client();
}
