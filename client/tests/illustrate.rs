//! `--illustrate`, at both ends of sessions of real processes.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::fs;

use testing::echo_server::EchoServer;
use testing::folder::TempDir;
use testing::program::Launch;

#[test]
fn both_ends_draw_each_session() {
    let mut server = EchoServer::start(&["--sessions", "2", "--illustrate", "pages"]);
    let target = format!("localhost:{}", server.address.port());
    let mut client = Launch::client(server.folder.path())
        .args([target.as_str(), "--message", "hello", "--linger", "0s", "--reconnect", "1"])
        .args(["--illustrate", "drawn/by/the client"])
        .start();
    client.expect_exit(0);
    server.program.expect_exit(0);
    for (page, us, kind) in [
        ("pages/session-1.html", "this server with", "full, "),
        ("pages/session-2.html", "this server with", "resumed, "),
        ("drawn/by/the client/session-1.html", "this client with", "full, "),
        ("drawn/by/the client/session-2.html", "this client with", "resumed, "),
    ] {
        let page = server.folder.read(page);
        for part in [us, kind, "It ended well.", "ClientHello", "asleep, "] {
            assert!(page.contains(part), "{part}");
        }
        assert!(page.contains("welcome!\\n"), "what was said is opened");
    }
}

#[test]
fn a_failed_handshake_is_drawn_at_both_ends_with_its_reason() {
    let mut server = EchoServer::start(&["--sessions", "1", "--illustrate", "pages"]);
    let stranger = testing::certificates::Identity::localhost();
    server.folder.write("stranger.pem", &stranger.certificate);
    let target = format!("localhost:{}", server.address.port());
    let mut client = Launch::client(server.folder.path())
        .args([target.as_str(), "--ca", "stranger.pem", "--illustrate", "drawn"])
        .start();
    client.expect_exit(3);
    server.program.expect_exit(0);
    let page = server.folder.read("drawn/session-1.html");
    assert!(page.contains("The handshake failed.") && page.contains("The server is not authorized: "));
    let page = server.folder.read("pages/session-1.html");
    assert!(page.contains("The handshake failed.") && page.contains("unknown_ca (48)"));
}

#[test]
fn a_page_that_cannot_be_written_is_reported_once_and_changes_no_session() {
    let mut server = EchoServer::start(&["--sessions", "3", "--illustrate", "pages"]);
    server.folder.write("pages/session-2.html", "somebody's");
    let target = format!("localhost:{}", server.address.port());
    let mut client = Launch::client(server.folder.path())
        .args([target.as_str(), "--linger", "0s", "--reconnect", "2"])
        .start();
    client.expect_exit(0);
    server.program.expect_exit(0);
    let reports = server.log().lines("no more sessions are drawn");
    let [report] = &reports[..] else { panic!("{reports:?}") };
    assert!(report.ends_with("pages/session-2.html exists already, and is not overwritten"), "{report}");
    assert_eq!(server.log().lines("closed cleanly").len(), 3);
    assert_eq!(server.folder.read("pages/session-2.html"), "somebody's");
    assert!(!server.folder.path().join("pages/session-3.html").exists());
}

#[test]
fn a_folder_with_pages_is_refused_before_anything_happens() {
    let folder = TempDir::new();
    folder.write("pages/session-3.html", "somebody's");
    for (program, name) in
        [(Launch::server(folder.path()), "mio-server"), (Launch::client(folder.path()), "mio-client")]
    {
        let mut program = program.args(["--illustrate", "pages"]).start();
        program.expect_exit(1);
        let text = program.stderr.text();
        let last = text.lines().last().unwrap();
        assert!(last.starts_with(name) && last.contains("pages has session-3.html already"), "{text}");
    }
    assert_eq!(fs::read_dir(folder.path().join("pages")).unwrap().count(), 1);
}
