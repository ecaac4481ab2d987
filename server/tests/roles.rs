//! The examples: other roles in the server's loop.
#![allow(clippy::unwrap_used)]

use testing::binaries::example;
use testing::echo_server::EchoServer;
use testing::folder::TempDir;
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
