//! The keys chapter of a page.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod support {
    pub mod drawn;
    pub mod memory;
}

use std::collections::BTreeSet;
use std::sync::Arc;

use rustls::{ClientConnection, Connection, ServerConnection, Side};
use support::drawn::{Easel, Page, draw, draw_all, draw_keys};
use support::memory::{Setup, Talk};
use testing::configs::{Configs, Shape, suite};
use tls_session::observer::Step;

const ROOM: usize = 256 * 1024;

fn talk() -> Talk {
    Talk::new(b"hello, who is there?", 1).greeted(b"welcome!\n")
}

fn pages(shape: &Shape) -> [Page; 2] {
    draw(Setup::shaped(shape), ROOM, talk())
}

fn tls12() -> Shape {
    Shape { suite: suite("TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"), ..Shape::default() }
}

/// Returns the pages of the second of two sessions. The second one resumes the first one.
fn resumed(shape: Shape) -> [Page; 2] {
    let setup = Setup::shaped(&Shape { resumption: true, ..shape });
    draw_all(setup, ROOM, vec![talk(), talk()]).map(|mut pages| pages.pop().unwrap())
}

fn shapes() -> Vec<Shape> {
    vec![
        Shape::default(),
        Shape { real_groups: true, ..Shape::default() },
        Shape { mutual: true, ..Shape::default() },
        Shape { retry: true, ..Shape::default() },
        Shape { distrust: true, ..Shape::default() },
        tls12(),
        Shape { mutual: true, ..tls12() },
    ]
}

/// Returns the attribute of each element that matches.
fn attributes(page: &Page, selector: &str, name: &str) -> Vec<String> {
    let selector = scraper::Selector::parse(selector).unwrap();
    let all = page.html().select(&selector);
    all.map(|element| element.attr(name).unwrap_or_default().to_owned()).collect()
}

fn keys(page: &Page) -> Vec<String> {
    page.texts(".keyname")
}

#[test]
fn each_key_has_a_node_behind_the_record_that_makes_it_possible() {
    let secrets = "shared secret|Early Secret|Handshake Secret|client_handshake_traffic_secret|\
                   finished_key of the client|client_write_key of the handshake|server_handshake_traffic_secret|\
                   finished_key of the server|server_write_key of the handshake|Master Secret|\
                   client_application_traffic_secret_0|client_write_key 0|server_application_traffic_secret_0|\
                   server_write_key 0|exporter_master_secret|resumption_master_secret|PSK of ticket 1|PSK of ticket 2";
    for page in pages(&Shape::default()) {
        assert_eq!(keys(&page), secrets.split('|').collect::<Vec<_>>());
        let behind = page.texts(".arrow:has(+ .keys) .titles");
        assert_eq!(behind[0], "ServerHello ");
        assert!(behind[1].ends_with("Finished "), "{behind:?}");
    }
    for page in pages(&tls12()) {
        let secrets = "pre_master_secret|master_secret|key_block|client_write_key|server_write_key";
        assert_eq!(keys(&page), secrets.split('|').collect::<Vec<_>>());
        assert!(page.texts(".rule").concat().contains("extended master secret"));
    }
}

/// Each node stands below the key from which it is made.
#[test]
fn a_node_stands_inside_the_list_of_its_source() {
    let [page, _] = pages(&Shape::default());
    for (above, below) in [
        ("early-secret", "handshake-secret"),
        ("handshake-secret", "server-handshake-traffic-secret"),
        ("server-handshake-traffic-secret", "server-write-key-of-the-handshake"),
        ("handshake-secret", "master-secret"),
    ] {
        assert_eq!(
            page.count(&format!("#key-{above} + ul > li > #key-{below}[data-from~=key-{above}]")),
            1,
            "{below}"
        );
    }
}

#[test]
fn every_encrypted_record_names_its_key_and_links_to_it() {
    for shape in shapes() {
        for page in pages(&shape) {
            let ids: BTreeSet<String> = attributes(&page, "[id]", "id").into_iter().collect();
            assert_eq!(ids.len(), page.count("[id]"), "no anchor is there twice");
            for link in attributes(&page, "a[href^='#']", "href") {
                assert!(ids.contains(&link[1..]), "{link} leads nowhere: {shape:?}");
            }
            let encrypted = page.count(".arrow.encrypted");
            assert!(encrypted > 0);
            assert_eq!(page.count(".arrow.encrypted[data-key] .about a[href^='#key-']"), encrypted);
            assert_eq!(page.count(".arrow.encrypted .chip .sign"), encrypted);
            assert_eq!(page.count(".arrow:not(.encrypted)[data-key]"), 0);
        }
    }
}

