//! The page of a session of a capture: alerts, and bulk that is spread over many packets.
#![allow(clippy::unwrap_used)]

#[path = "../../decode/tests/support/conversation.rs"]
mod conversation;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use check::wire::hello::{handshake, record};
use conversation::{begin, decode};
use decode::{Decoder, Record};
use rustls::Side::{self, Client, Server};
use scraper::{ElementRef, Html, Selector};
use show::page::{CapturePages, Captured, Grade, Size};
use testing::configs::{Configs, Shape};
use testing::folder::TempDir;

const LEAVES: &str = "The client leaves without close_notify.";

/// Draws a session of encrypted records. Each packet has its time in milliseconds, its sender, and the sizes of its records.
/// A packet without a record is a FIN.
fn drawn(packets: &[(u64, Side, &[usize])]) -> Html {
    let packet = |(at, sender, sizes): &(u64, Side, &[usize])| {
        let bytes = sizes.iter().flat_map(|size| record(23, &vec![0; *size]).unwrap());
        (*at, *sender, bytes.collect())
    };
    let hello = record(22, &server_hello(0x1301, &[0, 6, 0, 43, 0, 2, 3, 4])).unwrap();
    page([(0, Server, hello)].into_iter().chain(packets.iter().map(packet)))
}

fn server_hello(suite: u16, extensions: &[u8]) -> Vec<u8> {
    let body = [&[3, 3][..], &[2; 32], &[0], &suite.to_be_bytes(), &[0], extensions].concat();
    handshake(2, &body).unwrap()
}

const CLIENT: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)), 50_000);
const SERVER: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)), 443);

/// Draws a session. Each packet has its time in milliseconds, its sender, and its bytes. A packet without bytes is a FIN.
fn page(packets: impl Iterator<Item = (u64, Side, Vec<u8>)>) -> Html {
    let mut page = Captured::new(1, CLIENT, SERVER, Duration::ZERO);
    let mut decoder = Decoder::default();
    for (at, sender, bytes) in packets {
        if bytes.is_empty() {
            page.fin(Duration::from_millis(at), sender);
        }
        let records = decoder.feed(sender, &bytes);
        page.bytes(Duration::from_millis(at), sender, bytes.len(), &records);
    }
    let html = Html::parse_document(&draw(page).read("capture-1.html"));
    assert!(html.errors.is_empty(), "{:?}", html.errors);
    html
}

