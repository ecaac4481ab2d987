//! The page of a session of a capture: bulk that is spread over many packets.
#![allow(clippy::unwrap_used)]

use std::net::SocketAddr;
use std::time::Duration;

use check::wire::hello::record;
use decode::Decoder;
use rustls::Side::{self, Client, Server};
use scraper::{ElementRef, Html, Selector};
use show::page::{CapturePages, Captured, Grade, Size};
use testing::folder::TempDir;

/// Draws a session of encrypted records. Each packet has its time in milliseconds, its sender, and the sizes of its records.
fn drawn(packets: &[(u64, Side, &[usize])]) -> Html {
    let [client, server] = [50_000, 443].map(|port| SocketAddr::from(([192, 0, 2, 1], port)));
    let mut page = Captured::new(1, client, server, Duration::ZERO);
    let mut decoder = Decoder::default();
    let hello = [&[2, 0, 0, 46, 3, 3][..], &[2; 32], &[0, 0x13, 1, 0, 0, 6, 0, 43, 0, 2, 3, 4]].concat();
    let mut send = |at, sender, bytes: &[u8]| {
        let records = decoder.feed(sender, bytes);
        page.bytes(Duration::from_millis(at), sender, bytes.len(), &records);
    };
    send(0, Server, &record(22, &hello).unwrap());
    for (at, sender, sizes) in packets {
        let bytes = sizes.iter().flat_map(|size| record(23, &vec![0; *size]).unwrap());
        send(*at, *sender, &bytes.collect::<Vec<u8>>());
    }
    page.close(Duration::from_secs(10), &[], String::new(), Grade::Clean);
    let folder = TempDir::new();
    CapturePages::open(folder.path(), Size::default()).unwrap().draw(&mut page).unwrap();
    let html = Html::parse_document(&folder.read("capture-1.html"));
    assert!(html.errors.is_empty(), "{:?}", html.errors);
    html
}

/// Returns the rows that are visible while everything is closed: the times, the pauses, and the arrows.
fn rows(html: &Html) -> Vec<String> {
    let selector = Selector::parse("#ladder :is(.wake time, .gap, .titles, .run .size)").unwrap();
    let is_open = |element: ElementRef<'_>| {
        let parent = element.parent().and_then(ElementRef::wrap);
        parent.is_none_or(|parent| parent.value().name() != "details") || element.value().name() == "summary"
    };
    let is_visible = |element: &ElementRef<'_>| {
        is_open(*element) && element.ancestors().filter_map(ElementRef::wrap).all(is_open)
    };
    let text =
        |element: ElementRef<'_>| element.text().collect::<String>().replace(['\u{a0}', '\u{202f}'], " ");
    html.select(&selector).filter(is_visible).map(text).collect()
}

#[test]
fn bulk_in_consecutive_packets_is_one_row_for_each_end() {
    let html = drawn(&[
        (1, Client, &[1000]),
        (2, Server, &[16_000, 16_000]),
        (3, Server, &[16_000]),
        (5, Client, &[1000]),
        (7, Server, &[16_000]),
    ]);
    let client = ["Encrypted, 2 × 1 005 B", "2 010 B in 4.000 ms"];
    let server = ["Encrypted, 4 × 16 005 B", "64 020 B in 5.000 ms"];
    assert_eq!(rows(&html)[2..], [&["no record, 1.000 ms", "+1.000 ms"][..], &client, &server].concat());
    // The row opens into the records of all turns, with their times.
    let count = |selector: &str| html.select(&Selector::parse(selector).unwrap()).count();
    assert_eq!((count(".fold .arrow"), count(".fold .turn time"), count(".gap")), (6, 5, 5));
}

#[test]
fn bulk_is_folded_only_where_nothing_else_happens_and_the_page_gets_shorter() {
    let bulk: &[usize] = &[1000];
    for (packets, expected) in [
        // One message and its answer.
        (&[(1, Client, bulk), (2, Server, bulk)][..], &["Encrypted", "Encrypted"][..]),
        // Another size.
        (
            &[(1, Client, bulk), (2, Client, bulk), (3, Client, &[7]), (4, Client, bulk), (5, Client, bulk)],
            &["2 ×", "Encrypted", "2 ×"],
        ),
        // A pause.
        (
            &[(1, Client, bulk), (100, Client, bulk), (200, Client, bulk), (201, Client, bulk)],
            &["2 ×", "no record, 100", "2 ×"],
        ),
    ] {
        let html = drawn(packets);
        let mut rows = rows(&html).split_off(2);
        rows.retain(|row| row.starts_with("Encrypted") || row.starts_with("no record, 100"));
        assert_eq!(rows.len(), expected.len(), "{rows:?}");
        for (row, expected) in rows.iter().zip(expected) {
            assert!(row.contains(expected), "{rows:?}");
        }
    }
}
