//! The sentences of a page fit its session.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod support {
    pub mod drawn;
    pub mod memory;
}

use std::time::Duration;

use program::observer::{LoopEvent, Observer as _};
use rustls::Side;
use support::drawn::{Easel, Page, draw, draw_all};
use support::memory::{Setup, Talk, id};
use testing::configs::{Shape, suite};
use tls_session::observer::Step;

const ROOM: usize = 256 * 1024;

fn talk() -> Talk {
    Talk::new(b"hello, who is there?", 1).greeted(b"welcome!\n")
}

fn pages(setup: Setup) -> [Page; 2] {
    draw(setup, ROOM, talk())
}

fn tls12() -> Shape {
    Shape { suite: suite("TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"), ..Shape::default() }
}

/// Returns the caption that begins with this title.
fn caption(page: &Page, title: &str) -> String {
    let mut captions = page.texts(".flight p").into_iter().filter(|caption| caption.starts_with(title));
    captions.next().unwrap_or_else(|| panic!("no caption {title}"))
}

fn has(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "'{part}' is not in {text}");
    }
}

/// Returns a setup in which client and server have no application protocol in common.
fn without_protocol() -> Setup {
    Setup::new().adjusted(|client, server| {
        client.alpn_protocols = vec![b"other".to_vec()];
        server.alpn_protocols = vec![b"echo".to_vec()];
    })
}

/// The server gives up behind ServerHello. No Certificate follows, as in a resumed session.
#[test]
fn a_flight_that_breaks_off_does_not_resume_a_session() {
    let alert = "The server gives up.";
    for page in pages(without_protocol()) {
        let flight = caption(&page, "Flight 2, the server’s.");
        assert!(flight.ends_with("The rest of this flight did not come."), "{flight}");
        assert!(!flight.contains("ticket"), "{flight}");
        has(&caption(&page, alert), &["It is encrypted"]);
    }
    for page in pages(Setup::without_common_version()) {
        has(&caption(&page, alert), &["It is in clear text, because the server has no keys yet."]);
    }
}

#[test]
fn an_authorization_that_did_not_happen_is_not_reported() {
    let result = |page: &Page| page.texts(".card dt:first-child + dd, .card div:nth-child(2) dd").join("\n");
    let cases = [
        (
            without_protocol(),
            "not reached: it ended the session with the alert no_application_protocol (120)",
        ),
        (
            Setup::without_common_version(),
            "not reached: it ended the session with the alert protocol_version (70)",
        ),
        (
            Setup::shaped(&Shape { distrust: true, ..Shape::default() }),
            "not reached: the handshake did not finish",
        ),
    ];
    for (setup, expected) in cases {
        let [client, _] = pages(setup);
        has(&result(&client), &[expected]);
    }
    let [_, server] = pages(Setup::shaped(&Shape { distrust: true, ..Shape::default() }));
    has(&result(&server), &["it ended the session with the alert unknown_ca (48)"]);
}

#[test]
fn a_resumed_session_checks_no_certificate_again() {
    for shape in [Shape::default(), tls12()] {
        let setup = Setup::shaped(&Shape { resumption: true, ..shape });
        for mut pages in draw_all(setup, ROOM, vec![talk(), talk()]) {
            let page = pages.pop().unwrap();
            has(&page.texts(".facts").concat(), &["not checked again: this session resumes an earlier one"]);
            has(&caption(&page, "Flight 2, the server’s."), &["This saves "]);
        }
    }
}

/// In a hybrid group each end has a private key of the curve, but only the client has one of ML-KEM.
#[test]
fn the_shared_secret_is_explained_for_the_group() {
    for page in pages(Setup::shaped(&Shape { real_groups: true, ..Shape::default() })) {
        has(
            &page.texts("#key-shared-secret").concat(),
            &[
                "X25519MLKEM768: ML-KEM secret and X25519 secret",
                "only the client can decrypt it",
                "Calculation: ML-KEM secret + X25519(own private key, public key of the other end)",
                "The client’s two public keys are in #1, the server’s public key and its ML-KEM ciphertext are in #2.",
            ],
        );
    }
    for page in pages(Setup::new()) {
        has(
            &page.texts("#key-shared-secret").concat(),
            &[
                "X25519: own private key and public key of the other end",
                "Each end combines its own private key with the public key of the other end.",
                "The client’s public key is in #1, the server’s is in #2.",
            ],
        );
    }
}

