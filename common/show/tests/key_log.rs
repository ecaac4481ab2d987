//! `--key-log` and `SSLKEYLOGFILE` of both programs.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod support {
    pub mod pcapng;
}

use std::collections::{BTreeMap, HashSet};
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use support::pcapng::Capture;
use testing::echo_server::EchoServer;
use testing::folder::TempDir;
use testing::program::{Launch, Program};

fn start_client(server: &EchoServer, arguments: &[&str]) -> Program {
    server.client(&["--linger", "0s"]).args(arguments).start()
}

/// Starts a client with this SSLKEYLOGFILE.
fn start_with_variable(server: &EchoServer, file: &str, arguments: &[&str]) -> Program {
    server.client(&["--linger", "0s"]).args(arguments).env("SSLKEYLOGFILE", file).start()
}

/// Returns the labels of each session in a key log. Asserts that every line is complete and valid.
fn labels(key_log: &str) -> Vec<HashSet<&str>> {
    let mut sessions: BTreeMap<&str, HashSet<&str>> = BTreeMap::new();
    assert!(key_log.ends_with('\n'));
    for line in key_log.lines() {
        let parts: Vec<&str> = line.split(' ').collect();
        let [label, client_random, secret] = parts[..] else { panic!("{line}") };
        assert!(client_random.len() == 64 && secret.len() >= 64);
        assert!([client_random, secret].concat().bytes().all(|byte| byte.is_ascii_hexdigit()));
        assert!(sessions.entry(client_random).or_default().insert(label), "{label} comes twice");
    }
    sessions.into_values().collect()
}

const LABELS_1_3: [&str; 5] = [
    "CLIENT_HANDSHAKE_TRAFFIC_SECRET",
    "SERVER_HANDSHAKE_TRAFFIC_SECRET",
    "CLIENT_TRAFFIC_SECRET_0",
    "SERVER_TRAFFIC_SECRET_0",
    "EXPORTER_SECRET",
];

#[test]
fn both_ends_write_the_same_secrets() {
    for (version, expected) in [("1.3", &LABELS_1_3[..]), ("1.2", &["CLIENT_RANDOM"])] {
        let server = EchoServer::start(&["--key-log", "server.log"]);
        start_client(&server, &["--key-log", "client.log", "--tls", version]).expect_exit(0);
        let lines =
            |name| -> HashSet<String> { server.folder.read(name).lines().map(str::to_owned).collect() };
        assert_eq!(lines("server.log"), lines("client.log"));
        assert_eq!(labels(&server.folder.read("client.log")), [HashSet::from_iter(expected.iter().copied())]);
    }
}

