//! `--illustrate-keys` of real servers and clients.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use testing::echo_server::EchoServer;

const WARNING: &str = "--illustrate-keys: the pages will have the KEYS of all sessions";
const BANNER: &str = "This page has the KEYS of its session.";

/// The sessions of one client are a full one and a resumed one. Their keys come from the same recorder.
#[test]
fn both_sides_warn_of_keys_in_the_log_and_on_each_page() {
    let keys = ["--illustrate", "pages", "--illustrate-keys"];
    for version in ["1.2", "1.3"] {
        let mut server = EchoServer::start(&[&["--sessions", "4", "--slots", "3"], &keys[..]].concat());
        let arguments = ["--linger", "0s", "--reconnect", "1", "--tls", version];
        let start = || server.client(&arguments).args(keys).start();
        for mut client in [start(), start()] {
            client.expect_exit(0);
            assert_eq!(client.stderr.lines(WARNING).len(), 1, "{}", client.stderr.text());
        }
        server.program.expect_exit(0);
        assert_eq!(server.log().lines(WARNING).len(), 1);
        for side in ["server", "client"] {
            for number in 1..=4 {
                let path = format!("pages/{side}-{number}.html");
                let page = server.folder.read(&path);
                assert!(page.contains(BANNER) && page.contains("It ended well."), "{path}");
                let mode = fs::metadata(server.folder.path().join(&path)).unwrap().permissions().mode();
                assert_eq!(mode & 0o777, 0o600, "{path}");
            }
        }
    }
}

#[test]
fn without_the_flag_there_are_no_keys_and_no_warnings() {
    let mut server = EchoServer::start(&["--sessions", "1", "--illustrate", "pages"]);
    let mut client = server.client(&["--linger", "0s", "--illustrate", "pages"]).start();
    client.expect_exit(0);
    server.program.expect_exit(0);
    for log in [server.log(), &client.stderr] {
        assert!(!log.text().contains("KEYS"), "{}", log.text());
    }
    for path in ["pages/server-1.html", "pages/client-1.html"] {
        assert!(!server.folder.read(path).contains(BANNER), "{path}");
    }
}
