//! What a page says about fields that it knows more about: choices, reasons, specifications, overhead.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod support {
    pub mod drawn;
    pub mod memory;
}

use support::drawn::{Page, draw};
use support::memory::{Setup, Talk};
use testing::configs::{Shape, suite};

const ROOM: usize = 256 * 1024;

fn hello() -> Talk {
    Talk::new(b"hello, who is there?", 1)
}

fn pages(shape: &Shape) -> [Page; 2] {
    draw(Setup::shaped(shape), ROOM, hello())
}

#[test]
fn the_chosen_entry_of_each_list_is_marked() {
    for page in pages(&Shape::default()) {
        let chosen = page.texts(".field:has(.chosen) > .name");
        for name in ["version", "cipher_suite", "group", "KeyShareEntry", "scheme"] {
            assert_eq!(chosen.iter().filter(|chosen| *chosen == name).count(), 1, "{name} in {chosen:?}");
        }
        assert!(page.texts(".chosen").iter().all(|mark| mark == "✓ chosen by the server"));
    }
}

#[test]
fn sections_of_specifications_are_links() {
    for page in pages(&Shape::default()) {
        let links =
            page.texts(".where a[href^='https://www.rfc-editor.org/rfc/rfc8446#section-'][rel=noreferrer]");
        assert!(links.len() > 50 && links.iter().all(|link| link.starts_with("RFC 8446, ")), "{links:?}");
    }
}

/// The client refuses the certificate. Its page and the server's page lead to the field.
#[test]
fn a_refusal_leads_to_the_guilty_field() {
    for page in pages(&Shape { distrust: true, ..Shape::default() }) {
        assert_eq!(page.texts(".outcome.failed a[href='#reason']"), ["See the bytes that are the reason"]);
        assert_eq!(page.texts("#reason > .name"), ["issuer"]);
        assert_eq!(page.texts("#reason > .why"), ["✖ this is why the certificate was refused"]);
        assert_eq!(page.texts(".flight a[href='#reason']"), ["See the field that is the reason"]);
    }
    for page in pages(&Shape::default()) {
        assert_eq!((page.count("a[href='#reason']"), page.count(".why:not(p)")), (0, 0));
    }
}

/// The alert does not tell the server that the name is wrong.
#[test]
fn an_alert_without_a_reason_leads_to_the_refused_certificate() {
    let [client, server] = draw(Setup::with_wrong_name(), ROOM, hello());
    assert_eq!(client.texts("#reason > .name"), ["subjectAltName"]);
    assert_eq!(server.texts(".outcome a[href='#reason']"), ["See the certificate of the server"]);
    assert_eq!(server.texts("#reason > .name"), ["Certificate"]);
    assert_eq!(server.texts("#reason > .why"), ["✖ the other end refused this certificate"]);
    assert_eq!(server.texts(".flight a[href='#reason']"), ["See the refused certificate"]);
    for place in [".outcome .hint", ".flight"] {
        assert!(server.texts(place).concat().contains("such as a wrong name"), "{place}");
    }
}

/// The handshake does not finish, but the server has chosen, and its messages are correct.
#[test]
fn the_page_of_a_refused_session_shows_the_choices_and_doubts_the_proofs() {
    let tls12 = Shape { suite: suite("TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"), ..Shape::default() };
    let signed = "but the client does not accept this certificate";
    let cases = [
        (
            Shape::default(),
            "TLS 1.3TLS_AES_256_GCM_SHA384X25519",
            vec![signed, "but the client does not accept this server"],
        ),
        (tls12, "TLS 1.2TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384X25519", vec![signed]),
    ];
    for (shape, chosen, doubts) in cases {
        for page in pages(&Shape { distrust: true, ..shape }) {
            assert_eq!(page.texts(".card:has(p) dd").concat(), chosen);
            let proofs = page.texts(".proof > summary");
            assert_eq!(proofs.len(), doubts.len(), "{proofs:?}");
            for (proof, doubt) in proofs.iter().zip(&doubts) {
                assert!(proof.ends_with(doubt), "{proof}");
            }
        }
    }
    for page in pages(&Shape { mutual: true, ..Shape::default() }) {
        assert_eq!((page.count(".proof strong"), page.count(".card p")), (0, 0));
    }
}

