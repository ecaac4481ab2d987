//! The pages with both ends of a session, from real servers and clients in one folder.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::HashSet;
use std::fs;
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::thread;

use testing::certificates::Identity;
use testing::echo_server::EchoServer;
use testing::program::Program;

/// Returns the pages with both ends in a folder, without their extension.
fn pairs(folder: &Path) -> Vec<String> {
    let name = |entry: io::Result<fs::DirEntry>| entry.unwrap().file_name().into_string().unwrap();
    let mut names: Vec<String> = fs::read_dir(folder).unwrap().map(name).collect();
    names.retain(|name| name.starts_with("pair-"));
    names.sort();
    names
}

/// Returns the names of the two pages that a page with both ends leads to.
fn ends(folder: &Path, pair: &str) -> [String; 2] {
    let page = fs::read_to_string(folder.join(pair)).unwrap();
    let name = |word: &str| {
        let (_, rest) = page.split_once(&format!("All about this end: {word}-")).unwrap();
        let (number, _) = rest.split_once('<').unwrap();
        format!("{word}-{number}.html")
    };
    [name("client"), name("server")]
}

/// Asserts that each session has exactly one page with both ends.
fn assert_pairs(folder: &Path, sessions: usize) {
    let pairs = pairs(folder);
    assert_eq!(pairs.len(), sessions, "{pairs:?}");
    let ends: HashSet<String> = pairs.iter().flat_map(|pair| ends(folder, pair)).collect();
    assert_eq!(ends.len(), 2 * sessions, "{ends:?}");
    assert!(ends.iter().all(|end| folder.join(end).exists()));
    let index = fs::read_to_string(folder.join("index.html")).unwrap();
    assert_eq!(index.matches(">both ends<").count(), sessions);
    assert_eq!(index.matches("<tr class").count(), sessions, "a row for each session");
}

#[test]
fn each_session_of_several_clients_has_one_page_with_both_ends() {
    let mut server = EchoServer::start(&["--sessions", "9", "--slots", "4", "--illustrate", "pages"]);
    server.folder.write("stranger.pem", Identity::localhost().certificate);
    let options = ["--message", "hello", "--linger", "0s", "--reconnect", "1", "--illustrate", "pages"];
    let mut clients: Vec<Program> = (0..4).map(|_| server.client(&options).start()).collect();
    let mut refusing = server.client(&["--ca", "stranger.pem", "--illustrate", "pages"]).start();
    refusing.expect_exit(3);
    clients.iter_mut().for_each(|client| {
        client.expect_exit(0);
    });
    server.program.expect_exit(0);
    let folder = server.folder.path().join("pages");
    assert_pairs(&folder, 9);
    let failed = |pair: &&String| fs::read_to_string(folder.join(pair)).unwrap().contains("’s end failed.");
    assert_eq!(pairs(&folder).iter().filter(failed).count(), 1);
}

#[test]
fn two_servers_can_share_a_folder() {
    let mut one = EchoServer::start(&["--sessions", "2", "--illustrate", "pages"]);
    let folder = one.folder.path().join("pages");
    let path = folder.to_str().unwrap();
    let mut other = EchoServer::start(&["--sessions", "2", "--illustrate", path]);
    let options = ["--message", "hello", "--linger", "0s", "--reconnect", "1", "--illustrate", path];
    let mut clients = [one.client(&options).start(), other.client(&options).start()];
    for client in &mut clients {
        client.expect_exit(0);
    }
    one.program.expect_exit(0);
    other.program.expect_exit(0);
    assert_pairs(&folder, 4);
    let index = fs::read_to_string(folder.join("index.html")).unwrap();
    assert_eq!(index.matches("resumed from client-").count(), 2, "each second session resumes the first one");
}

#[test]
fn a_session_that_only_one_end_draws_has_no_page_with_both_ends() {
    let mut server = EchoServer::start(&["--sessions", "1", "--illustrate", "pages"]);
    server.client(&["--linger", "0s"]).start().expect_exit(0);
    server.program.expect_exit(0);
    assert_eq!(pairs(&server.folder.path().join("pages")), [] as [&str; 0]);
    assert!(server.folder.path().join("pages/server-1.html").exists());
}

/// Passes a connection on, and changes a byte that the client sends.
fn proxy(listener: TcpListener, server: SocketAddr, changed: usize) {
    let (client, _) = listener.accept().unwrap();
    let server = TcpStream::connect(server).unwrap();
    let pump = |mut from: TcpStream, mut to: TcpStream, changed: Option<usize>| {
        let (mut buffer, mut before) = ([0; 4096], 0);
        // A reset of either side ends the connection of the other side, too.
        while let Ok(length @ 1..) = from.read(&mut buffer) {
            if let Some(byte) = changed.and_then(|at| buffer[..length].get_mut(at.checked_sub(before)?)) {
                *byte ^= 1;
            }
            before += length;
            if to.write_all(&buffer[..length]).is_err() {
                break;
            }
        }
        let _ = to.shutdown(Shutdown::Write);
    };
    let (there, back) = (client.try_clone().unwrap(), server.try_clone().unwrap());
    let other = thread::spawn(move || pump(back, client, None));
    pump(there, server, Some(changed));
    other.join().unwrap();
}

/// Both pages alone cannot tell that a byte was changed on the way.
#[test]
fn a_byte_that_was_changed_on_the_way_is_named() {
    let mut server = EchoServer::start(&["--sessions", "1", "--illustrate", "pages"]);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (port, address) = (listener.local_addr().unwrap().port(), server.address);
    // The session ID begins behind the headers, the version and the random. Both Finished messages protect it.
    let proxy = thread::spawn(move || proxy(listener, address, 50));
    let mut client = testing::program::Launch::client(server.folder.path())
        .args([format!("localhost:{port}").as_str(), "--illustrate", "pages"])
        .start();
    client.expect_exit(3);
    server.program.expect_exit(0);
    proxy.join().unwrap();
    let [pair] = &pairs(&server.folder.path().join("pages"))[..] else { panic!("one page") };
    let page = server.folder.read(&format!("pages/{pair}"));
    assert!(page.contains("The bytes differ."), "{page}");
    assert!(page.contains("byte 50 was written as "), "{page}");
    assert!(page.contains("name different addresses"), "{page}");
}