#[test]
fn a_tree_says_when_each_end_can_compute_it_and_that_no_observer_can() {
    for (setup, sender, receiver) in
        [(Setup::new(), "server", "client"), (Setup::tls12(), "client", "server")]
    {
        for page in pages(setup) {
            let tree = page.texts(".keys:has(#key-shared-secret, #key-pre-master-secret)").concat();
            let times = format!("when it sends this record, the {receiver} when it has received it");
            has(
                &tree,
                &[
                    &format!("The {sender} can compute the keys of the "),
                    &times,
                    "An observer has none of these keys",
                ],
            );
            assert_eq!(page.text.matches("An observer has none").count(), 1);
        }
    }
}

/// The names of the certificate are encrypted. That of ClientHello is not.
#[test]
fn a_server_name_in_clear_text_is_mentioned() {
    const SAYS: &str = "the server_name in ClientHello is in clear text";
    for page in pages(Setup::new()) {
        has(&caption(&page, "Flight 2"), &[SAYS]);
    }
    for page in pages(Setup::new().adjusted(|client, _| client.enable_sni = false)) {
        assert!(!page.text.contains(SAYS));
    }
}

#[test]
fn a_fin_without_close_notify_is_explained() {
    let [client, server] = draw(Setup::new(), ROOM, talk().aborting());
    for page in [&client, &server] {
        let fin = caption(page, "The client leaves without close_notify.");
        has(&fin, &["A crash of the client, a broken line, and an attacker", "may be incomplete"]);
        assert_eq!(page.count("li:has(> .flight) + .tcp .segment.from-client"), 1);
    }
    has(
        &server.texts(".outcome .hint").concat(),
        &["A crash of the peer, a broken line, and an attacker look alike"],
    );
    for page in pages(Setup::new()) {
        assert!(!page.text.contains("without close_notify"));
    }
}

#[test]
fn a_close_notify_of_the_peer_does_not_say_why_it_comes() {
    let [client, server] = pages(Setup::new());
    has(
        &server.texts(".outcome.clean .hint").concat(),
        &["close_notify does not say why the peer closed first."],
    );
    assert_eq!(client.count(".outcome .hint"), 0, "the client closed first");
}

/// A write has tickets, data and close_notify. Each caption stands above its own record.
#[test]
fn a_caption_stands_above_its_record() {
    for page in pages(Setup::new()) {
        for (title, record) in [
            ("The first data of the server.", "Application data"),
            ("The first data of the client.", "Application data"),
            ("The client closes.", "Alert: close_notify"),
        ] {
            let both = page.texts(".flight, .flight + .arrows > .arrow:first-child .titles");
            let caption = both.iter().position(|text| text.starts_with(title)).expect(title);
            assert!(both[caption + 1].starts_with(record), "{title}: {}", both[caption + 1]);
        }
    }
    for page in pages(without_protocol()) {
        assert_eq!(page.count(".flight + .arrows > .alert:first-child"), 1);
    }
}

/// Both pages are in one folder. The link leads to the key that both ends have kept.
#[test]
fn a_resumed_session_names_its_means_and_links_to_the_kept_key() {
    let cases = [
        (Shape::default(), "a ticket of session 1", "key-psk-of-ticket-2"),
        (Shape { ticketer: true, ..tls12() }, "a ticket of session 1", "key-master-secret"),
        (tls12(), "the ID of session 1", "key-master-secret"),
    ];
    for (shape, means, key) in cases {
        let setup = Setup::shaped(&Shape { resumption: true, ..shape });
        for pages in draw_all(setup, ROOM, vec![talk(), talk()]) {
            let [first, second] = &pages[..] else { panic!("two pages") };
            has(&second.texts(".facts").concat(), &[&format!("resumed, with {means}")]);
            assert_eq!(second.count(&format!(".facts a[href$='-1.html#{key}']")), 1);
            assert_eq!(first.count(&format!("#{key}")), 1);
        }
    }
}

