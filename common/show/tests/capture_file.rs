//! `--capture` of both programs: the file, a full disk, and stdout.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod support {
    pub mod pcapng;
}

use std::fs;
use std::io;
use std::process::Command;
use std::time::Instant;

use support::pcapng::Capture;
use testing::LIMIT;
use testing::certificates::Identity;
use testing::echo_server::EchoServer;
use testing::folder::TempDir;
use testing::program::{Launch, Output};

#[test]
fn an_existing_file_is_refused_and_not_changed() {
    let folder = TempDir::new();
    folder.write("taken.pcapng", "mine");
    for launch in [Launch::server(folder.path()), Launch::client(folder.path())] {
        let mut program = launch.args(["--capture", "taken.pcapng"]).start();
        program.expect_exit(1);
        program
            .stderr
            .wait_for_line("--capture: taken.pcapng exists already; name another file, or remove it");
    }
    assert_eq!(folder.read("taken.pcapng"), "mine");
}

#[test]
fn a_missing_folder_is_reported_and_not_made() {
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
fn the_file_is_removed_if_there_was_no_session() {
    let folder = TempDir::new();
    Identity::localhost().write(&folder);
    let closed_port = "127.0.0.1:1"; // tcpmux: nothing listens there
    let mut client = Launch::client(folder.path()).args([closed_port, "--capture", "a.pcapng"]).start();
    client.expect_exit(6);
    client.stderr.wait_for_line("--capture: there was no session; a.pcapng is removed");
    assert!(!folder.path().join("a.pcapng").exists());

    let mut server = EchoServer::start_in(folder, &["--capture", "a.pcapng"]);
    server.serves_a_client();
    server.program.interrupt();
    server.program.expect_exit(0);
    assert!(server.folder.path().join("a.pcapng").exists());
}

#[test]
fn a_file_of_another_program_with_the_same_name_is_not_removed() {
    let server = &mut EchoServer::start(&["--capture", "a.pcapng"]);
    fs::remove_file(server.folder.path().join("a.pcapng")).unwrap();
    server.folder.write("a.pcapng", "another's");
    server.program.interrupt();
    server.program.expect_exit(0);
    server
        .log()
        .wait_for_line("there was no session; cannot remove a.pcapng: its name belongs to another file now");
    assert_eq!(server.folder.read("a.pcapng"), "another's");
}

#[test]
fn a_full_disk_is_reported_once_and_sessions_continue() {
    let folder = TempDir::new();
    let launch = Launch::server(folder.path()).in_shell("ulimit -f 60").args(["--capture", "server.pcapng"]);
    let server = EchoServer::launch(launch, folder);
    server.log().wait_for_line("WARN  --capture: server.pcapng holds the secrets of its sessions");
    for _ in 0..2 {
        let mut client = server.connect();
        assert_eq!(client.receive(9), b"welcome!\n");
        assert!((0..100).all(|_| client.try_round_trip(&[b'~'; 3000])));
        assert_eq!(client.close(), b"");
    }
    server.log().wait_for_lines(2, "closed cleanly");
    let line = server.log().wait_for_line("capture stopped: cannot write (");
    assert!(line.contains("; the file is complete up to here; it continues with a later session"), "{line}");
    // A second session that begins after the pause may still fit in part.
    let continued = server.log().lines("capture continues with session 2").len();
    assert_eq!(server.log().lines("capture stopped: ").len(), 1 + continued);
    let capture = Capture::read(&server.folder.path().join("server.pcapng"));
    assert_eq!(capture.cut_off, 0);
    let connections = capture.connections();
    assert!(connections.len() == 1 + continued && connections[0].received.len() > 10_000);
}

/// Serves clients until the log has a line with these words.
fn serve_until(server: &EchoServer, words: &str) {
    let start = Instant::now();
    while server.log().lines(words).is_empty() {
        assert!(start.elapsed() < LIMIT);
        server.serves_a_client();
    }
}

/// A limit on the size of files stands for a full disk. Later it is raised, like a disk that has room again.
#[test]
#[ignore = "needs prlimit(1)"]
fn the_capture_continues_with_the_next_session_when_the_disk_has_room_again() {
    let folder = TempDir::new();
    let launch =
        Launch::server(folder.path()).in_shell("ulimit -S -f 60").args(["--capture", "server.pcapng"]);
    let server = EchoServer::launch(launch, folder);
    let mut client = server.connect();
    assert!((0..100).all(|_| client.try_round_trip(&[b'~'; 3000])));
    client.close();
    server.log().wait_for_line("capture stopped: ");
    let pid = server.program.id().to_string();
    assert!(Command::new("prlimit").args(["--fsize=unlimited", "--pid", &pid]).status().unwrap().success());
    serve_until(&server, "capture continues with session");
    let EchoServer { mut program, folder, .. } = server;
    program.interrupt();
    program.expect_exit(0);
    assert_eq!(program.stderr.lines("capture continues").len(), 1);
    let capture = Capture::read(&folder.path().join("server.pcapng"));
    assert_eq!(capture.cut_off, 0);
    assert!(capture.connections().len() >= 2); // more sessions may follow before the test reads the log
}

#[test]
fn a_dash_and_the_paths_of_stdout_mean_stdout() {
    for name in ["-", "/dev/stdout", "/dev/fd/1"] {
        let server = EchoServer::start(&[]);
        let mut client = server.client(&["--linger", "0s", "--capture", name]).start();
        client.expect_exit(0);
        client.stderr.wait_for_line("WARN  --capture: stdout holds the secrets of its sessions");
        assert_eq!(server.folder.names(), ["certificates"]);
        let capture = read(&client.stdout);
        assert_eq!(capture.cut_off, 0);
        assert_eq!(capture.connections().len(), 1); // and stdout has nothing else
    }
}

/// Reads the stdout of a program as a capture.
fn read(stdout: &Output) -> Capture {
    let folder = TempDir::new();
    let path = folder.path().join("stdout.pcapng");
    fs::write(&path, stdout.bytes()).unwrap();
    Capture::read(&path)
}

fn capturing_into_a_pipe() -> (io::PipeReader, EchoServer) {
    let (folder, (reader, writer)) = (TempDir::new(), io::pipe().unwrap());
    let launch = Launch::server(folder.path()).args(["--capture", "-"]).stdout(writer);
    (reader, EchoServer::launch(launch, folder))
}

#[test]
fn an_unread_stdout_stops_the_capture_but_not_the_sessions() {
    let (reader, server) = capturing_into_a_pipe();
    let mut client = server.connect();
    assert_eq!(client.receive(9), b"welcome!\n");
    assert!((0..400).all(|_| client.try_round_trip(&[b'~'; 16_000])));
    client.close();
    server.log().wait_for_line("capture stopped: cannot write (its reader does not read)");
    let stdout = Output::collect(reader);
    serve_until(&server, "capture continues with session");
    let EchoServer { mut program, .. } = server;
    program.interrupt();
    program.expect_exit(0);
    stdout.wait_for_end();
    let capture = read(&stdout);
    assert_eq!(capture.cut_off, 0);
    assert!(capture.connections().len() >= 2); // more sessions may follow before the test reads the log
    assert_eq!(program.stderr.lines("capture stopped: ").len(), 1);
}

#[test]
fn a_closed_stdout_ends_the_capture_but_not_the_server() {
    let (reader, server) = capturing_into_a_pipe();
    drop(reader);
    serve_until(&server, "its reader is gone");
    server.serves_a_client();
}
