//! `--illustrate` of real servers and clients.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::fs;

use testing::echo_server::EchoServer;

#[test]
fn both_sides_draw_each_session_in_one_folder_and_log_each_path() {
    let mut server = EchoServer::start(&["--sessions", "4", "--illustrate", "drawn/by us"]);
    let client = || {
        let mut client = server
            .client(&["--message", "hello", "--linger", "0s", "--reconnect", "1"])
            .args(["--illustrate", "drawn/by us"])
            .start();
        client.expect_exit(0);
        client
    };
    let clients = [client(), client()];
    server.program.expect_exit(0);
    for (number, kind) in [(1, "full, "), (2, "resumed, "), (3, "full, "), (4, "resumed, ")] {
        for side in ["server", "client"] {
            let path = format!("drawn/by us/{side}-{number}.html");
            let page = server.folder.read(&path);
            for part in [kind, "It ended well.", "ClientHello", "asleep, "] {
                assert!(page.contains(part), "{part} in {path}");
            }
            assert!(page.contains(&format!("this {side} with")), "{path}");
            assert!(page.contains("welcome!\\n"), "the plaintext is shown");
            let log = match side {
                "server" => server.log(),
                _ => &clients[(number - 1) / 2].stderr,
            };
            let [line] = &log.lines(&path)[..] else { panic!("{path}: {}", log.text()) };
            assert!(
                line.contains(" INFO  session ") && line.contains(" page written to drawn/by us/"),
                "{line}"
            );
            // The second client counts its sessions from 1 again.
            let has_earlier = side == "client" && number > 2;
            assert_eq!(line.ends_with(", the folder's next number"), has_earlier, "{line}");
        }
    }
}

#[test]
fn a_failed_handshake_is_drawn_on_both_sides_with_its_reason() {
    let mut server = EchoServer::start(&["--sessions", "1", "--illustrate", "pages"]);
    let stranger = testing::certificates::Identity::localhost();
    server.folder.write("stranger.pem", &stranger.certificate);
    let mut client = server.client(&["--ca", "stranger.pem", "--illustrate", "pages"]).start();
    client.expect_exit(3);
    server.program.expect_exit(0);
    let page = server.folder.read("pages/client-1.html");
    assert!(page.contains("The handshake failed.") && page.contains("The server is not authorized: "));
    let page = server.folder.read("pages/server-1.html");
    assert!(page.contains("The handshake failed.") && page.contains("unknown_ca (48)"));
}

/// The folder's path is a file during two sessions.
#[test]
fn failed_pages_are_reported_once_and_later_pages_are_written() {
    let mut server = EchoServer::start(&["-v", "--sessions", "4", "--illustrate", "pages"]);
    let session = || server.client(&["--linger", "0s"]).start().expect_exit(0);
    let pages = server.folder.path().join("pages");
    session();
    server.log().wait_for_line("page written to pages/server-1.html");
    fs::remove_dir_all(&pages).unwrap();
    fs::write(&pages, "a file").unwrap();
    session();
    let report = server.log().wait_for_line("cannot make the folder pages");
    assert!(
        report.contains(" WARN ") && report.ends_with("; pages are skipped until writing works again"),
        "{report}"
    );
    session();
    let [_, second] = &server.log().wait_for_lines(2, "cannot make the folder pages")[..] else {
        panic!("two")
    };
    assert!(second.contains(" DEBUG "), "{second}");
    fs::remove_file(&pages).unwrap();
    session();
    server.program.expect_exit(0);
    let [again] = &server.log().lines("writing pages works again; ")[..] else {
        panic!("{}", server.log().text())
    };
    assert!(again.ends_with(" skipped 2 pages"), "{again}");
    assert_eq!(server.log().lines("closed cleanly").len(), 4);
    assert!(server.folder.read("pages/server-2.html").contains("Session 4: "));
}