#[test]
fn a_hash_names_the_sender_of_its_last_message() {
    for mut pages in
        draw_all(Setup::shaped(&Shape { resumption: true, ..Shape::default() }), ROOM, vec![talk(), talk()])
    {
        let (second, first) = (pages.pop().unwrap(), pages.pop().unwrap());
        for (key, last) in [
            ("client-application-traffic-secret-0", "hash of ClientHello … Finished of the server"),
            ("resumption-master-secret", "hash of ClientHello … Finished of the client"),
        ] {
            has(&first.texts(&format!("#key-{key} .rule")).concat(), &[last]);
        }
        has(&second.texts("#key-binder-key").concat(), &["Hash of nothing."]);
    }
}

/// Only the beginning of a text is beside the title, and no control character.
#[test]
fn a_record_with_text_shows_its_beginning() {
    let previews = |talk: Talk| {
        let [client, server] = draw(Setup::new(), ROOM, talk);
        let shown = client.texts(".arrow.data .chip .preview");
        assert_eq!(shown.len(), server.texts(".arrow.data .chip .preview").len());
        shown
    };
    let shown = previews(talk());
    assert!(shown.contains(&"“welcome!\\n”".to_owned()), "{shown:?}");
    assert!(shown.contains(&"“hello, who is there?”".to_owned()), "{shown:?}");
    assert_eq!(previews(Talk::new(&[b'<'; 100], 1))[0], format!("“{}”…", "<".repeat(24)));
    assert_eq!(previews(Talk::new(b"\x1b[31mred", 1)), Vec::<String>::new());
}

/// The server says much before TLS, in many pieces, and then the client gives up.
#[test]
fn a_page_without_tls_has_its_turns_in_order_and_counts_what_it_leaves_out() {
    let mut easel = Easel::without_session(Side::Client);
    let (start, peer) = (easel.start, id(8000).peer);
    easel.show.event_loop(start, &LoopEvent::Connecting(peer));
    easel.show.event_loop(start, &LoopEvent::Connected(peer));
    for turn in 1..=40 {
        let now = start + Duration::from_millis(turn);
        easel.show.event_loop(now, &LoopEvent::Woke { events: 1, timeout: None });
        easel.show.event_loop(now, &LoopEvent::PreambleIn(peer, b"220-\r\n"));
    }
    let event = LoopEvent::PreambleFailed { id: id(8000), local: id(4433).peer, error: "it refuses" };
    easel.show.event_loop(start + Duration::from_millis(50), &event);
    let page = easel.page();
    let ladder = page.texts(".ladder").concat().replace('\u{a0}', " ");
    has(
        &ladder,
        &[
            "+0.000 mswoke: 1 event·connecting",
            "+1.000 mswoke: 1 event←preamble in",
            "left out 10 steps before TLS",
        ],
    );
    has(&ladder, &["asleep, 10.000 ms+40.000 mswoke: 1 event✖preamble failed it refuses"]);
    assert!(page.texts(".strip")[0].contains("before TLS"));
    has(&page.text, &["Nothing: TLS did not begin.", "not reached: TLS did not begin"]);
    assert!(!page.text.contains("the handshake did not finish"));
}

/// The server has closed its half, and the client still sends. Each event of the socket makes it read again.
#[test]
fn a_fin_that_is_read_again_is_one_arrow() {
    let mut easel = Easel::new(Side::Client);
    for _ in 0..3 {
        easel.step(&Step::Received(&[]));
    }
    easel.step(&Step::SentFin(&Ok(())));
    let segments = easel.page().texts(".segment");
    assert!(
        segments.len() == 3 && segments[1].starts_with("from the server: FIN half-closed"),
        "{segments:?}"
    );
    assert_eq!(segments[2], "from the client: FIN both directions are closed");
}
