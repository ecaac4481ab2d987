//! `--capture` at both programs: its file, and what becomes of it when the disk is full.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test says what is wrong by panicking"
)]

mod support {
    pub mod pcapng;
    pub mod shapes;
}

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use support::pcapng::Capture;
use support::shapes::Shape;
use testing::certificates::Identity;
use testing::echo_server::EchoServer;
use testing::folder::TempDir;
use testing::program::Launch;

#[test]
fn it_says_what_made_it_and_is_for_its_owner_alone() {
    let taken = Shape::all().remove(0).take();
    for (path, program) in [(&taken.server, "mio-server "), (&taken.client, "mio-client ")] {
        let capture = Capture::read(path);
        assert_eq!(capture.program, format!("{program}{}", env!("CARGO_PKG_VERSION")));
        assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600);
    }
}

#[test]
fn a_file_that_exists_is_refused_and_stays_as_it_was() {
    let folder = TempDir::new();
    folder.write("taken.pcapng", "mine");
    for launch in [Launch::server(folder.path()), Launch::client(folder.path())] {
        let mut program = launch.args(["--capture", "taken.pcapng"]).start();
        program.expect_exit(1);
        program.stderr.wait_for_line("--capture: taken.pcapng exists already, and is not overwritten");
    }
    assert_eq!(folder.read("taken.pcapng"), "mine");
}

#[test]
fn a_folder_that_is_not_there_is_named_and_not_made() {
    let folder = TempDir::new();
    let mut server = Launch::server(folder.path()).args(["--capture", "no/such/a.pcapng"]).start();
    server.expect_exit(1);
    server.stderr.wait_for_line(
        "--capture: no/such/a.pcapng cannot be created: there is no folder no/such; `mkdir -p` makes it",
    );
    assert!(!folder.path().join("no").exists());

    folder.write("file", "");
    let mut server = Launch::server(folder.path()).args(["--capture", "file/a.pcapng"]).start();
    server.expect_exit(1);
    let line = server.stderr.wait_for_line("--capture: file/a.pcapng cannot be created: ");
    assert!(line.ends_with("; name another file"), "{line}");
}

#[test]
fn without_a_session_there_is_no_file_to_be_in_the_way_of_the_next_try() {
    let folder = TempDir::new();
    Identity::localhost().write(&folder);
    let nobody = "127.0.0.1:1"; // tcpmux; nothing listens there
    let mut client = Launch::client(folder.path()).args([nobody, "--capture", "a.pcapng"]).start();
    client.expect_exit(6);
    client.stderr.wait_for_line("--capture: there was no session, and there is no a.pcapng");
    assert!(!folder.path().join("a.pcapng").exists());

    let mut server = EchoServer::start_in(folder, &["--capture", "a.pcapng"]);
    server.serves_a_client();
    server.program.interrupt();
    server.program.expect_exit(0);
    assert!(server.folder.path().join("a.pcapng").exists());
}

#[test]
fn a_file_that_somebody_else_has_made_meanwhile_stays() {
    let server = &mut EchoServer::start(&["--capture", "a.pcapng"]);
    fs::remove_file(server.folder.path().join("a.pcapng")).unwrap();
    server.folder.write("a.pcapng", "another's");
    server.program.interrupt();
    server.program.expect_exit(0);
    server.log().wait_for_line("no session in a.pcapng, which stays: it is another file by now");
    assert_eq!(server.folder.read("a.pcapng"), "another's");
}

#[test]
fn a_warning_says_that_the_file_holds_secrets() {
    let server = EchoServer::start(&["--capture", "server.pcapng"]);
    server.log().wait_for_line("WARN  --capture: server.pcapng holds the secrets of its sessions");
}

#[test]
fn a_disk_that_is_full_is_reported_once_and_no_session_notices() {
    let folder = TempDir::new();
    let launch = Launch::server_limited("-f 60", folder.path()).args(["--capture", "server.pcapng"]);
    let server = EchoServer::launch(launch, folder);
    for _ in 0..2 {
        let mut client = server.connect();
        assert_eq!(client.receive(9), b"welcome!\n");
        assert!((0..100).all(|_| client.try_round_trip(&[b'~'; 3000])));
        assert_eq!(client.close(), b"");
    }
    server.log().wait_for_lines(2, "closed cleanly");
    let line = server.log().wait_for_line("the capture ends here, it cannot be written: ");
    assert!(line.contains("; what came before is whole"), "{line}");
    assert_eq!(server.log().lines("the capture ends here").len(), 1);
    let capture = Capture::read(&server.folder.path().join("server.pcapng"));
    assert_eq!(capture.cut_off, 0);
    let connections = capture.connections();
    assert!(connections.len() == 1 && connections[0].received.len() > 10_000);
}