/// The server presents a certificate that it has copied. Its page only has the alert of the client.
#[test]
fn a_wrong_signature_is_marked_and_proves_nothing() {
    let tls12 = Shape { suite: suite("TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"), ..Shape::default() };
    for (shape, message) in [(Shape::default(), "CertificateVerify"), (tls12, "ServerKeyExchange")] {
        let [client, server] = draw(Setup::with_other_key(&shape), ROOM, hello());
        let wrong = "but the client found this signature wrong, so this is not proved";
        let refused = "but the client does not accept this server";
        let not_verified = "but the client could not verify this, or another proof of the server";
        let doubts = [(&client, [wrong, refused]), (&server, [not_verified, not_verified])];
        for (page, doubts) in doubts {
            let proofs = page.texts(".proof > summary");
            assert!(proofs[0].starts_with(message), "{proofs:?}");
            assert!(!proofs.is_empty() && proofs.len() <= doubts.len(), "{proofs:?}");
            for (proof, doubt) in proofs.iter().zip(doubts) {
                assert!(proof.ends_with(doubt), "{proof}");
            }
        }
        assert_eq!(client.texts("#reason > .name"), ["signature"]);
        assert_eq!(client.texts("#reason > .why"), ["✖ the other end found this signature wrong"]);
        assert_eq!(client.count(".flight a[href='#reason']"), 1);
        let flights = [client.texts(".flight").concat(), server.texts(".flight").concat()];
        assert!(flights[0].contains("But the client found the signature wrong"), "{}", flights[0]);
        assert!(flights[1].contains("It could not verify a proof of the server."), "{}", flights[1]);
        assert_eq!(server.count("#reason"), 0);
        assert!(
            server.texts(".outcome .hint").concat().contains("does not verify. The client knows the reason")
        );
    }
}

#[test]
fn an_encrypted_record_shows_its_number_its_type_and_its_padding() {
    let tls12 = Shape { suite: suite("TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"), ..Shape::default() };
    for (shape, is_tls13) in [(Shape::default(), true), (tls12, false)] {
        for page in pages(&shape) {
            let encrypted = page.count(".arrow.encrypted");
            let values = |name: &str| {
                page.texts(".arrow.encrypted .field:has(> .name):has(> .value)")
                    .into_iter()
                    .filter_map(|text| Some(text.strip_prefix(name)?.to_owned()))
                    .collect::<Vec<_>>()
            };
            let numbers = values("sequence number ");
            assert_eq!(numbers.len(), encrypted);
            assert!(numbers[0].starts_with("0 "), "{numbers:?}");
            let expected = if is_tls13 { encrypted } else { 0 };
            assert_eq!((values("content type ").len(), values("padding none").len()), (expected, expected));
            if is_tls13 {
                let first = page.texts(".arrow.encrypted .block:nth-of-type(2)").swap_remove(0);
                assert!(first.contains("handshake (22)"), "{first}");
            }
        }
    }
}

/// All bytes on the wire are in exactly one sum.
#[test]
fn the_overhead_of_a_session_is_summed_up() {
    let tls12 = Shape { suite: suite("TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"), ..Shape::default() };
    for (shape, each) in [(Shape::default(), "17\u{a0}B: 1 for"), (tls12, "24\u{a0}B: 8 for")] {
        for page in pages(&shape) {
            let lead = page.texts("#overhead .lead").concat();
            assert!(lead.contains(each), "{lead}");
            let number = |text: &String| -> u64 { text.replace('\u{202f}', "").parse().unwrap() };
            let sums: Vec<u64> = page.texts(".costs tbody td").iter().map(number).collect();
            let (parts, total) = sums.split_at(sums.len() - 2);
            let parts: [u64; 2] = [0, 1].map(|end| parts.iter().skip(end).step_by(2).sum());
            assert_eq!(parts, total);
            let wire = page.texts(".facts table tr:nth-child(2) td");
            assert_eq!(wire.iter().map(number).collect::<Vec<_>>(), total);
        }
    }
}
