//! The examples: other roles in the server's loop.
#![allow(clippy::unwrap_used)]

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc;
use std::thread::{self, JoinHandle};

use check::wire::Connection;
use testing::binaries::example;
use testing::echo_server::EchoServer;
use testing::folder::TempDir;
use testing::peer::End;
use testing::program::Launch;

fn start(name: &str, arguments: &[&str]) -> EchoServer {
    let folder = TempDir::new();
    let launch = Launch::new(example(name), folder.path()).args(["--listen", "127.0.0.1:0"]).args(arguments);
    EchoServer::launch(launch, folder)
}

#[test]
fn daytime_sends_the_time_and_closes() {
    let server = start("daytime", &["--trace=json"]);
    for _ in 0..2 {
        let mut client = server.connect();
        let time = client.receive(21);
        assert!(time.starts_with(b"20") && time.ends_with(b"Z\n"), "{}", time.escape_ascii());
        assert_eq!(client.close(), b"");
    }
    server.log().wait_for_line(r#""plaintext_out""#);
}

#[test]
fn chat_sends_each_line_to_all_clients() {
    let server = start("chat", &["--slots", "3"]);
    let mut clients = [(); 3].map(|()| server.connect());
    // A client that receives its own line has joined the chat.
    for client in &mut clients {
        client.send(b"hello\n");
        while !client.receive(6).ends_with(b"\n") {}
    }
    let [first, second, third] = &mut clients;
    let (mut to_second, mut to_third) = (Vec::new(), Vec::new());
    first.send(b"a line in");
    first.send(b" two parts\n");
    while !to_second.ends_with(b"a line in two parts\n") {
        to_second.extend(second.receive(1));
    }
    while !to_third.ends_with(b"a line in two parts\n") {
        to_third.extend(third.receive(1));
    }
}

/// A plain TCP server that does this with its one connection.
fn upstream<R: Send + 'static>(
    serve: impl FnOnce(TcpStream) -> R + Send + 'static,
) -> (SocketAddr, JoinHandle<R>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    (address, thread::spawn(move || serve(listener.accept().unwrap().0)))
}

/// More than all buffers on the way hold.
const LARGE: usize = 24 * 1024 * 1024;

fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|index| (index % 251) as u8).collect()
}

#[test]
fn forward_passes_an_answer_on_that_comes_after_close_notify() {
    let (address, upstream) = upstream(|mut socket| {
        let mut heard = Vec::new();
        socket.read_to_end(&mut heard).unwrap();
        socket.write_all(format!("{} bytes\n", heard.len()).as_bytes()).unwrap();
        heard
    });
    let server = start("forward", &["--to", &address.to_string()]);
    let mut client = server.connect();
    client.send(b"to be counted");
    assert_eq!(client.close(), b"13 bytes\n");
    assert_eq!(upstream.join().unwrap(), b"to be counted");
}

#[test]
fn forward_loses_nothing_while_neither_side_reads() {
    let (address, upstream) = upstream(|mut socket| {
        let mut writer = socket.try_clone().unwrap();
        let sender = thread::spawn(move || {
            writer.write_all(&pattern(LARGE)).unwrap();
            writer.shutdown(Shutdown::Write).unwrap();
        });
        sender.join().unwrap(); // only then it reads
        let mut heard = Vec::new();
        socket.read_to_end(&mut heard).unwrap();
        heard
    });
    let server = start("forward", &["--to", &address.to_string(), "--idle-timeout", "off"]);
    let mut client = server.connect();
    client.send(&pattern(100_000));
    assert!(client.close() == pattern(LARGE), "the answer is damaged");
    assert!(upstream.join().unwrap() == pattern(100_000), "the request is damaged");
}

#[test]
fn forward_pauses_a_client_while_nobody_takes_its_data() {
    let (go, gone) = mpsc::channel();
    let (address, upstream) = upstream(move |mut socket| {
        gone.recv().unwrap();
        let mut heard = Vec::new();
        socket.read_to_end(&mut heard).unwrap();
        heard
    });
    let server = start("forward", &["--to", &address.to_string(), "--trace=json"]);
    let before = server.program.usage().unwrap().heap;
    let mut client = server.connect();
    let sender = thread::spawn(move || {
        client.send(&pattern(LARGE));
        client.close()
    });
    server.log().wait_for_line(r#""source":"session","readable":false"#);
    go.send(()).unwrap();
    // The answer is complete when the upstream has closed, and the server is there until the client has closed.
    assert!(upstream.join().unwrap() == pattern(LARGE), "the data is damaged");
    let grown = server.program.usage().unwrap().peak.saturating_sub(before);
    assert!(grown < LARGE, "the server held {grown} bytes");
    assert_eq!(sender.join().unwrap(), b"");
}

/// The TCP server ends its half first, then the client sends its data and close_notify at once.
#[test]
fn forward_passes_data_on_that_comes_with_the_end_of_the_session() {
    let (address, upstream) = upstream(|mut socket| {
        socket.write_all(b"hello").unwrap();
        socket.shutdown(Shutdown::Write).unwrap();
        let mut heard = Vec::new();
        socket.read_to_end(&mut heard).unwrap();
        heard
    });
    let server = start("forward", &["--to", &address.to_string()]);
    let mut client = server.connect();
    assert_eq!(client.receive(5), b"hello");
    let last = [client.seal(&pattern(30_000)), client.seal_close_notify()].concat();
    client.write_raw(&last);
    assert!(upstream.join().unwrap() == pattern(30_000), "data was lost");
}

#[test]
fn forward_ends_a_session_without_close_notify_if_the_answer_is_cut_off() {
    let (address, upstream) = upstream(|mut socket| {
        socket.write_all(b"half of the ans").unwrap();
        let mut heard = [0; 1];
        socket.read_exact(&mut heard).unwrap();
        Connection::new(socket, testing::LIMIT).unwrap().reset().unwrap();
    });
    let server = start("forward", &["--to", &address.to_string()]);
    let mut client = server.connect();
    assert_eq!(client.receive(15), b"half of the ans");
    client.send(b"x");
    assert_eq!(client.receive_to_end().1, End::Fin);
    upstream.join().unwrap();
    server.log().wait_for_line("the connection to ");
}

#[test]
fn chat_ends_a_member_whose_line_is_too_long() {
    let server = start("chat", &[]);
    let mut client = server.connect();
    client.send(&[b'x'; 2000]);
    assert_eq!(client.receive_to_end().1, End::Fin);
}

#[test]
fn a_role_has_the_flags_of_the_server_except_those_of_the_echo() {
    let folder = TempDir::new();
    let mut help = Launch::new(example("daytime"), folder.path()).args(["--help"]).start();
    help.expect_exit(0);
    help.stdout.wait_for_line("--client-ca");
    help.stdout.wait_for_line("--trace");
    help.stdout.wait_for_end();
    assert_eq!(help.stdout.lines("--greeting"), [""; 0]);
}
