//! The examples of `tls-session`: one session under other loops.
#![allow(clippy::unwrap_used)]

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::thread;

use testing::binaries::example;
use testing::folder::TempDir;
use testing::program::{Launch, Program};

const GREETING: &[u8] = b"welcome!\n";
const CERTIFICATE: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/../common/session/src/simulation/certificate.pem");

/// Starts an example. Returns it and its address.
fn start(name: &str, folder: &Path) -> (Program, SocketAddr) {
    let server = Launch::new(example(name), folder).args(["127.0.0.1:0"]).start();
    let line = server.stdout.wait_for_line("listening on ");
    (server, line.trim_start_matches("listening on ").trim().parse().unwrap())
}

fn client(server: SocketAddr, folder: &Path, arguments: &[&str]) -> Launch {
    let target = format!("localhost:{}", server.port());
    Launch::client(folder).args([target.as_str(), "--ca", CERTIFICATE]).args(arguments)
}

/// More than all buffers of an echo hold.
fn large() -> Vec<u8> {
    (0..8 << 20).map(|position: u32| (position ^ (position >> 11)) as u8).collect()
}

fn a_large_file_comes_back(server: SocketAddr, folder: &Path) {
    let mut client = client(server, folder, &["-i"]).start();
    let (content, mut stdin) = (large(), client.take_stdin());
    let writer = thread::spawn(move || stdin.write_all(&content).unwrap());
    client.expect_exit(0);
    writer.join().unwrap();
    let output = client.stdout.bytes();
    let (greeting, echo) = output.split_at(GREETING.len());
    assert_eq!(greeting, GREETING);
    assert!(echo == large(), "{} bytes came back", echo.len());
}

/// A client that speaks no TLS, and one that cuts its session off.
fn bad_clients_end(server: SocketAddr) {
    let mut http = testing::peer::connect(server);
    http.write_all(b"GET / HTTP/1.0\r\n\r\n").unwrap();
    let answer = http.read_to_fin().unwrap();
    assert_eq!(answer.first(), Some(&21), "an alert");
    drop(testing::peer::connect(server));
}

fn many_sessions(name: &str) {
    let folder = TempDir::new();
    let (server, address) = start(name, folder.path());
    let mut open = client(address, folder.path(), &["-i"]).start();
    open.stdout.wait_for_text("welcome!");
    bad_clients_end(address);
    a_large_file_comes_back(address, folder.path());
    open.type_in("still here\n");
    open.stdout.wait_for_text("still here");
    open.end_stdin();
    open.expect_exit(0);
    server.stdout.wait_for_text("Clean");
}

#[test]
fn on_epoll_serves_several_sessions() {
    many_sessions("on_epoll");
}

#[test]
fn on_tokio_serves_several_sessions() {
    many_sessions("on_tokio");
}

#[test]
fn on_threads_serves_several_sessions() {
    many_sessions("on_threads");
}

#[test]
fn blocking_serves_one_client_after_the_other() {
    let folder = TempDir::new();
    let (_server, address) = start("blocking", folder.path());
    bad_clients_end(address);
    a_large_file_comes_back(address, folder.path());
    a_large_file_comes_back(address, folder.path());
}

#[test]
fn minimal_mio_echoes_a_large_file() {
    let folder = TempDir::new();
    let (mut server, address) = start("minimal_mio", folder.path());
    a_large_file_comes_back(address, folder.path());
    server.expect_exit(0);
}

#[test]
fn minimal_mio_sends_an_alert() {
    let folder = TempDir::new();
    let (mut server, address) = start("minimal_mio", folder.path());
    let mut http = testing::peer::connect(address);
    http.write_all(b"GET / HTTP/1.0\r\n\r\n").unwrap();
    let answer = http.read_to_fin().unwrap();
    assert_eq!(answer.first(), Some(&21), "an alert");
    drop(http);
    server.expect_exit(0);
}

#[test]
#[ignore = "needs openssl"]
fn each_serves_openssl() {
    for name in ["blocking", "minimal_mio", "on_threads", "on_epoll", "on_tokio"] {
        let folder = TempDir::new();
        let (_server, address) = start(name, folder.path());
        let connect = address.to_string();
        let arguments = ["s_client", "-brief", "-nocommands", "-CAfile", CERTIFICATE, "-connect", &connect];
        let mut openssl = Launch::new("openssl", folder.path()).args(arguments).start();
        openssl.stdout.wait_for_text("welcome!");
        openssl.type_in("hello\n");
        openssl.stdout.wait_for_text("hello");
        openssl.end_stdin();
        openssl.expect_exit(0);
    }
}
