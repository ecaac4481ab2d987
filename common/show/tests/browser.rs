//! Pages in Chromium.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod support {
    pub mod browser;
    pub mod drawn;
    pub mod memory;
}

use std::env;
use std::fs;
use std::path::PathBuf;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use serde_json::json;
use support::browser::Browser;
use support::drawn::{Page, draw};
use support::memory::{Setup, Talk};
use testing::configs::Shape;
use testing::folder::TempDir;

/// Returns the pages of both ends, in TLS 1.3 and in TLS 1.2.
fn pages() -> Vec<Page> {
    let talk = || Talk::new(b"hello, who is there?", 2);
    [Setup::new(), Setup::tls12()].into_iter().flat_map(|setup| draw(setup, 65536, talk())).collect()
}

fn open(browser: &mut Browser, folder: &TempDir, page: &Page) {
    browser.open(&folder.write("page.html", &page.text), "");
}

/// Opens the page of a client in TLS 1.3.
fn opened() -> (Browser, TempDir) {
    let (mut browser, folder) = (Browser::start(), TempDir::new());
    open(&mut browser, &folder, &pages().remove(0));
    (browser, folder)
}

#[test]
#[ignore = "needs chromium"]
fn a_page_loads_nothing_and_shows_every_record() {
    let (mut browser, folder) = (Browser::start(), TempDir::new());
    for page in pages() {
        open(&mut browser, &folder, &page);
        let arrows = browser.evaluate("document.querySelectorAll('.arrow .chip').length");
        assert_eq!(arrows, page.tally.records);
        let visible = "[...document.querySelectorAll('.arrow .chip')].every(chip => chip.checkVisibility())";
        assert_eq!(browser.evaluate(visible), true);
        // The policy allows the style and the script by their hashes.
        assert_eq!(
            browser.evaluate("getComputedStyle(document.querySelector('.ladder')).position"),
            "relative"
        );
        assert_eq!(browser.evaluate("document.querySelector('.tools').hidden"), false);
        assert_eq!(browser.complaints(), Vec::<String>::new());
    }
}

#[test]
#[ignore = "needs chromium"]
fn foreign_scripts_styles_and_pictures_are_blocked() {
    let (mut browser, folder) = (Browser::start(), TempDir::new());
    let page = pages().remove(0);
    let evil = "<script>document.title = 'owned'</script><img src='https://example.org/x.png'>\
                <p style='color: red' onclick='1'>x</p></body>";
    browser.open(&folder.write("page.html", page.text.replace("</body>", evil)), "");
    assert!(browser.evaluate("document.title").as_str().unwrap().starts_with("Session 1, TLS 1.3"));
    let complaints = browser.complaints().concat();
    assert!(complaints.contains("violates the following Content Security Policy directive"), "{complaints}");
    assert_ne!(
        browser.evaluate("getComputedStyle(document.querySelector('p[onclick]')).color"),
        "rgb(255, 0, 0)"
    );
}

#[test]
#[ignore = "needs chromium"]
fn enter_and_space_open_an_arrow_and_escape_closes_it() {
    let (mut browser, _folder) = opened();
    let open = "document.querySelectorAll('.arrow > details[open]').length";
    browser.evaluate("document.querySelector('.tools button:last-child').focus()");
    browser.press("Tab");
    assert_eq!(
        browser.evaluate("document.activeElement.querySelector('.titles').innerText.trim()"),
        "ClientHello"
    );
    for key in ["Enter", " "] {
        browser.press(key);
        assert_eq!(browser.evaluate(open), 1, "{key:?}");
        browser.press("Tab"); // among the bytes
        assert_eq!(browser.evaluate("document.activeElement.closest('details[open]') !== null"), true);
        browser.press("Escape");
        assert_eq!(browser.evaluate(open), 0, "{key:?}");
        assert_eq!(browser.evaluate("document.activeElement.localName"), "summary");
    }
    browser.evaluate("document.querySelector('[data-open]').click()");
    assert_eq!(browser.evaluate(open), browser.evaluate("document.querySelectorAll('.arrow').length"));
}

/// The title of the record that has the focus.
const FOCUSED: &str = "document.activeElement.querySelector('.titles').textContent.trim()";

