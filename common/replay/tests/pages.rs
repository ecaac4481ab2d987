//! The pages of captures: what a page and its line say, and the folder of the pages.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

#[path = "../../decode/tests/support/conversation.rs"]
mod conversation;
mod support {
    pub mod frames;
    pub mod recorded;
}

use conversation::begin;
use replay::file::Reader;
use replay::key_log::KeyLog;
use replay::output::pages::Pages;
use replay::replay::replay;
use rustls::Side;
use show::page::{CapturePages, Size};
use support::frames::{Tcp, client_hello};
use support::recorded::{Recorded, capture, syns};
use testing::configs::{Configs, Shape};
use testing::folder::TempDir;

/// Draws the sessions of a capture into a folder. Returns their lines.
fn draw(folder: &TempDir, file: &[u8]) -> String {
    draw_within(Size::default(), folder, file).0
}

/// Does the same with a limit. Returns the number of removed pages, too.
fn draw_within(limit: Size, folder: &TempDir, file: &[u8]) -> (String, u64) {
    let mut lines = Vec::new();
    let mut pages = Pages::new(CapturePages::open(folder.path(), limit).unwrap(), &mut lines);
    replay(Reader::new(file).unwrap(), KeyLog::default(), &mut pages).unwrap();
    let removed = pages.finish().unwrap();
    (String::from_utf8(lines).unwrap(), removed)
}

/// Returns the capture of a whole session, with these bytes of an attacker behind the first flight of an end that has keys.
fn with_forged(sender: Side, forged: &[u8]) -> Vec<u8> {
    let mut recorded = Recorded::new(&Shape::default());
    let first = recorded.flights.iter().position(|flight| flight.sender == Side::Server).unwrap();
    let flight = recorded.flights[first..].iter_mut().find(|flight| flight.sender == sender).unwrap();
    flight.bytes.extend(forged);
    capture(&recorded.key_log, &[&syns()[..], &recorded.segments(60_000)].concat())
}

/// An attacker on the path can add such records. Both ends refuse them.
#[test]
fn a_hello_in_clear_text_behind_the_keys_changes_neither_the_line_nor_the_page() {
    let old_server_hello =
        [&[22, 3, 3, 0, 42, 2, 0, 0, 38, 3, 3][..], &[8; 32], &[0, 0xc0, 0x2b, 0]].concat();
    for (sender, forged) in [(Side::Server, old_server_hello), (Side::Client, client_hello(b"evil.example"))]
    {
        let folder = TempDir::new();
        let line = draw(&folder, &with_forged(sender, &forged));
        assert!(line.contains(", TLS 1.3 TLS_AES") && line.contains(", server name localhost,"), "{line}");
        assert!(line.contains(" B, decrypted; client: close_notify; server: close_notify"), "{line}");
        let page = folder.read("capture-1.html");
        assert!(page.contains("<title>Session 1, TLS 1.3: ended well</title>"));
        assert!(page.contains("<dd><code>TLS_AES") && page.contains("Handshake record in clear text"));
    }
}

#[test]
fn a_page_without_secrets_shows_no_encrypted_fact_as_known() {
    let recorded = Recorded::new(&Shape::default());
    let all = [&syns()[..], &recorded.segments(60_000), &recorded.fins()].concat();
    let folder = TempDir::new();
    draw(&folder, &capture("", &all));
    let page = folder.read("capture-1.html");
    for says in [
        "Not known whether it closed cleanly: its alerts are encrypted.",
        "To decrypt the rest, give --key-log FILE; curl and browsers write it if SSLKEYLOGFILE is set.",
        "<dt>protocol</dt><dd>not known: encrypted</dd>",
        "<dt>certificates</dt><dd>not known: encrypted</dd>",
        "<th scope=\"row\">application data</th><td>not known: encrypted</td>",
        "It is not known which records this key protects",
        " handshake and data, encrypted <strong>",
        " encrypted records is not known. The other records carry ",
    ] {
        assert!(page.contains(says), "{says}");
    }
    for absent in ["none (no ALPN)", "No record on this page is protected", "0\u{a0}B of application data"] {
        assert!(!page.contains(absent), "{absent}");
    }
    // The secrets make them known.
    draw(&folder, &capture(&recorded.key_log, &all));
    let page = folder.read("capture-2.html");
    assert!(page.contains("none (no ALPN)") && !page.contains("not known: encrypted"));
    assert!(!page.contains("--key-log FILE") && !page.contains("which records this key protects"));
}

/// Returns the capture of a session and of another one that resumes it.
fn resumed() -> Vec<u8> {
    let configs = Configs::new(&Shape { resumption: true, ..Shape::default() });
    let (mut key_log, mut segments) = (String::new(), Vec::new());
    for number in 0..2 {
        let mut session = begin(&configs);
        session.exchange();
        session.close();
        let recorded = Recorded::of_flights(session.flights);
        key_log += &recorded.key_log;
        let all = [&syns()[..], &recorded.segments(60_000), &recorded.fins()].concat();
        // The ports are the same, the sequence numbers are not.
        let moved = |segment: Tcp| Tcp { sequence: segment.sequence.wrapping_add(number << 20), ..segment };
        segments.extend(all.into_iter().map(moved));
    }
    capture(&key_log, &segments)
}

#[test]
fn the_index_has_the_sessions_of_a_capture_and_leads_from_a_resumed_one_to_its_origin() {
    let folder = TempDir::new();
    let file = resumed();
    // A second run continues the index.
    draw(&folder, &file);
    draw(&folder, &file);
    let index = folder.read("index.html");
    let at = |text: &str| index.find(text).unwrap_or_else(|| panic!("{text} is missing: {index}"));
    let rows = (1..=4)
        .rev()
        .map(|number| at(&format!("<a id=\"capture-{number}\" href=\"capture-{number}.html\">")));
    assert!(rows.is_sorted(), "the newest is first");
    at("href=\"capture-1.html\" title=\"It resumes the session of capture-1\">resumed from capture-1</a>");
    at("resumed from capture-3</a>");
    at("<span>192.0.2.1:50000<i> →</i></span> <span>192.0.2.2:443</span>");
    at("<b>TLS 1.3</b> <code>TLS_AES_256_GCM_SHA384</code>");
    at("client: close_notify, FIN; server: close_notify, FIN");
    assert_eq!((index.matches("<tr class=\"clean\">").count(), index.matches("full").count()), (4, 2));
    let page = folder.read("capture-2.html");
    for link in [
        "session 1 of this capture (<a href=\"capture-1.html#key-psk-of-ticket-2\">",
        "<a href=\"index.html#capture-2\">",
    ] {
        assert!(page.contains(link), "{link}");
    }
}

#[test]
fn the_limit_removes_the_oldest_pages_of_captures_and_counts_them() {
    let folder = TempDir::new();
    let (lines, removed) = draw_within(Size(0), &folder, &resumed());
    assert_eq!((lines.lines().count(), removed), (2, 1));
    let index = folder.read("index.html");
    assert!(!folder.path().join("capture-1.html").exists() && !index.contains("capture-1"), "{index}");
    assert!(folder.path().join("capture-2.html").exists() && index.contains("capture-2"));
}