#[test]
fn a_key_lists_the_records_that_it_protects() {
    for page in pages(&Shape::default()) {
        let mut named = 0;
        for key in attributes(&page, ".node.of-records", "data-key") {
            let protected = attributes(&page, &format!(".arrow[data-key='{key}'] > details"), "id");
            let links = attributes(&page, &format!("#{key} a[href^='#record-']"), "href");
            assert_eq!(links, protected.iter().map(|id| format!("#{id}")).collect::<Vec<_>>());
            named += links.len();
        }
        assert_eq!(named, page.count(".arrow.encrypted"));
        let greeting = page.texts(".arrow.data.from-server .about").swap_remove(0);
        let key = "It is protected by the key S·app0, made from server_application_traffic_secret_0, with the sequence \
                   number 1. Each key begins with 0.";
        assert!(greeting.ends_with(key), "{greeting}");
    }
}

#[test]
fn a_node_says_why_how_and_from_which_messages() {
    let [page, _] = pages(&Shape::default());
    let step = page.texts("#key-server-handshake-traffic-secret .step").concat();
    for part in [
        "It protects the handshake messages of the server",
        "HKDF-Expand-Label(Handshake Secret, \"s hs traffic\", transcript hash, 48)",
        "Hash of 2 messages: ClientHello, ServerHello.",
        "SHA-384: ",
    ] {
        assert!(step.contains(part), "'{part}' is not in {step}");
    }
    assert_eq!(page.count("#key-server-handshake-traffic-secret .step code.value"), 1);
    assert_eq!(page.count(".node"), page.count(".node > .step a[href^='https://www.rfc-editor.org/rfc/']"));
    assert_eq!(page.count("pre.value"), 0, "a page without the flag has no values");
}

#[test]
fn proofs_name_their_key_and_their_messages() {
    let [page, _] = pages(&Shape { mutual: true, ..Shape::default() });
    let proofs = page.texts(".proof > summary");
    assert_eq!(
        proofs,
        [
            "CertificateVerify: the server has the private key of its certificate",
            "Finished of the server: both ends saw the same messages",
            "CertificateVerify: the client has the private key of its certificate",
            "Finished of the client: both ends saw the same messages",
        ]
    );
    let finished = &page.texts(".proof .step")[1];
    assert!(
        finished.contains("verify_data = HMAC(finished_key of the server, transcript hash)"),
        "{finished}"
    );
    assert!(
        finished.contains("Hash of 6 messages: ClientHello, ServerHello, EncryptedExtensions"),
        "{finished}"
    );
}

#[test]
fn a_certificate_verify_signs_what_its_version_says() {
    let tls13 = "signature over 64 spaces, \"TLS 1.3, client CertificateVerify\", a zero byte and the transcript hash";
    let tls12 = "signature over all handshake messages so far";
    for (shape, signed) in [(Shape::default(), tls13), (self::tls12(), tls12)] {
        for page in pages(&Shape { mutual: true, ..shape }) {
            let proofs = page.texts(".proof");
            let proof = proofs.iter().find(|proof| proof.contains("CertificateVerify: the client")).unwrap();
            assert!(proof.contains(&format!("Calculation: {signed}")), "{proof}");
        }
    }
}

// ---- captions --------------------------------------------------------------------------------------------------

fn captions(page: &Page) -> String {
    page.texts(".flight").join("\n")
}

/// The three questions that a reader has to be able to answer.
#[test]
fn captions_say_what_is_encrypted_with_which_key_and_what_a_changed_byte_does() {
    for page in pages(&Shape::default()) {
        let captions = captions(&page);
        for part in [
            "ServerHello is in clear text, because the client needs the key share in it to compute any key.",
            "No observer on the way sees the certificate",
            "The first data of the server. It is protected by the key S·app0",
            "The client would have shown nothing of it: it would have reported an error, sent the alert bad_record_mac",
            "close_notify says that no data follows.",
        ] {
            assert!(captions.contains(part), "'{part}' is not in {captions}");
        }
    }
}

#[test]
fn captions_fit_the_case() {
    let cases = [
        (Shape { mutual: true, ..Shape::default() }, "The server asks the client for a certificate, too."),
        (
            Shape { mutual: true, ..Shape::default() },
            "The client proves that it has the private key of its certificate",
        ),
        (
            Shape { retry: true, ..Shape::default() },
            "a hash of it (message_hash) is part of everything that follows",
        ),
        (Shape { distrust: true, ..Shape::default() }, "It refuses the certificate of the server."),
        (tls12(), "All of this is in clear text: the client has not sent its half yet, so no key exists."),
    ];
    for (shape, part) in cases {
        for page in pages(&shape) {
            let captions = captions(&page);
            assert!(captions.contains(part), "'{part}' is not in {captions}");
        }
    }
    for page in pages(&Shape { retry: true, ..Shape::default() }) {
        assert!(page.texts(".step").concat().contains("message_hash stands for the first ClientHello"));
    }
}