#[test]
#[ignore = "needs chromium"]
fn j_and_k_walk_the_records() {
    let (mut browser, _folder) = opened();
    for (key, title) in
        [("j", "ClientHello"), ("j", "ServerHello"), ("j", "ChangeCipherSpec"), ("k", "ServerHello")]
    {
        browser.press(key);
        assert_eq!(browser.evaluate(FOCUSED), title, "{key}");
    }
    browser.press("Enter");
    assert_eq!(browser.evaluate("document.querySelectorAll('.arrow > details[open]').length"), 1);
    browser.press("k");
    assert_eq!(browser.evaluate(FOCUSED), "ClientHello");
    browser.press("k");
    assert_eq!(browser.evaluate(FOCUSED), "ClientHello", "it is the first");
}

#[test]
#[ignore = "needs chromium"]
fn a_search_opens_the_record_with_a_title_a_field_or_bytes() {
    let (mut browser, _folder) = opened();
    let open = "[...document.querySelectorAll('.arrow > details[open] .titles')].map(t => t.textContent.trim()).join()";
    let count = "document.querySelector('.search output').value";
    for (query, title) in [
        ("serverhello", "ServerHello"),
        ("legacy_compression_methods", "ClientHello"),
        ("16 03 01", "ClientHello"),
        ("160301", "ClientHello"),
        ("2077686f", "Application data, 20\u{a0}B"), // from one row to the next
        ("who is there", "Application data, 20\u{a0}B"),
    ] {
        browser.press("/");
        browser.type_in(query);
        assert_eq!(browser.evaluate(open), title, "{query}");
        assert!(browser.evaluate(count).as_str().unwrap().starts_with("1 of "), "{query}");
        let visible = "document.querySelector('.arrow.found .chip').checkVisibility()";
        assert_eq!(browser.evaluate(visible), true, "{query}");
        browser.press("Escape");
        assert_eq!(browser.evaluate("document.querySelector('.search').hidden"), true);
        assert_eq!(browser.evaluate(FOCUSED), title, "{query}");
        browser.press("Escape");
        assert_eq!(browser.evaluate(open), "", "{query}");
    }
    // The window scrolls to the field, which is far below the head of its record on a phone.
    browser.look(390, 800, "light");
    browser.press("/");
    browser.type_in("subjectAltName");
    let place = "document.querySelector('.field.found').getBoundingClientRect().top";
    let place = browser.evaluate(place).as_f64().unwrap();
    assert!((0.0..800.0).contains(&place), "{place}");
    browser.press("Escape");
    browser.press("Escape");
    browser.press("/");
    browser.type_in("application data");
    let first = browser.evaluate("document.querySelector('.arrow.found > details').id");
    browser.press("Enter");
    assert_ne!(browser.evaluate("document.querySelector('.arrow.found > details').id"), first);
    browser.type_in("no such text");
    assert_eq!(browser.evaluate(count), "0 of 0");
    assert_eq!(browser.evaluate(open), "");
}

#[test]
#[ignore = "needs chromium"]
fn buttons_copy_the_bytes_and_the_certificate() {
    let (mut browser, _folder) = opened();
    browser.evaluate("document.querySelector('[data-open]').click()");
    let hex = browser.copied_by("document.querySelector('#record-1 .copy')");
    let bytes: Vec<&str> = hex.split_whitespace().collect();
    assert!(bytes.len() > 100 && bytes.iter().all(|byte| u8::from_str_radix(byte, 16).is_ok()), "{hex}");
    assert_eq!(bytes[..3], ["16", "03", "01"]);
    let pem = browser.copied_by("document.querySelector('.pem .copy')");
    let mut certificates = CertificateDer::pem_slice_iter(pem.as_bytes());
    assert!(certificates.next().unwrap().is_ok() && certificates.next().is_none(), "{pem}");
}

#[test]
#[ignore = "needs chromium"]
fn a_printed_page_has_everything_open() {
    let (mut browser, folder) = opened();
    let hidden =
        "[...document.querySelectorAll('.hex, .calls')].filter(hex => !hex.checkVisibility()).length";
    assert_ne!(browser.evaluate(hidden), 0);
    browser.print();
    assert_eq!(browser.evaluate(hidden), 0);
    browser.evaluate("dispatchEvent(new Event('afterprint'))");
    assert_eq!(browser.evaluate("document.querySelectorAll('.arrow > details[open]').length"), 0);
    // The style alone opens it, too.
    browser.run_scripts(false);
    browser.open(&folder.path().join("page.html"), "");
    browser.print();
    assert_eq!(browser.evaluate(hidden), 0);
}