#[test]
fn only_its_owner_may_read_a_new_file_and_a_warning_says_why() {
    let server = EchoServer::start(&["--key-log", "keys.log"]);
    let mode = fs::metadata(server.folder.path().join("keys.log")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    server.log().wait_for_line(
        "WARN  --key-log: session secrets are written to keys.log; any reader of this file can decrypt",
    );
}

#[test]
fn the_variable_names_the_file_unless_the_flag_does() {
    let server = EchoServer::start(&[]);
    let run = |variable: &str, arguments: &[&str]| {
        let mut client = start_with_variable(&server, variable, arguments);
        client.expect_exit(0);
        client.stderr.text()
    };
    let log = run("variable.log", &[]);
    assert!(log.contains("SSLKEYLOGFILE: session secrets are written to variable.log; any reader"), "{log}");
    assert_eq!(labels(&server.folder.read("variable.log")).len(), 1);
    run("variable.log", &["--key-log", "flag.log"]);
    assert_eq!(labels(&server.folder.read("variable.log")).len(), 1);
    assert_eq!(labels(&server.folder.read("flag.log")).len(), 1);
    assert!(!run("", &[]).contains("WARN"));
}

#[test]
fn without_flag_and_variable_there_is_no_file() {
    let server = EchoServer::start(&["-v"]);
    start_client(&server, &["--trace", "-v"]).expect_exit(0);
    assert_eq!(server.folder.names(), ["certificates"]);
}

#[test]
fn the_key_log_works_together_with_other_sinks() {
    let server =
        EchoServer::start(&["--key-log", "keys.log", "--capture", "server.pcapng", "--sessions", "1"]);
    start_client(&server, &["--trace=json", "--key-log", "client.log"]).expect_exit(0);
    let EchoServer { mut program, folder, .. } = server;
    program.expect_exit(0);
    let capture = Capture::read(&folder.path().join("server.pcapng"));
    assert_eq!(capture.secrets(), folder.read("keys.log").lines().collect::<Vec<_>>());
    assert_eq!(labels(&folder.read("client.log")).len(), 1);
}

/// Asserts that both programs refuse this file with status 1 and these words.
fn assert_refused(folder: &Path, file: &str, words: &str) {
    for launch in [Launch::server(folder), Launch::client(folder)] {
        let mut program = launch.args(["--key-log", file]).start();
        program.expect_exit(1);
        let line = program.stderr.wait_for_line("--key-log: ");
        assert!(line.contains(file) && line.contains(words), "{line}");
    }
}

#[test]
fn a_file_that_others_may_access_is_refused_and_not_changed() {
    let folder = TempDir::new();
    let path = folder.write("keys.log", "old\n");
    for mode in [0o640, 0o604, 0o644, 0o620, 0o602] {
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        assert_refused(folder.path(), "keys.log", &format!("is accessible to other users (mode {mode:04o})"));
    }
    assert_eq!(folder.read("keys.log"), "old\n");
}

#[test]
fn everything_but_a_regular_file_is_refused() {
    let folder = TempDir::new();
    assert!(Command::new("mkfifo").arg(folder.path().join("pipe")).status().unwrap().success());
    fs::create_dir(folder.path().join("folder")).unwrap();
    for file in ["pipe", "folder", "/dev/null", "/dev/full"] {
        assert_refused(folder.path(), file, "is not a regular file");
    }
    assert_refused(folder.path(), "no/such.log", "make its folder first");
    assert_refused(folder.path(), "-", "cannot write secrets to stdout; name a file");
    assert!(!folder.path().join("-").exists());
    folder.write("file", "");
    assert_refused(folder.path(), "file/such.log", "; name another file");
}

/// The second server stands for the first one on a disk that has room again.
#[test]
fn a_full_disk_is_reported_once_and_later_secrets_begin_a_new_line() {
    let folder = TempDir::new();
    let launch = Launch::server(folder.path()).in_shell("ulimit -f 4").args(["--key-log", "keys.log"]);
    let server = EchoServer::launch(launch, folder);
    for _ in 0..8 {
        server.serves_a_client();
    }
    server.log().wait_for_lines(8, "closed cleanly");
    assert_eq!(server.log().lines("cannot write the key log: ").len(), 1);

    let EchoServer { mut program, folder, .. } = server;
    program.interrupt();
    program.expect_exit(0);
    let full = folder.read("keys.log");
    assert!(!full.ends_with('\n'));
    let server = EchoServer::start_in(folder, &["--key-log", "keys.log"]);
    server.serves_a_client();
    server.log().wait_for_line("closed cleanly");
    let text = server.folder.read("keys.log");
    assert_eq!(labels(text.strip_prefix(&format!("{full}\n")).unwrap()).len(), 1);
}

/// The person who starts the program may not know that the variable is set.
#[test]
fn unusable_sslkeylogfile_is_a_warning() {
    let server = EchoServer::start(&[]);
    let open = server.folder.write("open.log", "");
    fs::set_permissions(&open, Permissions::from_mode(0o644)).unwrap();
    for (file, why) in [
        ("open.log", "is accessible to other users"),
        ("no/such.log", "make its folder first"),
        ("-", "stdout"),
    ] {
        let mut client = start_with_variable(&server, file, &[]);
        client.expect_exit(0);
        let line = client.stderr.wait_for_line(" WARN  SSLKEYLOGFILE: ");
        assert!(line.contains(why) && line.ends_with("; no secrets are written"), "{line}");
    }
    assert_eq!(server.folder.read("open.log"), "");
}

#[test]
fn sslkeylogfile_warning_is_silenced_only_by_qqq() {
    let server = EchoServer::start(&[]);
    for (verbosity, warnings) in [("-v", 1), ("-q", 1), ("-qq", 1), ("-qqq", 0)] {
        let mut client = start_with_variable(&server, "keys.log", &[verbosity]);
        client.expect_exit(0);
        let lines = client.stderr.lines("SSLKEYLOGFILE: session secrets are written to keys.log; any reader");
        assert_eq!(lines.len(), warnings, "{verbosity}: {}", client.stderr.text());
    }
}
