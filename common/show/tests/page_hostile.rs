//! Hostile peers: everything that a peer sends is text on the page, and the size of the page is bounded.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod support {
    pub mod drawn;
    pub mod memory;
}

use std::collections::BTreeSet;
use std::sync::Arc;

use check::wire::hello::{handshake, record};
use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair, SanType, string::Ia5String};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::sign::SingleCertAndKey;
use rustls::{ServerConfig, Side};
use support::drawn::{Easel, Page, draw};
use support::memory::{Setup, Talk};
use tls_session::close_reason::CloseReason;

const ROOM: usize = 256 * 1024;
const EVIL: &str = "</pre></code><script>alert(1)</script>\"'><img src=x onerror=alert(1)>&amp;{{x}}";

/// All elements of a page.
const ELEMENTS: &str = "a b body br button code dd details div dl dt footer h1 h2 h3 head header html i input kbd li link main \
                        meta ol output p path pre rect circle samp script section small span strong style summary svg symbol \
                        table tbody td text th thead time title tr ul use";
const ATTRIBUTES: &str = "aria-hidden aria-label aria-labelledby aria-live autocomplete charset class content d \
                          data-close data-f data-from data-key data-last data-open data-search data-step data-tint \
                          fill focusable height hidden href http-equiv id lang name open placeholder r rel role rx scope spellcheck stroke \
                          stroke-dasharray stroke-linecap stroke-linejoin stroke-width tabindex text-anchor type viewBox width x \
                          y cx cy";

/// Asserts that the page has only known elements and attributes, and no invisible character.
fn assert_harmless(page: &Page) {
    let elements: BTreeSet<&str> = ELEMENTS.split_whitespace().collect();
    let attributes: BTreeSet<&str> = ATTRIBUTES.split_whitespace().collect();
    let html = page.html();
    let mut scripts = 0;
    for element in html.tree.nodes().filter_map(|node| node.value().as_element()) {
        assert!(elements.contains(element.name()), "<{}>", element.name());
        scripts += usize::from(matches!(element.name(), "script" | "style"));
        for (name, value) in element.attrs() {
            assert!(attributes.contains(name), "<{} {name}>", element.name());
            let specification =
                ["https://www.rfc-editor.org/rfc/rfc", "https://datatracker.ietf.org/doc/html/draft-"];
            let leads_out = specification.iter().any(|address| value.starts_with(address));
            let harmless = value.starts_with('#')
                || ["data:,", "index.html#client-1", "index.html#server-1"].contains(&value);
            assert!(name != "href" || harmless || element.name() == "a" && leads_out, "{value}");
            assert!(!leads_out || element.attr("rel") == Some("noreferrer"));
        }
    }
    assert_eq!(scripts, 2, "one style, and one script");
    assert!(html.tree.nodes().all(|node| !node.value().is_comment()));
    let hidden = |c: char| (c.is_control() && c != '\n') || ('\u{202a}'..='\u{202e}').contains(&c);
    assert!(!page.text.contains(hidden), "{:?}", page.text.find(hidden));
}

#[test]
fn application_data_is_text() {
    let data = format!("{EVIL}\0\x1b[2J\u{202e}\u{feff}\u{2028}");
    let data = [data.as_bytes(), b"\xff\xfe\xc0\xaf\xed\xa0\x80"].concat();
    for page in draw(Setup::new(), ROOM, Talk::new(&data, 1)) {
        assert_harmless(&page);
        let shown = page.texts(".readable pre");
        assert!(
            shown.iter().any(|shown| shown.starts_with(EVIL) && shown.contains(r"\x00\x1b[2J")),
            "{shown:?}"
        );
    }
}

#[test]
fn protocol_names_are_text() {
    let setup = Setup::new().adjusted(|client, server| {
        client.alpn_protocols = vec![EVIL.as_bytes().to_vec(), b"\xff\0\x1b".to_vec()];
        server.alpn_protocols = client.alpn_protocols.clone();
    });
    for page in draw(setup, ROOM, Talk::new(b"x", 1)) {
        assert_harmless(&page);
        assert!(page.texts(".facts").concat().contains(EVIL));
        assert!(page.texts(".field").iter().any(|field| field.contains(EVIL)));
    }
}

/// The certificate is refused. Its names are in the reason, in the summary and in the fields.
#[test]
fn names_in_certificates_are_text() {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, EVIL);
    params.subject_alt_names = vec![SanType::DnsName(Ia5String::try_from(EVIL).unwrap())];
    let certificate = params.self_signed(&key).unwrap();
    let setup = Setup::new().adjusted(|_, server| {
        let key = PrivatePkcs8KeyDer::from(key.serialize_der()).into();
        let key = server.crypto_provider().key_provider.load_private_key(key).unwrap();
        let certified = rustls::sign::CertifiedKey::new(vec![certificate.der().clone()], key);
        *server = ServerConfig::builder_with_provider(Arc::clone(server.crypto_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(SingleCertAndKey::from(certified)));
    });
    let [client, server] = draw(setup, ROOM, Talk::new(b"x", 1));
    assert!(client.texts(".outcome.failed .why")[0].contains(EVIL));
    assert!(server.texts(".outcome.failed .why")[0].contains("alert"));
    for page in [client, server] {
        assert_harmless(&page);
        assert_eq!(page.count("#trouble"), 1);
        let facts = page.texts(".facts").concat();
        assert!(facts.contains(&format!("CN={EVIL}")) && facts.contains(&format!("for {EVIL}")), "{facts}");
    }
}