#[test]
#[ignore = "needs chromium"]
fn a_field_and_its_bytes_are_highlighted_together() {
    let (mut browser, _folder) = opened();
    browser.evaluate("document.querySelector('.arrow details').open = true");
    let random = "[...document.querySelectorAll('.field')].find(f => f.querySelector('.name').textContent == 'random')";
    browser.evaluate(&format!("{random}.focus()"));
    let lit = "[...document.querySelectorAll('.hex .lit')].map(b => b.innerText).join(' ')";
    let random_bytes = browser.evaluate(lit);
    assert_eq!(random_bytes.as_str().unwrap().split_whitespace().count(), 32);

    browser.evaluate("document.activeElement.blur(); document.querySelector('.hex b[data-f]').click()");
    let name = browser.evaluate("document.activeElement.querySelector('.name').innerText");
    assert_eq!(name, "type");
    assert_eq!(browser.evaluate(lit), "16");
}

#[test]
#[ignore = "needs chromium"]
fn a_copy_of_the_bytes_has_only_bytes() {
    let (mut browser, _folder) = opened();
    browser.evaluate("document.querySelector('.arrow details').open = true");
    let copied =
        "getSelection().selectAllChildren(document.querySelector('.hex')), getSelection().toString()";
    let copied = browser.evaluate(copied);
    let copied: Vec<&str> = copied.as_str().unwrap().split_whitespace().collect();
    assert!(copied.len() > 100 && copied.iter().all(|byte| byte.len() == 2), "{copied:?}");
    assert_eq!(copied[..6], ["16", "03", "01", "00", copied[4], "01"]);
    assert!(copied.iter().all(|byte| u8::from_str_radix(byte, 16).is_ok()), "{copied:?}");
}

/// The distance from the heads of the two lines to the chip of record 6 below them.
const CLEARANCE: &str = "document.querySelector('#record-6 .chip').getBoundingClientRect().top \
                         - document.querySelector('.ends').getBoundingClientRect().bottom";

#[test]
#[ignore = "needs chromium"]
fn a_link_to_a_record_opens_it_below_the_sticky_heads() {
    let (mut browser, folder) = (Browser::start(), TempDir::new());
    for page in pages() {
        let file = folder.write("page.html", &page.text);
        for width in [390, 900, 1400] {
            browser.look(width, 700, "light");
            for scripts in [true, false] {
                browser.run_scripts(scripts);
                browser.open(&file, "#record-6");
                let clearance = browser.evaluate(CLEARANCE).as_f64().unwrap();
                assert!((0.0..200.0).contains(&clearance), "{clearance} at {width}, scripts: {scripts}");
                let open = browser.evaluate("document.querySelector('#record-6').open");
                assert_eq!(open, scripts, "a script opens it");
            }
            browser.run_scripts(true);
            browser.open(&file, "");
            let anchors = browser.evaluate(
                "[...document.querySelectorAll('.arrow > a.anchor')].filter(a => a.checkVisibility()).length",
            );
            assert_eq!(anchors, page.tally.records);
            browser.evaluate("document.querySelector('a[href=\"#record-6\"]').click()");
            assert_eq!(browser.evaluate("document.querySelectorAll('.arrow > details[open]').length"), 1);
            assert!(browser.evaluate(CLEARANCE).as_f64().unwrap() >= 0.0);
            browser.evaluate("document.querySelector('#record-6').open = false");
            browser.evaluate("document.querySelector('a[href=\"#record-6\"]').click()");
            assert_eq!(browser.evaluate("document.querySelector('#record-6').open"), true);
        }
    }
}

/// The best of five times, because other tests run meanwhile.
#[test]
#[ignore = "needs chromium"]
fn all_records_of_a_megabyte_open_in_half_a_second() {
    const OPEN: &str = "(() => { const begin = performance.now(); document.querySelector('[data-open]').click(); \
                        document.body.offsetHeight; return performance.now() - begin; })()";
    let (mut browser, folder) = (Browser::start(), TempDir::new());
    let [page, _] = draw(Setup::new(), 65536, Talk::new(&[b'x'; 62_500], 16));
    let mut took = f64::INFINITY;
    for _ in 0..5 {
        open(&mut browser, &folder, &page);
        took = took.min(browser.evaluate(OPEN).as_f64().unwrap());
        let closed = "document.querySelectorAll('#ladder details:not([open])').length";
        assert_eq!(browser.evaluate(closed), 0);
    }
    assert!(took < 500.0, "{took} ms");
}