#[test]
fn a_resumed_session_names_the_session_that_its_psk_came_from() {
    for (page, end) in resumed(Shape::default()).iter().zip(["client", "server"]) {
        let captions = captions(page);
        for part in [
            &*format!("It is from session 1 of this program ({end}-1)."),
            "The server accepts the ticket",
            "No certificate is sent",
        ] {
            assert!(captions.contains(part), "'{part}' is not in {captions}");
        }
        for place in [".flight", ".facts", "#key-psk .rule"] {
            let link = format!("{place} a[href='{end}-1.html#key-psk-of-ticket-2']");
            assert_eq!(page.count(&link), 1, "{place}");
        }
        assert!(page.texts(".proof")[0].starts_with("Binder: the client knows the PSK"));
        assert!(page.texts(".proof")[0].contains("The list of binders is left out"));
        assert_eq!(page.count("#key-binder-key"), 1);
    }
    for page in resumed(Shape { ticketer: true, ..tls12() }) {
        assert!(captions(&page).contains("Both ends have kept its master secret"), "{}", captions(&page));
        assert!(page.texts("#key-master-secret .rule")[0].contains("session 1 of this program"));
    }
}

// ---- values ----------------------------------------------------------------------------------------------------

/// Both ends show the same values, and no private key.
#[test]
fn a_page_with_keys_has_each_value_and_a_command_that_computes_it() {
    for shape in [Shape::default(), Shape { mutual: true, retry: true, ..Shape::default() }, tls12()] {
        let pages = draw_keys(&shape, ROOM, talk());
        let values: Vec<String> = pages[0].texts("pre.value");
        assert_eq!(values.len(), pages[0].count(".node"));
        assert_eq!(values, pages[1].texts("pre.value"));
        assert!(
            values
                .iter()
                .all(|value| value.len() >= 48 && value.bytes().all(|digit| digit.is_ascii_hexdigit()))
        );
        for page in pages {
            let is_computed = page.count(".node") - page.count("#key-shared-secret, #key-pre-master-secret");
            assert_eq!(page.count(".node > .step > .command"), is_computed);
            assert_eq!(page.count(".proof .command"), page.count(".proof"));
            assert_eq!(page.count(".inside > .command"), page.count(".arrow.encrypted"));
            let commands = page.texts(".command pre");
            assert!(
                commands.iter().all(|command| command.starts_with("python3 - <<'EOF'\n")),
                "{commands:?}"
            );
        }
    }
}

#[test]
fn a_page_without_keys_has_commands_for_signatures_only() {
    for shape in [Shape { mutual: true, ..Shape::default() }, tls12()] {
        for page in pages(&shape) {
            let signatures =
                page.texts(".proof").iter().filter(|proof| proof.contains("signature over")).count();
            assert_eq!((page.count(".command"), page.count("pre.value")), (signatures, 0));
            assert_eq!(page.count(".proof .command"), signatures);
        }
    }
}

// ---- bounds ----------------------------------------------------------------------------------------------------

/// A session in which the server sends many messages after the handshake.
fn long_session(messages: usize, mut send: impl FnMut(&mut ServerConnection)) -> Page {
    let mut easel = Easel::new(Side::Client);
    let Configs { mut client, server, .. } = Configs::new(&Shape::default());
    client.key_log = Arc::clone(&easel.secrets) as _;
    let mut client: Connection =
        ClientConnection::new(Arc::new(client), "localhost".try_into().unwrap()).unwrap().into();
    let mut server = ServerConnection::new(Arc::new(server)).unwrap();
    for round in 0.. {
        if round > 3 {
            send(&mut server);
        }
        let mut bytes = Vec::new();
        client.write_tls(&mut bytes).unwrap();
        if !bytes.is_empty() {
            easel.step(&Step::Sent(&bytes));
            easel.step(&Step::WroteTls(bytes.len()));
            server.read_tls(&mut bytes.as_slice()).unwrap();
            server.process_new_packets().unwrap();
        }
        bytes.clear();
        server.write_tls(&mut bytes).unwrap();
        if !bytes.is_empty() {
            easel.step(&Step::Received(&bytes));
            client.read_tls(&mut bytes.as_slice()).unwrap();
            easel.step(&Step::ReadTls(&bytes));
            easel.step(&Step::Processed(&client.process_new_packets()));
        }
        if round == messages {
            return easel.page();
        }
    }
    unreachable!()
}

#[test]
fn repeated_key_updates_are_folded() {
    let page = long_session(700, |server| server.refresh_traffic_keys().unwrap());
    assert!(page.tally.records > 700, "{}", page.tally.records);
    assert!(page.text.len() < 1_500_000, "{}", page.text.len());
    let updates =
        |kind: &str| page.texts(kind).iter().filter(|text| text.contains("traffic_secret_")).count();
    assert_eq!(
        page.count(".node[id^='key-server-application-traffic-secret-']"),
        1 + 3,
        "the first ones have nodes"
    );
    assert!(updates(".keys.again") > 50);
    assert_eq!(page.count(".keys.again .node"), 0);
    let ids: BTreeSet<String> = attributes(&page, "[id]", "id").into_iter().collect();
    for link in attributes(&page, "a[href^='#']", "href") {
        assert!(ids.contains(&link[1..]), "{link}");
    }
}