// ---- bytes that a library does not send ------------------------------------------------------------------------

/// Returns the page of a server that reads these bytes and fails.
fn page_of(bytes: &[u8]) -> Page {
    let mut easel = Easel::new(Side::Server);
    for part in bytes.chunks(32 * 1024) {
        easel.read(part, EVIL);
    }
    easel.close(&CloseReason::Tls(rustls::Error::General(EVIL.to_owned())));
    let page = easel.page();
    assert_harmless(&page);
    page
}

fn with_length(bytes: &[u8]) -> Vec<u8> {
    [&bytes.len().to_be_bytes()[6..], bytes].concat()
}

/// Makes a ClientHello with these cipher suites and extensions, in as many records as it needs.
fn client_hello(suites: &[u8], extensions: &[u8]) -> Vec<u8> {
    let body = [&[3, 3], [7; 32].as_slice(), &[0], &with_length(suites), &[1, 0], &with_length(extensions)];
    let message = handshake(1, &body.concat()).unwrap();
    message.chunks(16_000).flat_map(|part| record(22, part).unwrap()).collect()
}

#[test]
fn a_server_name_is_text() {
    let name = with_length(&[vec![0], with_length(EVIL.as_bytes())].concat());
    let page = page_of(&client_hello(&[0x13, 1], &[vec![0, 0], with_length(&name)].concat()));
    assert!(page.texts(".field").iter().any(|field| field.contains(EVIL)), "{:?}", page.texts(".field"));
}

#[test]
fn bytes_that_are_not_tls_are_text() {
    let request = format!("GET /{EVIL} HTTP/1.1\r\n\r\n");
    let page = page_of(request.as_bytes());
    assert_eq!(page.texts(".titles"), ["Not TLS "]);
    assert_eq!((page.tally.records, page.count(".arrow.unknown")), (1, 1));
    assert!(page.texts(".readable pre")[0].contains(EVIL));
}

#[test]
fn a_message_that_is_too_long_is_reported_as_not_explained() {
    let suites: Vec<u8> = [0x13, 1].repeat(30_000);
    let page = page_of(&client_hello(&suites, b"").repeat(3));
    assert_eq!(page.texts(".titles").iter().filter(|titles| *titles == "ClientHello ").count(), 3);
    let left_out = page.texts(".cut");
    assert!(
        left_out.iter().any(|cut| cut.starts_with("1 message of this record cannot be explained: too long")),
        "{left_out:?}"
    );
}

#[test]
fn the_proofs_of_too_many_psks_are_counted() {
    let identities = [&with_length(b"ticket")[..], &[0; 4]].concat().repeat(20);
    let binders = [&[32][..], &[0; 32]].concat().repeat(20);
    let psks = with_length(&[with_length(&identities), with_length(&binders)].concat());
    let page = page_of(&client_hello(&[0x13, 1], &[vec![0, 41], psks].concat()));
    assert_eq!(page.count(".proofs li"), 16);
    assert_eq!(page.texts(".cut"), ["4 more keys and proofs of this record are left out: too many."]);
}

#[test]
fn the_size_of_a_page_is_bounded() {
    let suites: Vec<u8> = (0..32_000_u32).flat_map(|_| [0x13, 1]).take(64_000).collect();
    let extension = [vec![0xaa, 0xaa], with_length(b"")].concat();
    let hello_requests = record(22, &[0; 16_000]).unwrap();
    for (case, bytes) in [
        ("suites", client_hello(&suites, b"")),
        ("extensions", client_hello(&[0x13, 1], &extension.repeat(15_000))),
        ("hellos", client_hello(&[0x13, 1], &extension.repeat(200)).repeat(150)),
        ("hello requests", hello_requests.repeat(40)),
        ("empty records", record(20, &[1]).unwrap().repeat(200_000)),
        ("long records", record(23, &[0xff; 16_384]).unwrap().repeat(300)),
        ("alerts", record(21, &[1, 0]).unwrap().repeat(100_000)),
        ("garbage", vec![0xff; 3_000_000]),
    ] {
        let page = page_of(&bytes);
        assert!(page.text.len() < 5_000_000, "{case}: {}", page.text.len());
        assert!(page.count(".arrow") <= 600 && page.count(".field") <= 8000, "{case}");
    }
}