#[test]
#[ignore = "needs chromium"]
fn a_link_opens_a_folded_record() {
    let (mut browser, folder) = (Browser::start(), TempDir::new());
    let [page, _] = draw(Setup::new(), 256 * 1024, Talk::new(&[b'x'; 65_536], 1));
    let file = folder.write("page.html", &page.text);
    browser.open(&file, "");
    let last = "document.querySelector('.fold .arrow:last-child > details').id";
    let last = browser.evaluate(last);
    browser.open(&file, &format!("#{}", last.as_str().unwrap()));
    let shown = "document.querySelector('.arrow > details[open] .hex').checkVisibility()";
    assert_eq!(browser.evaluate(shown), true);
    assert_eq!(browser.evaluate("document.querySelectorAll('#ladder details[open]').length"), 2);
}

/// All arrows are open. The pictures go to the folder PICTURES, for people.
#[test]
#[ignore = "needs chromium"]
fn a_page_fits_every_window() {
    let (mut browser, folder) = (Browser::start(), TempDir::new());
    let pictures = env::var_os("PICTURES").map(PathBuf::from);
    for (number, page) in pages().iter().enumerate() {
        open(&mut browser, &folder, page);
        browser.evaluate("document.querySelector('[data-open]').click()");
        // All records are laid out, not only those in the window.
        browser.evaluate(
            "for (const inside of document.querySelectorAll('.inside')) inside.style.contentVisibility = 'visible'",
        );
        for (width, scheme) in [(360, "dark"), (820, "light"), (1280, "light"), (1920, "dark")] {
            browser.look(width, 1000, scheme);
            let scroll = browser.evaluate("document.documentElement.scrollWidth").as_u64().unwrap();
            assert!(scroll <= u64::from(width), "{scroll} in {width}");
            let picture = browser.screenshot();
            assert!(picture.starts_with(b"\x89PNG"));
            if let Some(folder) = &pictures {
                fs::write(folder.join(format!("page-{number}-{width}-{scheme}.png")), picture).unwrap();
            }
        }
    }
}

/// Alerts, handshake messages and data of one sender have the same colours.
#[test]
#[ignore = "needs chromium"]
fn colour_is_direction() {
    let (mut browser, _folder) = opened();
    for scheme in ["light", "dark"] {
        browser.look(1280, 1000, scheme);
        let colours = |sender: &str| {
            format!(
                "[...new Set([...document.querySelectorAll('.arrow.from-{sender} .chip')].map(chip => \
                 getComputedStyle(chip).borderColor + getComputedStyle(chip).backgroundColor))]"
            )
        };
        let [client, server] = ["client", "server"].map(|sender| browser.evaluate(&colours(sender)));
        assert_eq!(
            (client.as_array().unwrap().len(), server.as_array().unwrap().len()),
            (1, 1),
            "{client} {server}"
        );
        assert_ne!(client, server);
    }
}

/// Uses the formula of WCAG 2.1, in both colour schemes.
#[test]
#[ignore = "needs chromium"]
fn every_text_has_enough_contrast() {
    const FAINT: &str = include_str!("support/contrast.js");
    let (mut browser, folder) = (Browser::start(), TempDir::new());
    let failed = Setup::shaped(&Shape { distrust: true, ..Shape::default() });
    for page in pages().into_iter().chain(draw(failed, 65536, Talk::new(b"x", 1))) {
        open(&mut browser, &folder, &page);
        browser.evaluate("document.querySelector('[data-open]').click()");
        for scheme in ["light", "dark"] {
            browser.look(1280, 1000, scheme);
            assert_eq!(browser.evaluate(FAINT), json!([]), "{scheme}");
        }
    }
}