/// Ends the session and draws its page.
fn draw(mut page: Captured) -> TempDir {
    page.close(Duration::from_secs(10), &[], String::new(), Grade::Clean);
    let folder = TempDir::new();
    CapturePages::open(folder.path(), Size::default()).unwrap().draw(&mut page).unwrap();
    folder
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

/// Returns the captions and the troubles of a session of TLS 1.2 whose server presents a certificate and whose client presents
/// none, with this alert at its end.
fn words_about(sender: Side, alert: [u8; 2]) -> String {
    let certificate = handshake(11, &[&[0, 0, 5, 0, 0, 2][..], b"??"].concat()).unwrap();
    let none = handshake(11, &[0, 0, 0]).unwrap();
    let of_server = record(22, &[server_hello(0xc02b, &[]), certificate].concat()).unwrap();
    words(&[(Server, of_server), (Client, record(22, &none).unwrap()), (sender, record(21, &alert).unwrap())])
}

/// Returns the captions and the troubles of a session.
fn words(packets: &[(Side, Vec<u8>)]) -> String {
    let html = page(packets.iter().map(|(sender, bytes)| (0, *sender, bytes.clone())));
    let selector = Selector::parse("#ladder :is(.flight, .call)").unwrap();
    html.select(&selector).flat_map(|element| element.text().chain([" "])).collect()
}

#[test]
fn a_warning_ends_no_session_and_refuses_no_certificate() {
    for (alert, ends) in [([1, 112], false), ([1, 46], false), ([2, 112], true), ([2, 46], true)] {
        let words = words_about(Client, alert);
        for word in ["gives up", "ends the session"] {
            assert_eq!(words.contains(word), ends, "{alert:?} {words}");
        }
        assert_eq!(words.contains("does not accept this certificate"), alert == [2, 46], "{words}");
    }
}

/// Some servers of TLS 1.2 send bad_certificate if the client has no certificate.
#[test]
fn no_alert_refuses_a_certificate_that_was_not_presented() {
    let words = words_about(Server, [2, 42]);
    assert!(words.contains("The server gives up") && !words.contains("refuses the certificate"), "{words}");
    assert!(!words.contains("does not accept this certificate"), "{words}");
}

/// The rest of the handshake is encrypted, or it never came.
#[test]
fn only_a_server_that_says_so_resumes_a_session() {
    let supported_versions = [0, 43, 0, 2, 3, 4];
    let pre_shared_key = [0, 41, 0, 2, 0, 0];
    let tls13 =
        |extensions: &[u8]| server_hello(0x1301, &[&[0, extensions.len() as u8][..], extensions].concat());
    let (change_cipher_spec, sealed) = (record(20, &[1]).unwrap(), record(23, &[0; 1000]).unwrap());
    for (hello, behind, says) in [
        (tls13(&supported_versions), &[][..], "The rest of this flight did not come."),
        (tls13(&supported_versions), &sealed, "This page cannot decrypt them."),
        (tls13(&[supported_versions, pre_shared_key].concat()), &[], "The server accepts the ticket,"),
        (server_hello(0xc02b, &[]), &[], "The server chooses the version and the algorithms."),
        (server_hello(0xc02b, &[]), &change_cipher_spec, "The server chooses, and resumes the session"),
    ] {
        let words = words(&[(Server, [&record(22, &hello).unwrap(), behind].concat())]);
        assert!(words.contains(says), "{words}");
    }
}

#[test]
fn only_an_empty_list_says_that_the_client_has_no_certificate() {
    for (list, has_none) in [(&[0, 0, 0][..], true), (&[0, 0, 5, 0, 0, 2, b'?', b'?'], false)] {
        let certificate = record(22, &handshake(11, list).unwrap()).unwrap();
        let hello = record(22, &server_hello(0xc02b, &[])).unwrap();
        let words = words(&[(Server, hello), (Client, certificate)]);
        assert_eq!(words.contains("The client has none"), has_none, "{words}");
    }
}

/// A page leaves out the middle of a long session. The record that may be close_notify is there.
#[test]
fn a_fin_behind_a_record_that_is_left_out_is_no_truncation() {
    let fin: (u64, Side, &[usize]) = (9, Client, &[]);
    let text = |packets: &[_]| drawn(packets).root_element().text().collect::<String>();
    assert!(text(&[(1, Server, &[100]), fin]).contains(LEAVES));
    let bulk = vec![100; 500];
    assert!(!text(&[(1, Server, &bulk), (2, Client, &[24]), (3, Server, &bulk), fin]).contains(LEAVES));
}

/// An end that has received a fatal alert sends no close_notify (RFC 5246, 7.2.2).
#[test]
fn a_fin_behind_a_fatal_alert_is_no_truncation() {
    let hello = record(22, &server_hello(0xc02b, &[])).unwrap();
    let text = |alert: &[u8]| {
        let packets = [(0, Server, hello.clone()), (1, Server, alert.to_vec()), (2, Client, vec![])];
        page(packets.into_iter()).root_element().text().collect::<String>()
    };
    assert!(!text(&record(21, &[2, 48]).unwrap()).contains(LEAVES));
    let warning = record(21, &[1, 112]).unwrap();
    assert!(text(&warning).contains(LEAVES), "the session continues behind a warning");
}

/// A client may open TCP early, for example for a connection pool.
#[test]
fn the_strip_separates_the_wait_for_the_client_hello_from_the_handshake() {
    let client_hello = record(22, &handshake(1, &[0; 40]).unwrap()).unwrap();
    let server_hello = record(22, &server_hello(0x1301, &[])).unwrap();
    let strip = |packets: Vec<(u64, Side, Vec<u8>)>| {
        let html = page(packets.into_iter());
        let selector = Selector::parse(".strip li").unwrap();
        html.select(&selector).map(|phase| phase.text().collect()).collect::<Vec<String>>()
    };
    let session = |first, second| {
        strip(vec![
            (first, Client, client_hello.clone()),
            (second, Server, server_hello.clone()),
            (4000, Client, vec![]),
        ])
    };
    let waiting = "1 waiting for the ClientHello 3\u{a0}s";
    assert_eq!(session(3000, 3200)[..2], [waiting, "2 handshake, until the server answers 200.000\u{a0}ms"]);
    assert_eq!(session(0, 200)[0], "1 handshake, until the server answers 200.000\u{a0}ms");
    // The client sends nothing but a FIN.
    assert_eq!(strip(vec![(3000, Client, vec![])])[0], waiting);
}

#[test]
fn the_time_of_the_handshake_begins_with_the_client_hello() {
    let mut session = begin(&Configs::new(&Shape::default()));
    session.exchange();
    let mut records = decode(Client, &session.flights).into_iter();
    let mut page = Captured::new(1, CLIENT, SERVER, Duration::ZERO);
    let mut add = |at: u64, record: &Record| {
        let record = std::slice::from_ref(record);
        page.bytes(Duration::from_millis(at), record[0].sender, record[0].wire.len(), record);
    };
    add(3000, &records.next().unwrap());
    records.for_each(|record| add(3200, &record));
    let folder = draw(page);
    let html = Html::parse_document(&folder.read("capture-1.html"));
    let texts = |selector: &str| {
        let selector = Selector::parse(selector).unwrap();
        html.select(&selector).map(|element| element.text().collect()).collect::<Vec<String>>()
    };
    assert_eq!(texts(".tiles div:nth-child(2) dd"), ["200.000\u{a0}ms"]);
    assert_eq!(texts(".card dd").iter().filter(|text| *text == "full, 200.000\u{a0}ms").count(), 1);
    assert!(folder.read("index.html").contains("<span>200.000\u{a0}ms</span>"));
}

#[test]
fn a_fin_says_what_the_other_end_may_still_send() {
    let hello = || (0, Server, record(22, &server_hello(0xc02b, &[])).unwrap());
    let alert = |sender, alert: [u8; 2]| (1, sender, record(21, &alert).unwrap());
    let sealed_alert = (1, Server, [record(20, &[1]).unwrap(), record(21, &[0; 32]).unwrap()].concat());
    let sealed_data = (1, Server, [record(20, &[1]).unwrap(), record(23, &[0; 32]).unwrap()].concat());
    let sealed_by_tls13 = (0, Server, record(22, &server_hello(0x1301, &[0, 6, 0, 43, 0, 2, 3, 4])).unwrap());
    let [of_client, of_server] = [Client, Server].map(|sender| (2, sender, vec![]));
    let can_send = "half-closed: the server can still send";
    let failed = "half-closed: a fatal alert has ended the session";
    let not_known = "half-closed: it is not known whether the server has sent close_notify";
    for (before, says) in [
        (vec![hello()], can_send),
        (vec![hello(), alert(Client, [1, 0])], can_send),
        (vec![hello(), alert(Server, [1, 112])], can_send),
        (vec![hello(), sealed_data.clone()], can_send),
        (
            vec![hello(), alert(Server, [1, 0])],
            "half-closed: the server has sent close_notify, so only its FIN may follow",
        ),
        (vec![hello(), alert(Client, [2, 48])], failed),
        (vec![hello(), alert(Server, [2, 40])], failed),
        (vec![hello(), sealed_alert], not_known),
        (vec![sealed_by_tls13, sealed_data], not_known),
        (vec![hello(), of_server], "both directions are closed"),
    ] {
        let html = page(before.into_iter().chain([of_client.clone()]));
        let fins = Selector::parse(".segment.from-client small").unwrap();
        let fins: Vec<String> = html.select(&fins).map(|fin| fin.text().collect()).collect();
        assert_eq!(fins, [says]);
    }
}