/// A key that has the focus, or the pointer.
#[test]
#[ignore = "needs chromium"]
fn a_key_and_the_records_that_it_protects_are_highlighted_together() {
    let (mut browser, _folder) = opened();
    let lit = |browser: &mut Browser, kind: &str| {
        let names =
            format!("[...document.querySelectorAll('{kind}.lit-key')].map(lit => lit.dataset.key).join(' ')");
        browser.evaluate(&names).as_str().unwrap().to_owned()
    };
    browser.evaluate("document.querySelector('#key-server-write-key-of-the-handshake summary').focus()");
    assert_eq!(lit(&mut browser, ".node"), "key-server-write-key-of-the-handshake");
    assert_eq!(lit(&mut browser, ".arrow"), "key-server-write-key-of-the-handshake");
    // A secret highlights everything that is made from it.
    browser.evaluate("document.querySelector('#key-master-secret summary').focus()");
    assert!(
        lit(&mut browser, ".node").contains("key-client-write-key-0 key-server-application-traffic-secret-0")
    );
    let data = browser.evaluate("document.querySelectorAll('.arrow.data').length").as_u64().unwrap();
    assert!(lit(&mut browser, ".arrow").split(' ').count() as u64 > data);
    // A record highlights its key.
    browser.evaluate("document.querySelector('.arrow.data.from-server summary').focus()");
    assert_eq!(lit(&mut browser, ".node"), "key-server-write-key-0");
    browser.evaluate("document.querySelector('.tools button').focus()");
    assert_eq!(lit(&mut browser, ""), "");
    browser.evaluate(
        "document.querySelector('#key-client-write-key-0 .keyname').dispatchEvent(new Event('mouseover', { bubbles: true }))",
    );
    assert_eq!(lit(&mut browser, ".node"), "key-client-write-key-0");
}

/// The link in a record leads to its key, and the link there leads back. Without scripts both lead to the same places.
#[test]
#[ignore = "needs chromium"]
fn links_lead_from_a_record_to_its_key_and_back() {
    let (mut browser, folder) = (Browser::start(), TempDir::new());
    for page in pages() {
        let file = folder.write("page.html", &page.text);
        let key = "document.querySelector('.arrow.data.from-server .about a')";
        for scripts in [true, false] {
            browser.open(&file, "");
            let fragment = browser.evaluate(&format!("{key}.hash"));
            browser.run_scripts(scripts);
            browser.open(&file, fragment.as_str().unwrap());
            let top = "document.querySelector(location.hash).getBoundingClientRect().top";
            let top = browser.evaluate(top).as_f64().unwrap();
            assert!((0.0..300.0).contains(&top), "{top}");
            assert_eq!(
                browser.evaluate("document.querySelector(location.hash).open"),
                scripts,
                "a script opens it"
            );
            browser.run_scripts(true);
        }
        browser.open(&file, "");
        browser.evaluate(&format!("{key}.closest('details').open = true, {key}.click()"));
        assert_eq!(browser.evaluate("document.activeElement.parentElement.open"), true);
        browser
            .evaluate("document.activeElement.parentElement.querySelector(\"a[href^='#record-']\").click()");
        assert_eq!(browser.evaluate("document.querySelector(location.hash).open"), true);
    }
}

/// The test runs the timers itself.
#[test]
#[ignore = "needs chromium"]
fn a_button_that_is_clicked_twice_gets_its_label_back() {
    let (mut browser, _folder) = opened();
    browser.evaluate(
        "window.timers = new Map(), window.setTimeout = run => (timers.set(timers.size + 1, run), timers.size), \
         window.clearTimeout = timer => timers.has(timer) && timers.set(timer, () => {}), 0",
    );
    let button = "document.querySelector('#record-1 .copy')";
    let label = browser.evaluate(&format!("{button}.textContent"));
    for _ in 0..2 {
        browser.copied_by(button);
        assert_eq!(browser.evaluate(&format!("{button}.textContent")), "Copied");
    }
    assert_eq!(browser.evaluate("timers.size"), 2);
    browser.evaluate("timers.get(1)()");
    assert_eq!(
        browser.evaluate(&format!("{button}.textContent")),
        "Copied",
        "the second click restarts the time"
    );
    browser.evaluate("timers.get(2)()");
    assert_eq!(browser.evaluate(&format!("{button}.textContent")), label);
}

#[test]
#[ignore = "needs chromium"]
fn a_command_is_copied_as_it_is_shown() {
    let (mut browser, _folder) = opened();
    let command = "document.querySelector('.proof:has(.command)')";
    browser.evaluate(&format!("{command}.open = true, {command}.querySelector('.command').open = true"));
    let copied = browser.copied_by("document.querySelector('.proof .command .copy')");
    assert_eq!(browser.evaluate("document.querySelector('.proof .command pre').textContent"), copied);
    assert!(copied.starts_with("python3 - <<'EOF'\n"), "{copied}");
}
